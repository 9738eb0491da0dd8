from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lowrnn import InputError
from lowrnn.inference import (
    FlowSettings,
    SelectedPosterior,
    Simulations,
    TruncatedPosterior,
    fit_flows,
    fit_rejection,
    fit_success,
    highest_density_region,
    load_posterior,
    save_posterior,
)
from lowrnn.inference.posterior import Density, Posterior

TINY = FlowSettings(members=2, transforms=1, hidden=8, embedding=4, epochs=3, learning_rate=0.01)
X = np.array([[0.1, 2.0], [-0.5, 1.0]])


@pytest.fixture(scope="module")
def posteriors() -> dict[str, Posterior]:
    """One of each class, with regions and parameters that fail."""
    import importlib
    import sys

    sys.path.insert(0, str(Path(__file__).parent))
    exact = importlib.import_module("exact")
    sys.path.pop(0)
    known = exact.simulations(400)
    status = np.where(known.theta[:, 0] > 0.5, "blow-up", "ok")
    lost = Simulations(known.theta, known.x, status)
    success = fit_success(lost, exact.PRIOR)
    assert success is not None
    rejection = fit_rejection(known, exact.PRIOR, quantile=0.1)
    found: dict[str, Posterior] = {
        "rejection": rejection,
        "selected rejection": SelectedPosterior(rejection, success),
    }
    pytest.importorskip("sbi")
    with pytest.warns(UserWarning, match="raise epochs"):
        flows = [fit_flows(known, exact.PRIOR, TINY, seed=seed) for seed in range(3)]
    first = highest_density_region(flows[0], X[0], outside=0.1)
    second = highest_density_region(flows[1], X[0], outside=0.1, within=first)
    truncated = TruncatedPosterior(flows[2], second)
    return found | {
        "flows": flows[0],
        "truncated": truncated,
        "selected": SelectedPosterior(truncated, success),
    }


@pytest.mark.parametrize("kind", ["flows", "truncated", "selected"])
def test_posteriors_are_read_as_they_were_written(
    posteriors: dict[str, Posterior], kind: str, tmp_path: Path
) -> None:
    posterior = posteriors[kind]
    save_posterior(posterior, tmp_path / "posterior", summary="course:1:2")
    again = load_posterior(tmp_path / "posterior", summary="course:1:2")
    assert type(again) is type(posterior)
    draws = posterior.sample(X, 60, seed=3)
    np.testing.assert_array_equal(again.sample(X, 60, seed=3), draws)
    assert isinstance(posterior, Density)
    assert isinstance(again, Density)
    theta = np.concatenate([draws[0], posterior.prior.sample(100, np.random.default_rng(0))])
    density = posterior.log_prob(theta, X[0])
    np.testing.assert_array_equal(again.log_prob(theta, X[0]), density)
    assert np.isfinite(density[:60]).all()
    if kind != "flows":
        # Beyond the region there is nothing; the file knows where that is.
        assert np.isneginf(density[60:]).any()
    with pytest.raises(InputError, match="of summaries 'course:1:2', not 'course:2:2'"):
        load_posterior(tmp_path / "posterior", summary="course:2:2")


@pytest.mark.parametrize("kind", ["rejection", "selected rejection"])
def test_rejection_is_read_as_it_was_written(
    posteriors: dict[str, Posterior], kind: str, tmp_path: Path
) -> None:
    posterior = posteriors[kind]
    save_posterior(posterior, tmp_path / "posterior")
    again = load_posterior(tmp_path / "posterior")
    np.testing.assert_array_equal(again.sample(X, 60), posterior.sample(X, 60))
    if isinstance(again, SelectedPosterior):
        with pytest.raises(InputError, match="RejectionPosterior, which has no density"):
            again.log_prob(X, X[0])


def test_other_files_are_refused_in_one_sentence(
    posteriors: dict[str, Posterior], tmp_path: Path
) -> None:
    path = tmp_path / "posterior.safetensors"
    with pytest.raises(InputError, match="does not exist"):
        load_posterior(path)
    save_posterior(posteriors["rejection"], path)
    whole = path.read_bytes()

    def refused(said: str) -> None:
        with pytest.raises(InputError, match=said) as caught:
            load_posterior(path)
        assert "\n" not in str(caught.value)
        assert "give a file that save_posterior wrote" in str(caught.value)

    for cut in (0, 100, len(whole) - 8):
        path.write_bytes(whole[:cut])
        refused("cannot be read")
    path.write_bytes(whole.replace(b"rejection", b"selection"))
    refused("its kind is 'selection'")
    path.write_bytes(whole.replace(b"quantile", b"quartile"))
    refused("it has no 'quantile'")
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    refused("cannot be read")
    tensors = {"a": torch.zeros(2)}
    save_file(tensors, path)
    refused("it has no 'lowrnn'")
    for header in ("[]", "{}", "{", '{"posterior": null}', '{"posterior": {"kind": "flows"}}'):
        save_file(tensors, path, metadata={"lowrnn": header})
        refused("cannot be read")


def test_only_posteriors_of_the_library_are_written(exact: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="posterior is a Exact, of which there is no file"):
        save_posterior(exact.Exact(), tmp_path / "posterior")
    assert not list(tmp_path.iterdir())
