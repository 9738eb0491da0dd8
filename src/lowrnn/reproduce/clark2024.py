"""Clark & Abbott 2024: random networks whose synapses follow their activity."""

from functools import cache, partial
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lowrnn.theory import HebbianTrajectory

#: Time constant of synapses.
P = 2.5


@cache
def _matrix(neurons: int, seed: int) -> "NDArray[np.float64]":
    import numpy as np

    chi = np.random.default_rng(seed).standard_normal((neurons, neurons))
    return np.asarray(chi / np.sqrt(neurons))


def _threshold(part: int, full: bool) -> float:
    from lowrnn.theory import hebbian_threshold

    return hebbian_threshold()[part]


def _state(number: int, full: bool) -> float:
    from lowrnn.theory import homogeneous_states

    return float(homogeneous_states(3.0)[number])


def _settled(k: float, steps: int) -> float:
    """Where two neurons without J end, from far out."""
    import numpy as np

    from lowrnn.theory import hebbian_dynamics

    run = hebbian_dynamics(np.zeros((2, 2)), k, 1.0, [20.0, 20.0], steps)
    return float(run.x[-1, 0])


@cache
def _simulated_threshold() -> float:
    """The least k at which two neurons stay active, by bisection."""
    low, high = 1.9, 2.1
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if _settled(middle, 4000) > 0.5 else (middle, high)
    return (low + high) / 2


@cache
def _growth(k: float, g: float, full: bool) -> float:
    """Rate at which small activity grows, in units of 1/tau."""
    import numpy as np

    from lowrnn.theory import hebbian_dynamics

    chi = _matrix(1000 if full else 300, 0)
    start = 1e-9 * np.random.default_rng(1).standard_normal(len(chi))
    run = hebbian_dynamics(g * chi, k, P, start, 3000, forgotten=1e-2)
    size = np.linalg.norm(run.x, axis=1)
    return float(np.log(size[-1] / size[1000]) / (run.time[-1] - run.time[1000]))


def _onset(k: float, full: bool) -> float:
    """The g at which small activity neither grows nor decays: the rate is linear in g."""
    below, above = _growth(k, 0.95, full), _growth(k, 1.05, full)
    return 0.95 - 0.1 * below / (above - below)


def _onset_spread(full: bool) -> float:
    return max(_onset(k, full) for k in (-3.0, 0.0, 3.0)) - min(
        _onset(k, full) for k in (-3.0, 0.0, 3.0)
    )


@cache
def _chaos(g: float, k: float, full: bool, frozen: bool) -> "HebbianTrajectory":
    import numpy as np

    from lowrnn.theory import hebbian_dynamics

    chi = _matrix(1000 if full else 300, 0)
    start = np.random.default_rng(1).standard_normal(len(chi))
    return hebbian_dynamics(
        g * chi, k, P, start, 4000, forgotten=1e-4, frozen_after=2500 if frozen else None
    )


def _speed(k: float, when: str, full: bool) -> float:
    """Speed of neurons before synapses are frozen, or 75 tau later."""
    speed = _chaos(2.5, k, full, True).speed
    return float(speed[2000:2499].mean() if when == "before" else speed[-100:].mean())


def _autocorrelation(k: float, full: bool) -> "NDArray[np.float64]":
    """At lags of 0 to 10 tau, g = 2."""
    import numpy as np

    x = _chaos(2.0, k, full, False).x[1000:]
    later = [float(np.mean(x[: len(x) - lag] * x[lag:])) for lag in range(0, 201, 10)]
    return np.array([each / later[0] for each in later])


def _slowing(full: bool) -> float:
    """The least step of the autocorrelation at lag 2 along k = -2, -1, 0, 1."""
    import numpy as np

    return float(np.diff([_autocorrelation(k, full)[4] for k in (-2.0, -1.0, 0.0, 1.0)]).min())


_DERIVED = "Derived by this project and checked numerically."
_CHAOS = (
    "The paper's abstract, without a number; g and k are this project's, synapses have p = 2.5."
    " 300 neurons, in the full form 1000."
)

CLAIMS = (
    Claim(
        id="clark2024.L23a",
        figure="theory",
        statement="Without a random part, Hebbian plasticity holds states from this strength on.",
        published=2.0169980,
        tolerance=1e-6,
        relation="equal",
        measure=partial(_threshold, 0),
        remark=f"{_DERIVED} The least k with a solution of x = k tanh³ x.",
    ),
    Claim(
        id="clark2024.L23b",
        figure="theory",
        statement="The state at the least strength that holds one, sinh 2x = 6x.",
        published=1.4192232,
        tolerance=1e-6,
        relation="equal",
        measure=partial(_threshold, 1),
        remark=_DERIVED,
    ),
    Claim(
        id="clark2024.L23c",
        figure="theory",
        statement="The least strength at which simulated neurons stay active.",
        published=2.0169980,
        tolerance=0.005,
        relation="equal",
        measure=lambda full: _simulated_threshold(),
        remark=f"{_DERIVED} Bisection over simulations of 200 time constants; the decay is slow"
        " just below the threshold.",
    ),
    *(
        Claim(
            id=f"clark2024.{label}",
            figure="theory",
            statement=f"At strength 3 the {kind} homogeneous state lies here.",
            published=published,
            tolerance=1e-6,
            relation="equal",
            measure=measure,
            remark=f"{_DERIVED} {how}",
        )
        for label, kind, published, measure, how in (
            ("L23d", "unstable", 0.7338219, partial(_state, 0), "Root of x = k tanh³ x."),
            ("L23e", "stable", 2.9512102, lambda full: _settled(3.0, 2000), "Simulated."),
        )
    ),
    Claim(
        id="clark2024.L23f",
        figure="theory",
        statement="Silence becomes unstable at g = 1 with strong Hebbian plasticity.",
        published=1.0,
        tolerance=0.05,
        relation="equal",
        measure=partial(_onset, 3.0),
        remark=f"{_DERIVED} k = 3; one matrix of 300 neurons, in the full form 1000, of which the"
        " edge of the spectrum scatters.",
    ),
    Claim(
        id="clark2024.L23g",
        figure="theory",
        statement="The onset of instability does not depend on plasticity: range over k.",
        published=0.0,
        tolerance=1e-6,
        relation="at most",
        measure=_onset_spread,
        remark=f"{_DERIVED} k = -3, 0 and 3. The drive of plasticity is cubic; simulations"
        " start at 1e-9.",
    ),
    Claim(
        id="clark2024.L23h",
        figure="abstract",
        statement="Strong Hebbian plasticity leaves a random network chaotic: speed of neurons.",
        published=0.1,
        tolerance=0.0,
        relation="at least",
        measure=partial(_speed, 2.0, "before"),
        remark=f"Asked for is clear motion. g = 2.5, k = 2. {_CHAOS}",
    ),
    Claim(
        id="clark2024.L23i",
        figure="abstract",
        statement="Freezing the synapses of that chaotic state stops its neurons: speed.",
        published=0.0,
        tolerance=1e-6,
        relation="at most",
        measure=partial(_speed, 2.0, "after"),
        remark=f"75 time constants after freezing; g = 2.5, k = 2. {_CHAOS}",
    ),
    Claim(
        id="clark2024.L23j",
        figure="abstract",
        statement="Without plasticity, nothing stops the neurons: speed.",
        published=0.1,
        tolerance=0.0,
        relation="at least",
        measure=partial(_speed, 0.0, "after"),
        remark=f"The control of L23i, asked for is clear motion. g = 2.5, k = 0. {_CHAOS}",
    ),
    Claim(
        id="clark2024.L23k",
        figure="abstract",
        statement="Hebbian plasticity slows chaos and anti-Hebbian plasticity quickens it: least"
        " rise of the autocorrelation at lag 2 tau along k = -2, -1, 0, 1.",
        published=0.0,
        tolerance=0.0,
        relation="at least",
        measure=_slowing,
        remark=f"g = 2. {_CHAOS}",
    ),
    Claim(
        id="clark2024.L23l",
        figure="abstract",
        statement="Anti-Hebbian plasticity makes chaos oscillate: lowest autocorrelation.",
        published=-0.05,
        tolerance=0.0,
        relation="at most",
        measure=lambda full: float(_autocorrelation(-2.0, full).min()),
        remark=f"Asked for is a clear sign. g = 2, k = -2. {_CHAOS}",
    ),
)
