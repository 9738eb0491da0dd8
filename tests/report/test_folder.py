"""Run folders written from Python: any task, also one that no name leads to."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lowrnn import GaussianMixture, InputError
from lowrnn.learning import train_recipe
from lowrnn.learning.recipe import Recipe, Stage
from lowrnn.report import write_training
from lowrnn.tasks import PerceptualDecision, Task, multitask, task

SHORT = Recipe(stages=(Stage(settings={"updates": 3, "n_trials": 40}),))


class Unlisted(PerceptualDecision):
    """A user's own task, not in the registry."""

    name = "unlisted"


BOTH = multitask([task("perceptual_decision"), task("flip_flop", dt=0.02, bits=1)])


@pytest.mark.parametrize("asked", [BOTH, Unlisted()], ids=["multitask", "own"])
def test_a_training_in_python_has_a_report(tmp_path: Path, asked: Task) -> None:
    trained = train_recipe(asked, 40, 1, SHORT)
    metrics = write_training(
        tmp_path / "run", trained.rnn, asked, trained.history, metrics={"seconds": 1.5}
    )
    assert metrics == json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["task"], metrics["steps"], metrics["seconds"]) == (asked.name, 3, 1.5)
    results = xr.load_dataset(tmp_path / "run" / "results.nc", engine="h5netcdf")
    np.testing.assert_array_equal(results["target"], asked.conditions().targets)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "was not measured" not in page
    assert "new trials with the noise of task and network" in page
    assert "not sought" not in page


def test_the_mixture_is_kept_and_an_older_one_is_not(tmp_path: Path) -> None:
    asked = task("perceptual_decision")
    mixture = GaussianMixture.from_moments(0.5, weights=[0.5, 0.5], inputs=1, outputs=1)
    rnn = mixture.sample(40, 0, dt=0.02, tau=0.1)
    history = train_recipe(asked, 40, 1, SHORT).history
    metrics = write_training(tmp_path, rnn, asked, history, mixture=mixture)
    assert metrics["populations"] == 2
    assert GaussianMixture.load(tmp_path / "mixture.safetensors").populations == 2
    assert "trained mixture of 2 populations" in (tmp_path / "report.html").read_text()
    write_training(tmp_path, rnn, asked, history)
    assert not (tmp_path / "mixture.safetensors").exists()


def test_a_network_of_another_task_leaves_nothing(tmp_path: Path) -> None:
    asked = task("perceptual_decision")
    trained = train_recipe(asked, 16, 1, SHORT)
    with pytest.raises(InputError):
        write_training(tmp_path / "run", trained.rnn, task("context_decision"), trained.history)
    assert not (tmp_path / "run").exists()
