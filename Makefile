# Python 3.11 and make are all that is needed; `make` lists the targets.
# Another interpreter: make demo PYTHON=/path/to/python3.11

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test slow bench figures docs clean

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*##/make \1 \t/p' Makefile

# The stamp is written last: an interrupted set-up starts over.
$(VENV)/.dev: pyproject.toml constraints.txt
	@command -v '$(PYTHON)' >/dev/null || \
	  { echo '$(PYTHON) was not found: install Python 3.11 or give PYTHON=...' >&2; exit 1; }
	'$(PYTHON)' -m venv $(VENV)
	$(INSTALL) -e '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(INSTALL) -e '.[bench]'
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(INSTALL) -e '.[docs]'
	@touch $@

demo: $(VENV)/.dev  ## fit an embedded recording and write its report
	$(BIN)/lowrnn demo --out runs/demo

test: $(VENV)/.dev  ## style, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

slow: $(VENV)/.dev  ## the long scientific runs among the tests
	$(BIN)/pytest -m slow --timeout 7200

bench: $(VENV)/.bench  ## speed against eager PyTorch, JAX and the tanh floor
	$(BIN)/lowrnn bench

figures: $(VENV)/.dev  ## run the Python of the theory pages and renew their figures
	$(BIN)/python docs/figures.py

docs: $(VENV)/.docs  ## the documentation as a site, in build/site
	$(BIN)/mkdocs build --strict

clean:  ## remove the environment and the caches; runs/ is kept
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
