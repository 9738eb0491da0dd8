"""Mastrogiuseppe, Carmona & Machens 2025: covariances of noisy linear networks of low rank.

Their closed forms, as this library has them, against the Lyapunov equation of the whole network.
"""

from functools import partial
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lowrnn import RNN

NEURONS = 40


def _network(rank: int) -> "RNN":
    """A stable linear network with private noise; overlaps of m and n are random."""
    import numpy as np

    from lowrnn import RNN, LowRank

    m, n = np.random.default_rng(rank).standard_normal((2, NEURONS, rank))
    return RNN(LowRank(m, n), dt=0.1, tau=1.0, nonlinearity="identity", noise_std=0.7)


def _lyapunov(rnn: "RNN", shared: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The covariance from the Lyapunov equation of all neurons."""
    import numpy as np
    from scipy.linalg import solve_continuous_lyapunov

    drift = rnn.connectivity.dense() - np.eye(rnn.neurons)
    noise = rnn.noise_std**2 * np.eye(rnn.neurons) + shared @ shared.T
    return np.asarray(solve_continuous_lyapunov(drift, -2 * noise))


def _difference(rank: int, sources: int, lag: float, full: bool) -> float:
    """Largest difference of the covariance between neurons, at a lag."""
    import numpy as np
    from scipy.linalg import expm

    from lowrnn.theory import linear_covariance

    rnn = _network(rank)
    shared = np.random.default_rng(7).standard_normal((NEURONS, sources))
    drift = rnn.connectivity.dense() - np.eye(NEURONS)
    exact = expm(lag * drift) @ _lyapunov(rnn, shared)
    found = linear_covariance(rnn, shared if sources else None)
    return float(np.abs(found.dense(lag) - exact).max())


def _eigenvalue_difference(single_source: bool, full: bool) -> float:
    """Largest difference of the two eigenvalues that one rank adds or makes."""
    import numpy as np

    from lowrnn import RNN, LowRank
    from lowrnn.theory import rank_one_eigenvalues

    m, n, source = np.linalg.qr(np.random.default_rng(3).standard_normal((NEURONS, 3)))[0].T
    n, source = 0.3 * m + np.sqrt(1 - 0.3**2) * n, 0.2 * m + 0.5 * n + 0.6 * source
    source = source / np.linalg.norm(source)
    connectivity = LowRank(2 * NEURONS * m[:, None], n[:, None])
    rnn = RNN(connectivity, dt=0.1, tau=1.0, nonlinearity="identity", noise_std=1.0)
    if single_source:
        rnn, shared = rnn.replace(noise_std=0.0), source[:, None]
        values = rank_one_eigenvalues(2.0, 0.3, (float(m @ source), float(n @ source)))
        found = np.linalg.eigvalsh(_lyapunov(rnn, shared))[[-1, -2]]
    else:
        values = rank_one_eigenvalues(2.0, 0.3)
        found = np.linalg.eigvalsh(_lyapunov(rnn, np.zeros((NEURONS, 0))))[[-1, 0]]
    return float(np.abs(values - found).max())


def _general_difference(quantity: str, full: bool) -> float:
    """Largest difference, relative to the largest entry, for rank 3 and noise of every kind."""
    import numpy as np
    from scipy.linalg import expm, solve_continuous_lyapunov

    from lowrnn import RNN, LowRank
    from lowrnn.theory import linear_covariance

    rng = np.random.default_rng(21)
    m, n = rng.standard_normal((2, 80, 3))
    rnn = RNN(LowRank(m, n), dt=0.1, tau=1.0, nonlinearity="identity")
    std, shared = rng.uniform(0.2, 2.0, 80), rng.standard_normal((80, 2))
    found = linear_covariance(rnn, shared, private_std=std)
    drift = rnn.connectivity.dense() - np.eye(80)
    exact = solve_continuous_lyapunov(drift, -2 * (np.diag(std**2) + shared @ shared.T))
    if quantity == "participation":
        ratio = np.trace(exact) ** 2 / (exact**2).sum()
        return float(abs(found.participation_ratio - ratio))
    lag = 1.3 if quantity == "lagged" else 0.0
    return float(np.abs(found.dense(lag) - expm(lag * drift) @ exact).max() / np.abs(exact).max())


def _of_rank_one(mn: float, quantity: str, full: bool) -> float:
    """The larger or smaller eigenvalue, or the participation ratio, of 60 neurons with k = 2."""
    import numpy as np

    from lowrnn import RNN, LowRank
    from lowrnn.theory import linear_covariance

    m, n = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 2)))[0].T
    n = mn * m + np.sqrt(1 - mn**2) * n
    connectivity = LowRank(60 * 2 * m[:, None], n[:, None])
    rnn = RNN(connectivity, dt=0.1, tau=1.0, nonlinearity="identity", noise_std=np.sqrt(0.5))
    found = linear_covariance(rnn)
    if quantity == "participation":
        return found.participation_ratio
    return float(found.eigenvalues[0 if quantity == "larger" else -1])


_REMARK = (
    "Derived by this project, exact. 40 neurons, against scipy's solver of the Lyapunov equation."
)

CLAIMS = (
    *(
        Claim(
            id=f"mastrogiuseppe2025.{label}",
            figure="theory",
            statement=f"The covariance of a linear network of rank {rank} with {noise} noise"
            f" {'at lag 1.3' if lag else 'at equal times'} solves the Lyapunov equation: largest"
            " difference.",
            published=0.0,
            tolerance=1e-10,
            relation="at most",
            measure=partial(_difference, rank, sources, lag),
            remark=_REMARK,
        )
        for label, rank, sources, lag, noise in (
            ("H18a", 1, 0, 0.0, "private"),
            ("H18b", 1, 0, 1.3, "private"),
            ("H18c", 3, 2, 0.0, "private and shared"),
            ("H18d", 3, 2, 1.3, "private and shared"),
        )
    ),
    *(
        Claim(
            id=f"mastrogiuseppe2025.{label}",
            figure="theory",
            statement=f"One rank with {noise} noise sets two eigenvalues of the covariance, in"
            " closed form: largest difference.",
            published=0.0,
            tolerance=1e-10,
            relation="at most",
            measure=partial(_eigenvalue_difference, single),
            remark=_REMARK,
        )
        for label, single, noise in (
            ("H18e", False, "private"),
            ("H18f", True, "a single source of"),
        )
    ),
    *(
        Claim(
            id=f"mastrogiuseppe2025.{label}",
            figure="theory",
            statement=f"Rank 3, with private noise that differs between neurons and two shared"
            f" sources: {what} from the Lyapunov equation of all neurons.",
            published=0.0,
            tolerance=1e-10,
            relation="at most",
            measure=partial(_general_difference, quantity),
            remark="Derived by this project, exact. 80 neurons; the paper has rank one.",
        )
        for label, quantity, what in (
            ("L21a", "equal", "difference of the covariance, relative to its largest entry,"),
            ("L21b", "lagged", "the same at lag 1.3,"),
            ("L21c", "participation", "difference of the participation ratio"),
        )
    ),
    *(
        Claim(
            id=f"mastrogiuseppe2025.{label}",
            figure="theory",
            statement=f"|m| |n| / N = 2 and a cosine of {mn} between m and n: {what}.",
            published=published,
            tolerance=1e-8,
            relation="equal",
            measure=partial(_of_rank_one, mn, quantity),
            remark="Computed by this project from the paper's closed form; noise of unit intensity,"
            " so that uncoupled neurons have variance 1/2. 60 neurons.",
        )
        for label, mn, quantity, what, published in (
            ("L21d", 0.3, "larger", "largest eigenvalue of the covariance", 4.612885637),
            ("L21e", 0.3, "smaller", "smallest eigenvalue of the covariance", 0.387114363),
            ("L21f", 0.3, "participation", "participation ratio", 32.17495030),
            ("L21g", -0.5, "larger", "largest eigenvalue of the covariance", 0.788675135),
            ("L21h", -0.5, "smaller", "smallest eigenvalue of the covariance", 0.211324865),
        )
    ),
)
