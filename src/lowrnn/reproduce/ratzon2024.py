"""Ratzon, Derdikman & Barak 2024: noise that drives a trained network to flat minima."""

from functools import cache, partial
from statistics import median
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    from lowrnn import RNN, Trials
    from lowrnn.learning import Continued

RATE, NOISE = 0.02, 1.0


def _trials(inputs: object, targets: object) -> "Trials":
    """Trials of one step."""
    import numpy as np
    import pandas as pd

    from lowrnn import Trials

    u, y = np.asarray(inputs, float), np.asarray(targets, float)
    table = pd.DataFrame({"trial": range(len(u))})
    return Trials(u[:, None], y[:, None], np.ones((len(u), 1)), table, 1.0)


def _feed_forward(inputs: object, readout: object, nonlinearity: str) -> "RNN":
    """One hidden layer: a network without recurrence that takes one step."""
    import numpy as np

    from lowrnn import RNN, LowRank

    B, w = np.asarray(inputs, float), np.asarray(readout, float)
    zero = np.zeros((len(B), 1))
    return RNN(LowRank(zero, zero), B, w, dt=1.0, tau=1.0, nonlinearity=nonlinearity)


@cache
def _scalar(updates: int) -> "Continued":
    """`f = a b`, target 1, with label noise, from an imbalanced solution."""
    from lowrnn.learning import continue_training

    return continue_training(
        _feed_forward([[2.0]], [[0.5]], "identity"), _trials([[1.0]], [[1.0]]), noise="label",
        sigma=NOISE, learning_rate=RATE, updates=updates, checkpoints=updates, trained=("B", "w"),
    )  # fmt: skip


def _identity(full: bool) -> float:
    """Largest error of the identity over updates."""
    import numpy as np

    run = _scalar(1000)
    a = np.array([float(rnn.inputs[0, 0]) for rnn in run.networks])
    b = np.array([float(rnn.readout[0, 0]) for rnn in run.networks])
    # The step on the loss r²/2 of the identity is twice that on r² here.
    moved = (a[:-1] - a[1:]) / b[:-1]
    imbalance = a**2 - b**2
    return float(np.abs(imbalance[1:] - imbalance[:-1] * (1 - moved**2)).max())


def _decay(full: bool) -> float:
    """Rate at which the imbalance decays, relative to that of the label noise."""
    import numpy as np

    run = _scalar(1000)
    a = np.array([float(rnn.inputs[0, 0]) for rnn in run.networks])
    b = np.array([float(rnn.readout[0, 0]) for rnn in run.networks])
    measured = np.log((a[0] ** 2 - b[0] ** 2) / (a[-1] ** 2 - b[-1] ** 2)) / 1000
    return float(measured / -np.log(1 - (2 * RATE * NOISE) ** 2))


@cache
def _learned(seed: int) -> "tuple[Trials, Continued]":
    """A network before and after it learns a curve."""
    import numpy as np

    from lowrnn.learning import continue_training

    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 12)
    trials = _trials(np.stack([x, np.ones(12)], axis=1), np.sin(3 * x)[:, None])
    rnn = _feed_forward(rng.standard_normal((50, 2)), rng.standard_normal((50, 1)), "relu")
    return trials, continue_training(
        rnn, trials, noise="label", sigma=0.0, learning_rate=0.1, updates=4000, checkpoints=1,
        trained=("B", "w"),
    )  # fmt: skip


@cache
def _drifted(noise: str, sigma: float, seed: int, updates: int) -> dict[str, float]:
    """What training with noise makes of a network that has learned."""
    import numpy as np

    from lowrnn.analysis import active_fraction
    from lowrnn.learning import continue_training, hessian_trace

    trials, learned = _learned(seed)
    run = continue_training(
        learned.networks[-1], trials, noise="label" if noise == "none" else noise,  # type: ignore[arg-type]
        sigma=sigma, learning_rate=0.1, updates=updates, checkpoints=20, trained=("B", "w"),
    )  # fmt: skip
    active, trace = [], []
    for network in (run.networks[0], run.networks[-1]):
        active.append(active_fraction(network.simulate(trials.inputs).rates[:, 0]))
        trace.append(hessian_trace(network, trials, trained=("B", "w"), probes=300)[0])
    return {
        "pairs": active[1][0] / active[0][0],
        "trace": trace[1] / trace[0],
        "loss": float(np.median(run.loss[10:])) / learned.loss[0],
    }


def _typical(noise: str, sigma: float, quantity: str, full: bool) -> float:
    seeds, updates = (range(5), 40_000) if full else (range(1), 3000)
    return median(_drifted(noise, sigma, seed, updates)[quantity] for seed in seeds)


_SCALAR = "Derived by this project. f = a b with target 1 from a = 2, b = 1/2; 1000 updates."
_CURVE = (
    "The paper's result, on a task of this project: 50 rectified neurons that have learned sin(3x)"
    " at 12 points go on for 3000 updates, in the full form 40000 and the median of five networks."
)

CLAIMS = (
    Claim(
        id="ratzon2024.L5i-a",
        figure="theory",
        statement="An update of f = a b multiplies a² - b² by 1 - η² r²: largest error.",
        published=0.0,
        tolerance=1e-12,
        relation="at most",
        measure=_identity,
        remark=f"{_SCALAR} Exact, whatever the noise.",
    ),
    Claim(
        id="ratzon2024.L5i-b",
        figure="theory",
        statement="Label noise balances a and b at the rate η² σ²: measured rate over that.",
        published=1.0,
        tolerance=0.15,
        relation="equal",
        measure=_decay,
        remark=f"{_SCALAR} The residual is the noise plus the deviation that noise causes, so that"
        " the rate is a little higher.",
    ),
    *(
        Claim(
            id=f"ratzon2024.L5i-{label}",
            figure="abstract",
            statement=f"{what} of a network that goes on learning with {noise} noise, over that"
            " before.",
            published=published,
            tolerance=0.0,
            relation="at most",
            measure=partial(_typical, noise, sigma, quantity),
            remark=f"Asked for is a clear fall{aside}. {_CURVE}",
        )
        for label, what, noise, sigma, quantity, published, aside in (
            ("c", "Fraction of active neurons", "label", 0.5, "pairs", 0.9, ""),
            ("d", "Trace of the Hessian", "label", 0.5, "trace", 0.7, ""),
            (
                "e",
                "Fraction of active neurons",
                "update",
                1.0,
                "pairs",
                0.9,
                "; the trace of the Hessian does not fall with this noise, within 3000 updates",
            ),
        )
    ),
    Claim(
        id="ratzon2024.L5i-f",
        figure="abstract",
        statement="Fraction of active neurons of a network that goes on learning without noise,"
        " over that before.",
        published=0.95,
        tolerance=0.0,
        relation="at least",
        measure=partial(_typical, "none", 0.0, "pairs"),
        remark=f"The control of c and e. {_CURVE}",
    ),
    Claim(
        id="ratzon2024.L5i-g",
        figure="abstract",
        statement="Loss during the drift by label noise, over that before anything was learned.",
        published=0.1,
        tolerance=0.0,
        relation="at most",
        measure=partial(_typical, "label", 0.5, "loss"),
        remark=f"Asked for is that the task stays learned. {_CURVE}",
    ),
)
