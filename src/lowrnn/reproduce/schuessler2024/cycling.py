"""Aligned and oblique networks (H14): cycles in one of two directions, from either readout.

The networks are read out from the state, `z = W_out x`, which no `RNN` does: they are trained here
with the library's integrator and a readout of their own.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ALPHA = 0.2
#: Steps before the cue, and to its end.
ONSET, END = 5, 10
#: Per unit of tau.
FREQUENCY = 0.1
#: Published per step, `√dt 0.2 ξ`.
NOISE_STD = 0.2 / 2**0.5
#: Of the initial random matrix.
STRENGTH = 1.5
#: Of Adam, times the number of neurons.
RATE = 0.02
#: Steps at the start that analyses leave out: 10 tau.
SETTLING = 50


class _Trained(NamedTuple):
    """A trained network: its readout (output, neuron), and activity with noise."""

    readout: "Array"
    x: "Array"
    z: "Array"


def _cycles(labels: "NDArray[np.intp]", steps: int) -> "tuple[Array, Array]":
    """Cues (trial, time, 2), and the target in the steps after their end (trial, time, 2)."""
    import numpy as np

    u = np.zeros((len(labels), END + steps, 2))
    u[np.arange(len(labels)), ONSET:END, labels] = 1.0
    phase = 2 * np.pi * FREQUENCY * ALPHA * np.arange(1, steps + 1)
    sign = 1.0 - 2.0 * labels[:, None]
    return u, np.stack([sign * np.sin(phase), np.cos(phase) + 0 * sign], axis=2)


@cache
def _trained(large: bool, full: bool) -> _Trained:
    """All weights trained, from a readout of norm 1 or of norm `1/√N`."""
    import numpy as np
    import torch

    from lowrnn.learning import one_torch_thread
    from lowrnn.networks import Noise
    from lowrnn.networks.kernels import integrate

    neurons, updates, steps = (256, 1000, 355) if full else (128, 500, 100)
    rng = np.random.default_rng(0)
    arrays = {
        "J": STRENGTH * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons),
        "B": rng.standard_normal((neurons, 2)),
        "readout": rng.standard_normal((2, neurons)) / (np.sqrt(neurons) if large else neurons),
    }
    weights = {
        name: torch.from_numpy(array.astype(np.float32)).requires_grad_()
        for name, array in arrays.items()
    }

    def states(labels: "NDArray[np.intp]") -> "tuple[torch.Tensor, torch.Tensor]":
        """Of trials from random initial states, and their targets."""
        u, target = (torch.from_numpy(a.astype(np.float32)) for a in _cycles(labels, steps))
        start = rng.standard_normal((len(labels), neurons)).astype(np.float32)
        x = integrate(
            {"J": weights["J"], "B": weights["B"], "initial_state": torch.from_numpy(start)},
            u,
            alpha=ALPHA,
            nonlinearity="tanh",
            noise=Noise(NOISE_STD, int(rng.integers(2**62))),
        )
        return x, target

    with one_torch_thread():
        adam = torch.optim.Adam(weights.values(), lr=RATE / neurons)
        for _ in range(updates):
            x, target = states(rng.integers(2, size=32))
            # Published: every fifth step counts.
            output = x[:, END::5] @ weights["readout"].T
            loss = ((output - target[:, ::5]) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():
            x, _ = states(np.repeat([0, 1], 16))
    settled = x[:, SETTLING:].double().numpy()
    readout = weights["readout"].detach().double().numpy()
    return _Trained(readout, settled, settled @ readout.T)


def _correlation_ratio(full: bool) -> float:
    """Of the network from a small readout to the one from a large."""
    from lowrnn.analysis import readout_correlation

    small, large = (
        readout_correlation(run.x, run.readout.T)
        for run in (_trained(size, full) for size in (False, True))
    )
    return small / large


@cache
def _dimensions(large: bool, full: bool) -> tuple[int, int]:
    """Of the activity, and of the output; all and one more where these do not suffice."""
    from lowrnn.analysis import readout_dimensions

    run = _trained(large, full)
    found = readout_dimensions(run.x, run.z)
    return found.states, len(found.r2) + 1 if found.fit is None else found.fit


def _more_for_the_output(full: bool) -> float:
    """Dimensions of the output: oblique less aligned."""
    return float(_dimensions(True, full)[1] - _dimensions(False, full)[1])


def _beyond_activity(full: bool) -> float:
    """Dimensions of the output of the aligned network less those of its activity."""
    states, fit = _dimensions(False, full)
    return float(fit - states)


_CYCLING = (
    "Cycling, g = 1.5, activity with noise after the first 10 tau. 128 neurons, cycles of 20 tau"
    " and 500 updates; in the full form 256, the published 71, and 1000."
)

CLAIMS = (
    Claim(
        id="schuessler2024.H14a",
        figure="fig. 3",
        statement="Activity is correlated with the readout in networks trained from a small one,"
        " far less in those from a large one: ratio of the correlations.",
        published=0.5 / 0.055,
        tolerance=0.5 / 0.055 - 3,
        relation="at least",
        measure=_correlation_ratio,
        remark=f"Read off a figure of the paper, at 512 neurons; 3 is asked for. {_CYCLING}",
    ),
    Claim(
        id="schuessler2024.H14b",
        figure="fig. 3",
        statement="The output of the oblique network takes more principal components than that of"
        " the aligned one: difference of D_fit.",
        published=4.0,
        tolerance=1.0,
        relation="at least",
        measure=_more_for_the_output,
        reproduces=False,
        remark="Published for one pair of networks: 7 and 3, with D_x 5 and 4. Here the difference"
        " is 1, and 0 in the full form, and the D_fit of the oblique network does not exceed its"
        f" D_x: these networks are smaller, and fewer. {_CYCLING}",
    ),
    Claim(
        id="schuessler2024.H14c",
        figure="fig. 3",
        statement="The output of the aligned network takes no more principal components than its"
        " activity: D_fit - D_x.",
        published=-1.0,
        tolerance=1.0,
        relation="at most",
        measure=_beyond_activity,
        remark=f"Published for one network: 3 and 4. {_CYCLING}",
    ),
)
