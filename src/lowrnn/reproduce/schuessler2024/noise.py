"""What noise does to a linear network with a large readout (H15)."""

from functools import cache, partial

from lowrnn.reproduce.claim import Claim

NEURONS = 256
#: Learning rate of the slow phase; N times that of the fast one.
RATE = 0.002
OVERLAP = -0.5


@cache
def _noisy() -> dict[str, float]:
    """After 1000 steps that learn the mean, and 5000 that reduce the noise."""
    from lowrnn.theory.linear_learning import noisy_readout

    fast = noisy_readout([1000], lr=RATE / NEURONS, neurons=NEURONS, overlap=OVERLAP)
    slow = noisy_readout([5000], lr=RATE, neurons=NEURONS, overlap=OVERLAP, start=fast.M[-1])
    return {
        "feedback": float(slow.M[-1, 0, 0]),
        "variance": float(slow.variance[-1]),
        "mean": float(NEURONS**0.5 * fast.M[-1, 0, 1]),
    }


def _of_noisy(quantity: str, full: bool) -> float:
    return _noisy()[quantity]


CLAIMS = tuple(
    Claim(
        id=f"schuessler2024.{label}",
        figure="theory",
        statement=statement,
        published=published,
        tolerance=0.02 * abs(published),
        relation="equal",
        measure=partial(_of_noisy, quantity),
        remark="The paper has the leading order; solved by this project for 256 neurons, an overlap"
        " of -.5, noise and target of 1, and a learning rate of .002.",
    )
    for label, quantity, statement, published in (
        ("H15a", "feedback", "Noise makes learning oppose activity along a large readout: feedback"
         " after 5000 slow steps.", -2.137),
        ("H15b", "variance", "Noise makes learning oppose activity along a large readout: variance"
         " of the output after 5000 slow steps.", 0.3221),
        ("H15c", "mean", "A linear network with a large readout learns the mean first: √N times"
         " the weight from input to readout after 1000 fast steps.", 1.4698),
    )
)  # fmt: skip
