import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import BoxPrior

PRIOR = BoxPrior.of({"hebb": (-1, 1), "decay": (0, 4)})


def test_draws_fill_the_box() -> None:
    drawn = PRIOR.sample(4000, np.random.default_rng(0))
    assert PRIOR.contains(drawn).all()
    np.testing.assert_allclose(drawn.mean(axis=0), [0, 2], atol=0.08)
    np.testing.assert_allclose(drawn.std(axis=0), PRIOR.sd, rtol=0.03)
    np.testing.assert_allclose(PRIOR.from_unit(PRIOR.to_unit(drawn)), drawn)


def test_bounds_as_plain_data() -> None:
    assert BoxPrior.of(PRIOR.to_dict()).to_dict() == {"hebb": [-1.0, 1.0], "decay": [0.0, 4.0]}


def test_bad_boxes_are_refused() -> None:
    with pytest.raises(InputError, match="prior of hebb is 1 to 1: give the lower end first"):
        BoxPrior.of({"hebb": (1, 1)})
    with pytest.raises(InputError, match="names is"):
        BoxPrior(("a", "a"), np.zeros(2), np.ones(2))
    with pytest.raises(InputError, match="row 1, outside the prior"):
        PRIOR.check("theta", [[0, 1], [0, 5]])
