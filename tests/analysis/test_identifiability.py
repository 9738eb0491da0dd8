import tracemalloc

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank, RandomPlusLowRank
from lowrnn.analysis import (
    connectivity_correlation,
    current_correlation,
    effective_connectivity_correlation,
)
from lowrnn.networks import Connectivity


def wrap(connectivity: Connectivity, inputs: int = 2, seed: int = 5) -> RNN:
    B = np.random.default_rng(seed).standard_normal((connectivity.neurons, inputs))
    return RNN(connectivity, B, dt=0.02, tau=0.1)


def low_rank(seed: int, neurons: int = 40, rank: int = 2) -> LowRank:
    return LowRank(*np.random.default_rng(seed).standard_normal((2, neurons, rank)))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def projected(rnn: RNN) -> np.ndarray:
    m, n = rnn.connectivity.parameters.values()
    span = np.hstack([m, rnn.inputs])
    return m @ n.T @ span @ np.linalg.pinv(span)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (low_rank(0), low_rank(1, rank=3)),
        (low_rank(0), FullRank(low_rank(0).dense() + low_rank(2).dense())),
        (FullRank(low_rank(1).dense()), low_rank(0)),
        (FullRank(low_rank(0).dense()), RandomPlusLowRank(0.5, low_rank(0).m, low_rank(0).n, 3)),
    ],
)
def test_scores_against_dense_matrices(a: Connectivity, b: Connectivity) -> None:
    fit, truth = wrap(a), wrap(b)
    rates = np.tanh(np.random.default_rng(9).standard_normal((3, 7, 40)))
    assert connectivity_correlation(fit, truth) == pytest.approx(cosine(a.dense(), b.dense()))
    assert current_correlation(fit, truth, rates) == pytest.approx(
        cosine(rates @ a.dense().T, rates @ b.dense().T)
    )


def test_effective_connectivity_projects_each_network_on_its_own_span() -> None:
    fit, truth = wrap(low_rank(0)), wrap(low_rank(1), seed=6)
    assert effective_connectivity_correlation(fit, truth) == pytest.approx(
        cosine(projected(fit), projected(truth))
    )


def test_only_what_activity_reaches_counts() -> None:
    truth = wrap(low_rank(0, neurons=200))
    m, n = truth.connectivity.parameters.values()
    u = 0.02 * np.random.default_rng(2).standard_normal((8, 50, 2))
    rates = truth.simulate(u).rates
    # A part of n that is orthogonal to m, to the inputs and to the activity changes nothing.
    free = np.random.default_rng(3).standard_normal(n.shape) * 2
    seen = np.linalg.svd(rates.reshape(-1, 200), full_matrices=False)[2][:12]
    seen = np.linalg.qr(np.concatenate([seen, m.T, truth.inputs.T]).T)[0]
    fit = truth.replace(connectivity=LowRank(m, n + free - seen @ (seen.T @ free)))
    assert connectivity_correlation(fit, truth) < 0.6
    assert effective_connectivity_correlation(fit, truth) == pytest.approx(1)
    assert current_correlation(fit, truth, rates) == pytest.approx(1, abs=1e-4)


def test_scores_do_not_depend_on_the_gauge() -> None:
    truth = wrap(low_rank(0))
    m, n = truth.connectivity.parameters.values()
    change = np.array([[2.0, 0.3], [-0.5, 0.7]])
    same = truth.replace(connectivity=LowRank(m @ change, n @ np.linalg.inv(change).T))
    rates = np.random.default_rng(1).standard_normal((5, 40))
    assert connectivity_correlation(same, truth) == pytest.approx(1)
    assert effective_connectivity_correlation(same, truth) == pytest.approx(1)
    assert current_correlation(same, truth, rates) == pytest.approx(1)


def test_low_rank_networks_stay_small() -> None:
    fit, truth = (wrap(low_rank(seed, neurons=4096)) for seed in (0, 1))
    rates = np.ones((10, 4096))
    tracemalloc.start()
    connectivity_correlation(fit, truth)
    effective_connectivity_correlation(fit, truth)
    current_correlation(fit, truth, rates)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4096 * 4096 * 8 / 20


def test_bad_requests_are_refused() -> None:
    small, large = wrap(low_rank(0)), wrap(low_rank(0, neurons=50))
    full = wrap(FullRank(np.eye(40)))
    with pytest.raises(InputError, match="fit has 40 neurons and truth 50"):
        connectivity_correlation(small, large)
    with pytest.raises(InputError, match="truth has full-rank connectivity"):
        effective_connectivity_correlation(small, full)
    with pytest.raises(InputError, match="rates has 39 entries along axis 1"):
        current_correlation(small, full, np.ones((2, 5, 39)))
    assert np.isnan(connectivity_correlation(small, wrap(FullRank(np.zeros((40, 40))))))
