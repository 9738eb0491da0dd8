import numpy as np
import pytest

from lowrnn.errors import InputError, check_array, check_number


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int64(3)])
def test_numbers_become_floats(value) -> None:
    number = check_number("tau", value, above=0)
    assert number == 3
    assert type(number) is float


@pytest.mark.parametrize(
    ("value", "bound", "message"),
    [
        (0, {"above": 0}, "tau is 0: give a number above 0$"),
        (-1, {"at_least": 0}, "tau is -1: give a number of at least 0$"),
        ("a", {}, "tau is 'a': give a number$"),
        (None, {}, "tau is None"),
        (True, {}, "tau is True"),
        (float("nan"), {"above": 0}, "tau is nan"),
        (np.zeros(1), {}, "tau is array"),
        (1j, {}, "tau is 1j"),
    ],
)
def test_other_numbers_are_refused(value, bound: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_number("tau", value, **bound)


def test_a_bound_itself_is_at_least_the_bound() -> None:
    assert check_number("noise_std", 0, at_least=0) == 0


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(np.ones(2, np.float32), np.float32), (np.ones(2, int), float), ([True, False], float)],
)
def test_arrays_keep_their_precision(value, dtype) -> None:
    assert check_array("m", value, (2,)).dtype == dtype


@pytest.mark.parametrize(
    ("value", "shape", "message"),
    [
        ([[1], [1, 2]], ("a", "b"), "m is not a rectangular array"),
        (["1", "2"], (2,), "m has dtype <U1: give real numbers"),
        (np.ones(2, complex), (2,), "m has dtype complex128"),
        ([object()], (1,), "m has dtype object"),
        ([1.0], ("neuron", "rank"), r"m has shape \(1,\): give an array of shape \(neuron, rank\)"),
        ([1.0], (2,), "m has 1 entries along axis 0: give 2"),
        ([], ("neuron",), r"m has no neuron \(shape \(0,\)\)"),
        ([1, np.inf], (2,), r"m holds 1 values that are not finite \(the first is inf at \(1,\)\)"),
    ],
)
def test_wrong_arrays_are_described(value, shape, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_array("m", value, shape)


def test_missing_values_pass_where_they_mean_something() -> None:
    values = check_array("rates", [1, np.nan], (2,), finite=False)
    assert np.isnan(values[1])
    with pytest.raises(InputError, match="mark missing values with NaN"):
        check_array("rates", [1, np.inf], (2,), finite=False)
