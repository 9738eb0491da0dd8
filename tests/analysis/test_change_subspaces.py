"""Learning in subspaces that are shared, or not."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import change_subspaces
from lowrnn.learning import WeightChanges

EPOCHS = np.repeat(["base", "adapt", "wash"], [20, 30, 30])


def changes(shared, neurons=40, seed=0):
    """Random walks in two dimensions of each side; in the washout, in two others if not shared."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((neurons, 4)))[0] for _ in range(2))
    steps = rng.standard_normal((80, 2, 2))
    walk = np.zeros((80, 4, 4))
    late = np.arange(80) >= 50
    corner = slice(0, 2) if shared else slice(2, 4)
    walk[~late, :2, :2] = steps[~late]
    walk[late, corner, corner] = steps[late]
    return left @ np.cumsum(walk, axis=0) @ right.T


@pytest.mark.parametrize("side", ["post", "pre"])
def test_a_subspace_that_is_shared(side):
    found = change_subspaces(changes(True), EPOCHS, side=side, dimensions=2, shuffles=20)
    np.testing.assert_allclose(found.explained, 1)
    np.testing.assert_allclose(found.cosines, 1)
    assert found.chance == 2 / 40


@pytest.mark.parametrize("side", ["post", "pre"])
def test_a_subspace_of_its_own(side):
    found = change_subspaces(changes(False), EPOCHS, side=side, dimensions=2, shuffles=99)
    assert list(found.epochs) == ["base", "adapt", "wash"]
    np.testing.assert_allclose(np.diag(found.explained), 1)
    np.testing.assert_allclose(found.explained[2, :2], 0, atol=1e-10)
    np.testing.assert_allclose(found.explained[0, 1], 1)
    assert found.p[2, 1] == 0.01
    assert found.p[0, 1] > 0.05


def test_factors_rotations_and_the_start_do_not_matter():
    dense = changes(False) + 0.02 * np.random.default_rng(1).standard_normal((80, 40, 40))
    found = change_subspaces(dense, EPOCHS, dimensions=3, shuffles=0)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((40, 40)))[0]
    for other in (
        WeightChanges.of(dense, kept=40),
        turn @ dense @ turn.T,
        dense + np.random.default_rng(3).standard_normal((40, 40)),
    ):
        again = change_subspaces(other, EPOCHS, dimensions=3, shuffles=0)
        np.testing.assert_allclose(again.explained, found.explained, atol=1e-6)
        np.testing.assert_allclose(again.cosines, found.cosines, atol=1e-6)


def test_what_cannot_be_compared():
    dense = changes(True)
    with pytest.raises(InputError, match="come back"):
        change_subspaces(dense, np.roll(EPOCHS, 5))
    with pytest.raises(InputError, match="side is 'both'"):
        change_subspaces(dense, EPOCHS, side="both")
    with pytest.raises(InputError, match="dimensions is 3: give 1 to 2"):
        change_subspaces(dense, EPOCHS, dimensions=3)
    with pytest.raises(InputError, match="not changed within epoch base"):
        change_subspaces(np.where(EPOCHS[:, None, None] == "base", 0, dense), EPOCHS, dimensions=2)
