"""Patterns that a network hears back while it learns: FORCE, exploratory Hebbian learning."""

from functools import cache
from typing import TYPE_CHECKING, Any

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PERIOD = 600


def _pattern(steps: int) -> "Array":
    """Four harmonics, as in the code of Sussillo & Abbott 2009; root mean square 0.72."""
    import numpy as np

    phase = 2 * np.pi * np.arange(steps) / PERIOD
    waves = (np.sin(k * phase) / weight for k, weight in ((1, 1), (2, 2), (3, 6), (4, 3)))
    return np.asarray(1.3 / 1.5 * sum(waves))


@cache
def _force(seed: int) -> float:
    """Root mean square error over two periods, after ten of learning."""
    import numpy as np

    from lowrnn.learning.plasticity.force import force_trial

    neurons = 200
    rng = np.random.default_rng(seed)
    J = 1.5 * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)
    m, w = rng.uniform(-1, 1, (neurons, 1)), np.zeros((neurons, 1))
    P, state = np.eye(neurons), 0.5 * rng.standard_normal(neurons)
    target = _pattern(12 * PERIOD)[:, None]
    learning, test = target[: 10 * PERIOD], target[10 * PERIOD :]
    for part, every in ((learning, 2), (test, 0)):
        z = force_trial(
            J, m, w, P, np.zeros((len(part), neurons)), part, np.ones(len(part), bool), state,
            alpha=0.1, every=every,
        )  # fmt: skip
    return float(np.sqrt(np.mean((z - test) ** 2)))


@cache
def _exploring() -> Any:
    import numpy as np
    from numba import njit

    @njit(cache=True, nogil=True)
    def learn(J: Any, m: Any, target: Any, steps: Any, rng: Any) -> Any:
        neurons = len(m)
        w, x = np.zeros(neurons), 0.5 * rng.standard_normal(neurons)
        alpha, keep = 1 / 50, 1 - 1 / 5
        z, z_mean, p_mean, total = 0.0, 0.0, 0.0, 0.0
        r = np.tanh(x)
        for step in range(steps):
            x += alpha * (np.dot(J, r) + m * z - x)
            r = np.tanh(x) + rng.uniform(-0.05, 0.05, neurons)
            clean = np.dot(w, r)
            z = clean + rng.uniform(-0.5, 0.5)
            wanted = target[step % len(target)]
            performance = -((z - wanted) ** 2)
            if performance > p_mean:
                w += 5e-4 / (1 + step / 20_000) * (z - z_mean) * r
            z_mean = keep * z_mean + (1 - keep) * z
            p_mean = keep * p_mean + (1 - keep) * performance
            if step >= 3 * steps // 4:
                total += abs(clean - wanted)
        return total / (steps - 3 * steps // 4)

    return learn


@cache
def _explored(seed: int) -> float:
    """Mean error in the last quarter of 500 s, without the noise of exploration."""
    import numpy as np

    neurons = 300
    rng = np.random.default_rng(seed)
    J = 1.5 * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)
    m = rng.uniform(-1, 1, neurons)
    # A period of one second, in steps of 1 ms.
    phase = 2 * np.pi * np.arange(1000) / 1000
    pattern = np.interp(phase, 2 * np.pi * np.arange(PERIOD) / PERIOD, _pattern(PERIOD))
    return float(_exploring()(J, m, pattern, 500_000, rng))


CLAIMS = (
    Claim(
        id="crespo2024.R14",
        figure="Sussillo & Abbott 2009, fig. 2",
        statement="FORCE, the reference, learns a pattern of four harmonics in ten periods: error"
        " in the two after, of the worst network.",
        published=0.2,
        tolerance=0.0,
        relation="at most",
        measure=lambda full: max(_force(seed) for seed in range(4 if full else 2)),
        quick=False,
        remark="The bound is this project's own; the pattern has a root mean square of 0.72. 200"
        " neurons; two networks in the quick form; four in the full one, the worst at 0.14.",
    ),
    Claim(
        id="crespo2024.R15",
        figure="Hoerzer, Legenstein & Maass 2014, fig. 2",
        statement="A Hebbian rule that is told when exploration did well learns a pattern: of three"
        " networks, how many have a mean error below 0.15.",
        published=2.0,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: float(sum(_explored(seed) < 0.15 for seed in range(3))),
        quick=False,
        reproduces=False,
        remark="The bound is this project's own. 300 neurons, 500 s in steps of 1 ms, a pattern of"
        " 1 s. One of three: 0.49, 0.06 and 0.60. Networks follow the pattern at first and drift"
        " off as the rate decays: at four times the rate, near what the paper's 1000 neurons have,"
        " two of three do learn (0.39, 0.04, 0.06, in single precision). Patterns of 0.6, 2 and 3 s"
        " (none, one and none of three), feedback without exploration, or noise of rates that only"
        " the readout sees do not help. The pattern of the first run is not known.",
    ),
)
