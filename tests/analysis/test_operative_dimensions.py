import numpy as np
import pytest
from scipy.optimize import minimize

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import (
    column_dimensions,
    operative_dimensions,
    operative_dimensions_by,
    reduced_network,
    row_dimensions,
)

rng = np.random.default_rng(0)


def matrix(neurons: int) -> np.ndarray:
    return 1.3 * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)


def effect_of_row(J: np.ndarray, r: np.ndarray, d: np.ndarray) -> float:
    return float(np.linalg.norm(J @ d) * abs(d @ r) / (d @ d))


def best_row(J: np.ndarray, r: np.ndarray, starts: int = 8) -> float:
    """By a general optimiser."""
    runs = [
        minimize(lambda d: -effect_of_row(J, r, d), rng.standard_normal(len(r)), method="BFGS")
        for _ in range(starts)
    ]
    return -min(run.fun for run in runs)


def test_without_its_column_dimension_a_state_has_no_drive() -> None:
    J, rates = matrix(30), np.tanh(rng.standard_normal((4, 30)))
    directions, effect = column_dimensions(J, rates)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    for d, r, size in zip(directions, rates, effect, strict=True):
        left = (np.eye(30) - np.outer(d, d)) @ J @ r
        np.testing.assert_allclose(left, 0, atol=1e-12)
        assert np.linalg.norm(J @ r) == pytest.approx(size, rel=1e-12)


def test_row_dimension_is_what_an_optimiser_finds() -> None:
    J, r = matrix(40), np.tanh(rng.standard_normal(40))
    directions, effect = row_dimensions(J, r[None], 3)
    assert effect[0, 0] == pytest.approx(best_row(J, r), rel=1e-6)
    assert effect_of_row(J, r, directions[0, 0]) == pytest.approx(effect[0, 0], rel=1e-12)
    np.testing.assert_allclose(directions[0] @ directions[0].T, np.eye(3), atol=1e-10)
    # The second is the best in what the first leaves.
    first = directions[0, 0]
    basis = np.linalg.qr(first[:, None], mode="complete")[0][:, 1:]
    assert effect[0, 1] == pytest.approx(best_row(J @ basis, basis.T @ r), rel=1e-6)
    assert (np.diff(effect[0]) < 0).all()


@pytest.mark.parametrize("neurons", [2, 7])
def test_no_direction_beats_the_row_dimension(neurons: int) -> None:
    trials = rng.standard_normal((20_000, neurons))
    for _ in range(20):
        J, r = matrix(neurons), rng.standard_normal(neurons)
        effect = row_dimensions(J, r[None])[1][0, 0]
        found = np.linalg.norm(trials @ J.T, axis=1) * np.abs(trials @ r)
        assert (found / (trials**2).sum(axis=1)).max() <= effect * (1 + 1e-12)


def test_rates_orthogonal_to_the_leading_direction_share_it() -> None:
    # |J d| |d r| = |cos t| |sin t| is largest halfway.
    J, r = np.outer([0.6, 0.8], [1.0, 0.0]), np.array([0.0, 1.0])
    directions, effect = row_dimensions(J, r[None])
    assert effect[0, 0] == pytest.approx(0.5, abs=1e-12)
    np.testing.assert_allclose(np.abs(directions[0, 0]), np.sqrt([0.5, 0.5]))
    # Almost orthogonal rates must not lead elsewhere.
    near = row_dimensions(J, r[None] + [[1e-9, 0]])[1][0, 0]
    assert near == pytest.approx(0.5, abs=1e-8)
    # A lesser singular value along the rates changes the share, not the principle.
    J = np.diag([1.0, 0.5])
    assert row_dimensions(J, r[None])[1][0, 0] == pytest.approx(best_row(J, r), rel=1e-8)


def test_silent_states_have_no_dimensions() -> None:
    J = matrix(5)
    assert not row_dimensions(J, np.zeros((1, 5)), 2)[1].any()
    assert not row_dimensions(np.zeros((5, 5)), np.ones((1, 5)))[0].any()
    assert not column_dimensions(J, np.zeros((1, 5)))[0].any()
    # As many as there are directions with an effect.
    low = np.outer(rng.standard_normal(5), np.ones(5))
    assert (row_dimensions(low, np.ones((1, 5)), 5)[1][0] > 1e-9).sum() == 1


def test_global_dimensions_span_the_drives_and_reduced_networks_use_them() -> None:
    rnn = RNN(FullRank(matrix(20)), np.ones((20, 1)), np.ones((20, 1)), dt=0.1, tau=1)
    x = rng.standard_normal((2, 3, 20))
    dims = operative_dimensions(rnn, x)
    assert dims.directions.shape == (20, 6)
    assert dims.variance.sum() == pytest.approx(1)
    drive = rnn.rates(x).reshape(-1, 20) @ rnn.connectivity.dense().T
    # Their strengths are those of the drives that they make up.
    np.testing.assert_allclose(dims.strength, np.linalg.svd(drive)[1])
    J, O = rnn.connectivity.dense(), dims.directions[:, :4]  # noqa: E741
    np.testing.assert_allclose(
        reduced_network(rnn, dims, 4).connectivity.dense(), O @ O.T @ J, atol=1e-12
    )
    # With all of them, states at which one looked have their whole drive.
    whole = reduced_network(rnn, dims, 6)
    assert isinstance(whole.connectivity, LowRank)
    kept = rnn.rates(x).reshape(-1, 20) @ whole.connectivity.dense().T
    np.testing.assert_allclose(kept, drive, atol=1e-12)
    rows = operative_dimensions(rnn, x, "row", local=3)
    P = rows.directions[:, :5]
    np.testing.assert_allclose(
        reduced_network(rnn, rows, 5).connectivity.dense(), J @ P @ P.T, atol=1e-12
    )


@pytest.mark.parametrize("kind", ["column", "row"])
def test_dimensions_follow_a_renumbering_of_neurons(kind: str) -> None:
    J, x, order = matrix(12), rng.standard_normal((5, 12)), rng.permutation(12)
    one = operative_dimensions(RNN(FullRank(J), dt=1, tau=1), x, kind)
    renumbered = RNN(FullRank(J[order][:, order]), dt=1, tau=1)
    other = operative_dimensions(renumbered, x[:, order], kind)
    np.testing.assert_allclose(one.strength, other.strength)
    overlap = np.abs((one.directions[order] * other.directions).sum(axis=0))
    np.testing.assert_allclose(overlap, 1)


def test_functions_have_dimensions_of_their_own() -> None:
    # Two blocks of neurons, each active in its own context.
    J = np.kron(np.eye(2), matrix(5))
    x = np.zeros((4, 6, 10))
    x[:2, :, :5] = rng.standard_normal((2, 6, 5))
    x[2:, :, 5:] = rng.standard_normal((2, 6, 5))
    found = operative_dimensions_by(RNN(FullRank(J), dt=1, tau=1), x, ["a", "a", "b", "b"])
    assert list(found) == ["a", "b"]
    assert found["a"].directions.shape == (10, 5)
    np.testing.assert_allclose(found["a"].directions[5:], 0, atol=1e-12)
    np.testing.assert_allclose(found["b"].directions[:5], 0, atol=1e-12)


def test_wrong_inputs_are_named() -> None:
    rnn = RNN(FullRank(matrix(5)), dt=1, tau=1)
    x = np.ones((2, 5))
    with pytest.raises(InputError, match="J has shape"):
        column_dimensions(np.ones((2, 3)), x)
    with pytest.raises(InputError, match="rates has 4 entries along axis 1: give 5"):
        row_dimensions(matrix(5), np.ones((1, 4)))
    with pytest.raises(InputError, match="count is 6: give 1 to 5"):
        row_dimensions(matrix(5), x, 6)
    with pytest.raises(InputError, match="kind is 'col'"):
        operative_dimensions(rnn, x, "col")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="x has 2 states without recurrent drive"):
        operative_dimensions(rnn, 0 * x)
    with pytest.raises(InputError, match="labels have shape"):
        operative_dimensions_by(rnn, np.ones((2, 3, 5)), [0])
    dims = operative_dimensions(rnn, x)
    with pytest.raises(InputError, match="rank is 2: give 1 to 1"):
        reduced_network(rnn, dims, 2)
    with pytest.raises(InputError, match="dimensions are of 5 neurons"):
        reduced_network(RNN(FullRank(matrix(4)), dt=1, tau=1), dims, 1)
