"""Networks of finite size beside the mean field: what claims about simulations measure."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.networks import RNN, LowRank
from lowrnn.networks.trajectory import Trajectory
from lowrnn.theory import MeanField, compare
from lowrnn.theory.state import State

Array = NDArray[np.float64]

#: Euler step for networks whose activity fluctuates: with 0.1 the statistics of chaos are off.
FINE_STEP = 0.05


def settled(
    theory: MeanField, state: int, full: bool, u: ArrayLike | None = None, neurons: int = 1000
) -> dict[str, float]:
    """Mean over networks of each quantity that `compare` measures, in one of its states.

    Five networks with exact moments; in the full form of at least 2000 neurons.
    """
    size = max(2000, neurons) if full else neurons
    table = compare(theory, u=u, neurons=[size], draws=5)
    return dict(table[table.state == state].set_index("quantity")["simulated"])


def draw(theory: MeanField, neurons: int, seed: int, dt: float = FINE_STEP) -> RNN:
    """A network of the theory with exact moments, in single precision."""
    return theory.mixture.sample(neurons, seed, exact=True, g=theory.g, dt=dt, dtype=np.float32)


def run_from(
    rnn: RNN, kappa: ArrayLike, psi: float, duration: float, u: ArrayLike = ()
) -> Trajectory:
    """Activity from given latents (trial, rank) and a random rest of the state of variance psi."""
    at, constant = np.asarray(kappa, float), np.asarray(u, float)
    rest = np.sqrt(psi) * np.random.default_rng(0).standard_normal((len(at), rnn.neurons))
    start = at @ rnn.connectivity.parameters["m"].T + rest
    steps = round(duration / rnn.dt)
    return rnn.simulate(
        np.broadcast_to(constant, (len(at), steps, len(constant))), initial_state=start
    )


def latents(rnn: RNN, run: Trajectory) -> Array:
    """Latents (trial, time, rank) along the m that was drawn, not along the canonical one."""
    m, n = (rnn.connectivity.parameters[name] for name in "mn")
    turn = np.linalg.lstsq(m, LowRank(m, n).canonical().m)[0]
    return np.asarray(run.kappa @ turn.T, float)


def fluctuating(
    theory: MeanField, state: State, neurons: int, draws: int, *, duration: float, settling: float
) -> tuple[float, float]:
    """|kappa| of the time average, and psi0, of rank-one networks: means over draws."""
    found = []
    for seed in range(draws):
        rnn = draw(theory, neurons, seed)
        u = np.zeros(theory.mixture.inputs)
        run = run_from(rnn, state.kappa[None], state.psi0, settling + duration, u)
        late = slice(round(settling / rnn.dt), None)
        kappa = latents(rnn, run)[0, late]
        rest = run.x[0, late] - kappa @ rnn.connectivity.parameters["m"].T
        found.append((abs(float(kappa.mean())), float(np.mean(rest**2))))
    kappa_mean, psi0 = np.mean(found, axis=0)
    return float(kappa_mean), float(psi0)
