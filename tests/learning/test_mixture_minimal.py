"""The search for the smallest number of populations."""

import pytest

from lowrnn import InputError
from lowrnn.learning.mixture_minimal import fit_minimal_populations

QUICK = {"updates": 50, "n_trials": 60, "evaluate_every": 10, "neurons": 300, "networks": 2}


def test_a_decision_needs_one_population(short):
    found = fit_minimal_populations(short, accuracy=0.85, **QUICK)
    assert found.populations == found.trained.mixture.populations == 1
    assert found.evidence["solved"].tolist()[-1]
    assert not found.evidence["solved"].iloc[:-1].any()
    assert found.evidence["sampled_accuracy"].iloc[-1] >= 0.85


def test_what_is_not_solved_leaves_its_evidence_and_the_best(short, tmp_path):
    settings = QUICK | {"updates": 4, "evaluate_every": 2, "checkpoints": tmp_path}
    found = fit_minimal_populations(short, accuracy=1.0, most=2, restarts=2, **settings)
    assert found.populations is None
    assert found.evidence["populations"].tolist() == [1, 1, 2, 2]
    assert found.evidence["seed"].tolist() == [0, 1, 0, 1]
    best = found.evidence.loc[found.evidence["sampled_accuracy"].idxmax()]
    assert found.trained.score.loss == best["loss"]
    assert len(list(tmp_path.iterdir())) == 4


def test_refusals(short):
    with pytest.raises(InputError, match="most is 0: give at least 1"):
        fit_minimal_populations(short, most=0)
    with pytest.raises(InputError, match="accuracy is 95: give a fraction"):
        fit_minimal_populations(short, accuracy=95)
    with pytest.raises(InputError, match="restarts is 0: give at least 1"):
        fit_minimal_populations(short, restarts=0)
