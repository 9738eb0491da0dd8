"""Costacurta, Bhandarkar, Zoltowski & Linderman 2024: low-rank networks under modulation."""

from lowrnn.reproduce.claim import Claim


def _eigenvalue_difference(full: bool) -> float:
    """Largest difference of eigenvalues other than 0 from those of the modulated overlap."""
    import numpy as np

    from lowrnn import LowRank
    from lowrnn.theory import modulated

    rng = np.random.default_rng(0)
    m, n = rng.standard_normal((2, 100, 3))
    gains = rng.uniform(0, 1, 3)
    values = np.linalg.eigvals(modulated(LowRank(m, n), gains).dense())
    largest = values[np.argsort(-np.abs(values))[:3]]
    overlap = np.linalg.eigvals(np.diag(gains) @ n.T @ m / 100)
    return float(np.abs(np.sort_complex(largest) - np.sort_complex(overlap)).max())


def _state_difference(full: bool) -> float:
    """Largest difference of states from those of the network without modulation."""
    import numpy as np

    from lowrnn import RNN, LowRank
    from lowrnn.theory import modulated

    rng = np.random.default_rng(0)
    m, n = rng.standard_normal((2, 100, 3))
    plain = RNN(LowRank(m, n), rng.standard_normal((100, 2)), dt=0.1, tau=1.0)
    same = plain.replace(connectivity=modulated(LowRank(m, n), np.ones(3)))
    u = rng.standard_normal((4, 50, 2))
    return float(np.abs(plain.simulate(u).x - same.simulate(u).x).max())


CLAIMS = (
    Claim(
        id="costacurta2024.L5j-a",
        figure="theory",
        statement="Gains s of the modes make diag(s) nᵀm the overlap: largest difference of"
        " eigenvalues.",
        published=0.0,
        tolerance=1e-12,
        relation="at most",
        measure=_eigenvalue_difference,
        remark="An identity. 100 neurons, rank 3.",
    ),
    Claim(
        id="costacurta2024.L5j-b",
        figure="theory",
        statement="With gains of 1 it is the low-rank network: largest difference of states.",
        published=0.0,
        tolerance=0.0,
        relation="at most",
        measure=_state_difference,
        remark="An identity, bit by bit. 100 neurons, rank 3.",
    ),
)
