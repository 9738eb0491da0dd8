"""What the report of a fit over trials says of held-out scores."""

import numpy as np
import pytest
import xarray as xr

from lowrnn.report.over_trials.verdict import difference, verdict


def results(varying, static, shuffled, cp=0.0, splits=3):
    """Scores of rank 1 and 2; rank 1 is worse by 0.05, splits differ alike for all models."""
    models = ["varying", "static", "shuffled", "cp"]
    easy = np.linspace(-0.02, 0.02, splits)
    own = 0.001 * np.arange(splits)
    cube = np.stack(
        [
            np.stack([mean - 0.05 + easy, mean + easy + (own if model == "varying" else 0)])
            for model, mean in zip(models, (varying, static, shuffled, cp), strict=True)
        ]
    )
    cube[2, 0] = np.nan
    return xr.Dataset(
        {"r2_heldout": (("model", "rank", "split"), cube)},
        {"model_name": ("model", models), "rank": [1, 2]},
    )


@pytest.mark.parametrize(
    ("scores", "first"),
    [
        ((0.5, 0.4, 0.42), "Yes:"),
        ((0.5, 0.4, 0.5), "Trials differ, but in no order"),
        ((0.5, 0.5, 0.3), "No:"),
        ((0.4, 0.5, 0.3), "No:"),
    ],
)
def test_the_answer(scores, first):
    assert verdict(results(*scores), 2)[0].startswith(first)


def test_an_order_that_goes_with_the_drift_of_rates():
    found = results(0.5, 0.4, 0.42)
    steady = found["r2_heldout"].copy()
    steady[2] = steady[0]
    words = verdict(found.assign(r2_heldout_steady=steady), 2)
    assert words[0].startswith("Only as far as rates drift")
    kept = verdict(found.assign(r2_heldout_steady=found["r2_heldout"]), 2)
    assert kept[0].startswith("Yes:")
    assert "slow drift the second difference is 0.081" in kept[2]
    # Where data are precise, the trials around tell nothing new of a trial.
    alike = {"rates": {"ratio": [0.1], "p": [0.001]}, "steady": {"ratio": [0.2], "p": [0.001]}}
    assert verdict(found.assign(r2_heldout_steady=steady), 2, alike)[0].startswith("Yes:")


def test_factors_of_single_trials_can_show_an_order_by_themselves():
    found = results(0.5, 0.4, 0.5)
    alike = {"rates": {"ratio": [0.1, 1.0], "p": [0.001, 0.5]}}
    words = verdict(found, 2, alike)
    assert words[0].startswith("Yes:")
    assert "0.10 (p 0.001), 1.00 (p 0.500)" in words[2]
    alike = {"rates": {"ratio": [0.9, 1.0], "p": [0.03, 0.5]}}
    assert verdict(found, 2, alike)[0].startswith("Trials differ, but in no order")


def test_dynamics_are_not_credited_with_what_a_decomposition_does_too():
    assert "no dynamics" in verdict(results(0.5, 0.4, 0.4, cp=0.6), 2)[-1]
    assert "as well or better" in verdict(results(0.5, 0.4, 0.4, cp=0.6), 2)[-1]
    assert "as well or better" not in verdict(results(0.5, 0.4, 0.4, cp=0.3), 2)[-1]


def test_differences_are_paired_over_splits():
    found = difference(results(0.5, 0.4, 0.4), "static", 2)
    assert found.mean == pytest.approx(0.101)
    assert found.error == pytest.approx(0.001 / np.sqrt(3))


def test_a_single_split_needs_a_hundredth():
    assert not difference(results(0.5, 0.495, 0.4, splits=1), "static", 2).better
    assert difference(results(0.52, 0.5, 0.4, splits=1), "static", 2).better
