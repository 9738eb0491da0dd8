"""Clark, Marschall, van Meegen & Litwin-Kumar 2025: connectivity of random modes."""

from functools import partial

from lowrnn.reproduce.claim import Claim


def _radius(modes: int, power: float, simulated: bool, full: bool) -> float:
    """Radius of the bulk, in theory or as the largest eigenvalue: mean over draws."""
    import numpy as np

    from lowrnn.theory import bulk_radius, random_modes

    strengths = np.arange(1, modes + 1.0) ** power
    if not simulated:
        return bulk_radius(strengths, 400)
    draws = 5 if full else 2
    found = [random_modes(strengths, 400, seed).dense() for seed in range(draws)]
    return float(np.mean([np.abs(np.linalg.eigvals(J)).max() for J in found]))


_REMARK = (
    "Derived by this project and checked numerically; eigenvalues at the edge scatter outwards by"
    " some per cent. 400 neurons, mean over two draws, in the full form five."
)

CLAIMS = (
    Claim(
        id="clark2025.L5j-a",
        figure="theory",
        statement="Radius of the bulk of 400 modes of strengths a to the power -0.3, N = 400.",
        published=0.253,
        tolerance=1e-3,
        relation="equal",
        measure=partial(_radius, 400, -0.3, False),
        remark="The square root of the sum of D² over N; derived by this project.",
    ),
    *(
        Claim(
            id=f"clark2025.L5j-{label}",
            figure="theory",
            statement=f"Largest eigenvalue of {modes} random modes {what}, N = 400.",
            published=published,
            tolerance=0.1 * published,
            relation="equal",
            measure=partial(_radius, modes, power, True),
            remark=_REMARK,
        )
        for label, modes, what, power, published in (
            ("b", 400, "of strength 1", 0.0, 1.0),
            ("c", 100, "of strength 1", 0.0, 0.5),
            ("d", 400, "of strengths a to the power -0.3", -0.3, 0.253),
        )
    ),
)
