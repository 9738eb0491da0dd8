import dataclasses

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import Trials


def arrays(n_trials: int = 3, time: int = 5) -> dict:
    return {
        "inputs": np.arange(n_trials * time * 2.0).reshape(n_trials, time, 2),
        "targets": np.ones((n_trials, time, 1)),
        "mask": np.eye(n_trials, time),
        "conditions": pd.DataFrame({"context": np.arange(n_trials)}, index=range(7, 7 + n_trials)),
        "dt": 0.02,
    }


def test_rows_of_the_table_are_numbered_like_the_trials() -> None:
    assert list(Trials(**arrays()).conditions.index) == [0, 1, 2]


@pytest.mark.parametrize(
    "chosen", [np.array([2, 0]), np.array([True, False, True]), slice(1, None)]
)
def test_a_selection_keeps_arrays_and_table_together(chosen) -> None:
    trials = Trials(**arrays())
    some = trials[chosen]
    rows = np.arange(3)[chosen]
    assert len(some) == len(rows)
    np.testing.assert_array_equal(some.inputs, trials.inputs[rows])
    np.testing.assert_array_equal(some.mask, trials.mask[rows])
    assert list(some.conditions["context"]) == list(rows)
    assert some.dt == trials.dt


def test_trials_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Trials(**arrays()).dt = 0.01


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("inputs", np.zeros((3, 5)), r"inputs has shape \(3, 5\): give an array of shape"),
        ("inputs", np.full((3, 5, 2), np.nan), "inputs holds 30 values that are not finite"),
        ("targets", np.ones((3, 4, 1)), "targets has 4 entries along axis 1: give 5"),
        ("mask", np.zeros((3, 5)), "mask is empty in trial 0: mark the steps"),
        ("mask", np.full((3, 5), 0.5), "mask holds 0.5: give 1 where the target counts"),
        (
            "conditions",
            pd.DataFrame({"a": [1, 2]}),
            "conditions has 2 rows: give one for each of 3",
        ),
        ("conditions", {"a": [1, 2, 3]}, "conditions is a dict: give a pandas.DataFrame"),
        ("dt", 0, r"dt \(in seconds\) is 0: give a number above 0"),
    ],
)
def test_a_wrong_field_is_named(field: str, value, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Trials(**{**arrays(), field: value})
