"""Theory beside simulation, with the scatter that finite networks must show."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN, RandomPlusLowRank
from lowrnn.networks.connectivity import LowRank
from lowrnn.networks.nonlinearity import derivative
from lowrnn.theory.finite_size import finite_size_covariance
from lowrnn.theory.mean_field import MeanField
from lowrnn.theory.state import State

Array = NDArray[np.float64]

#: Sizes of the networks by default.
NEURONS = (250, 500, 1000, 2000, 4000)
#: Euler step of the simulations, in units of tau. Stationary states do not depend on it.
STEP, CHAOTIC_STEP = 0.2, 0.05
#: Duration of a simulation, in units of tau, and the first part of it that is left out.
DURATION, SETTLING = 60.0, 30.0
CHAOTIC_DURATION, CHAOTIC_SETTLING = 200.0, 50.0


def compare(
    theory: MeanField,
    rnn: RNN | None = None,
    *,
    u: ArrayLike | None = None,
    neurons: Sequence[int] = NEURONS,
    draws: int = 5,
    exact: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """What the theory says of each stable state, and what networks do that start there.

    Of two states that are mirror images, κ and -κ without input, one is compared.

    Parameters
    ----------
    theory : MeanField
        The infinite network.
    rnn : RNN, optional
        A network to compare with, beside those drawn from the theory's mixture. With the theory
        `MeanField.estimate(rnn)` the question is whether its loadings are Gaussian as far as its
        activity goes.
    u : array (input,), optional
        A constant input; none by default.
    neurons : sequence of int
        Sizes of the networks that are drawn. None for an empty sequence.
    draws : int
        Networks of each size.
    exact : bool
        Whether they are drawn with exact moments, which halves the scatter or more
        (`GaussianMixture.sample`).
    seed : int
        Determines the networks; draw `i` takes `seed + i`.
    progress : callable, optional
        Called with the networks done and their total.

    Returns
    -------
    pandas.DataFrame
        A row for each state, size and quantity, with the columns

        - `state`, `kind`: number of the state by falling kappa, and what it is;
        - `neurons`, `network`: size, and "drawn" or "given";
        - `quantity`: "kappa_1" …, "psi0", "psi_inf", "bulk_radius", "z_1" …;
        - `theory`, `simulated`: the infinite network, and the mean over draws;
        - `sd`, `sem`: scatter over draws, and the standard error of `simulated`;
        - `expected_sd`: the scatter that theory predicts for stationary states (NaN otherwise);
        - `deviation`: `simulated - theory`;
        - `draws`, `kept`: networks, and those that ended on the branch they started on. Others
          do not count in `simulated`.

    Raises
    ------
    InputError
        If there is no stable state, or a size or number of draws is too small.
    """
    check_number("draws", draws, at_least=1)
    if rnn is not None and not isinstance(rnn.connectivity, LowRank | RandomPlusLowRank):
        raise InputError(
            f"connectivity is {rnn.connectivity.kind}: give a network with loadings m and n"
        )
    states = _distinct([state for state in theory.states(u) if state.stable])
    if not states:
        raise InputError("the theory has no stable state at this input: nothing to compare")
    batches: list[tuple[str, int, int]] = [("drawn", int(size), draws) for size in neurons]
    if rnn is not None:
        batches.append(("given", rnn.neurons, 1))
    total, done = sum(count for _, _, count in batches), 0
    expected = [_expected_scatter(theory, state, u, exact) for state in states]
    rows: list[dict[str, Any]] = []
    for kind, size, count in batches:
        measured = []
        for draw in range(count):
            given = rnn if kind == "given" else None
            network = given or _draw(theory, size, seed + draw, exact)
            measured.append(_measure(network, theory, states, u, seed + draw))
            done += 1
            if progress is not None:
                progress(done, total)
        for number, state in enumerate(states):
            mine = [one[number] for one in measured]
            scatter = expected[number] if kind == "drawn" else None
            rows += _rows(number, state, kind, size, mine, scatter)
    return pd.DataFrame(rows).sort_values("state", kind="stable", ignore_index=True)


def _distinct(states: list[State]) -> list[State]:
    """States less those that are another's mirror image, `-kappa`, and so behave alike."""
    found: list[State] = []
    for state in states:
        mirrored = any(
            np.allclose(state.kappa, -other.kappa)
            and np.allclose(state.mu, -other.mu)
            and np.allclose(state.delta0, other.delta0)
            for other in found
        )
        if not mirrored:
            found.append(state)
    return found


def _expected_scatter(
    theory: MeanField, state: State, u: ArrayLike | None, exact: bool
) -> Array | None:
    """Standard deviations of (kappa, psi0) times √N, where theory has them."""
    if state.fluctuating:
        return None
    variance = np.diagonal(finite_size_covariance(theory, state, u, exact=exact)).copy()
    # What is simulated is a mean square over N neurons, which scatters by itself.
    variance[-1] += 2 * state.psi0**2
    return np.asarray(np.sqrt(np.maximum(variance, 0)))


def _draw(theory: MeanField, neurons: int, seed: int, exact: bool) -> RNN:
    return theory.mixture.sample(
        neurons,
        seed,
        exact=exact,
        g=theory.g,
        nonlinearity=theory.nonlinearity,
        noise_std=theory.noise_std,
        dtype=np.float32,
    )


def _measure(
    rnn: RNN, theory: MeanField, states: list[State], u: ArrayLike | None, seed: int
) -> list[dict[str, float]]:
    """Time averages of one network, from a start in each state."""
    found: dict[int, dict[str, float]] = {}
    for fluctuating in (False, True):
        here = [i for i, state in enumerate(states) if state.fluctuating == fluctuating]
        if here:
            measured = _averages(rnn, theory, [states[i] for i in here], u, seed)
            found |= dict(zip(here, measured, strict=True))
    return [found[i] for i in range(len(states))]


def _averages(
    rnn: RNN, theory: MeanField, states: list[State], u: ArrayLike | None, seed: int
) -> list[dict[str, float]]:
    """The same for states of which all fluctuate or none does: one simulation."""
    fluctuating = states[0].fluctuating
    step = CHAOTIC_STEP if fluctuating else STEP
    duration = CHAOTIC_DURATION if fluctuating else DURATION
    settling = CHAOTIC_SETTLING if fluctuating else SETTLING
    rnn = rnn.replace(dt=step * rnn.tau)
    m, n = rnn.connectivity.parameters["m"], rnn.connectivity.parameters["n"]
    constant = theory.equations(u).u
    random = np.random.default_rng([seed, 2]).standard_normal(rnn.neurons)
    driven = rnn.inputs @ constant
    starts = [m @ s.kappa + driven + np.sqrt(s.psi0) * random for s in states]
    inputs = np.broadcast_to(constant, (len(states), round(duration / step), len(constant)))
    run = rnn.simulate(inputs, seed, initial_state=np.array(starts))
    late = slice(round(settling / step), None)
    result = []
    for trial in range(len(states)):
        x, rates = run.x[trial, late], run.rates[trial, late]
        recurrent = rates @ n / rnn.neurons
        rest = x - recurrent @ m.T - driven
        found = {f"kappa_{r + 1}": float(k) for r, k in enumerate(recurrent.mean(axis=0))}
        found["psi0"] = float(np.mean(rest**2))
        # Halves of the run share only what does not change.
        half = len(rest) // 2
        found["psi_inf"] = float(np.mean(rest[:half].mean(axis=0) * rest[-half:].mean(axis=0)))
        slopes = derivative(rnn.nonlinearity, torch.tensor(x + rnn.bias)).numpy()
        found["bulk_radius"] = theory.g * float(np.sqrt(np.mean(slopes**2)))
        z = run.z[trial, late].mean(axis=0)
        result.append(found | {f"z_{o + 1}": float(value) for o, value in enumerate(z)})
    return result


def _rows(
    number: int,
    state: State,
    network: str,
    neurons: int,
    measured: list[dict[str, float]],
    expected: Array | None,
) -> list[dict[str, Any]]:
    """The table's rows for one state and one size."""
    theory = {f"kappa_{r + 1}": float(k) for r, k in enumerate(state.kappa)}
    theory |= {"psi0": state.psi0, "psi_inf": state.psi_inf, "bulk_radius": state.bulk_radius}
    theory |= {f"z_{o + 1}": float(value) for o, value in enumerate(state.z)}
    scatter = dict.fromkeys(theory, np.nan)
    if expected is not None and network == "drawn":
        names = [*(name for name in theory if name.startswith("kappa")), "psi0"]
        scatter |= dict(zip(names, expected / np.sqrt(neurons), strict=True))
    kappa = np.array([[one[name] for name in theory if name.startswith("kappa")]
                      for one in measured])  # fmt: skip
    kept = np.ones(len(measured), bool)
    if state.structured:
        kept = kappa @ state.kappa > 0.5 * state.kappa @ state.kappa
    rows = []
    for name, value in theory.items():
        values = np.array([one[name] for one in measured])[kept]
        several = len(values) > 1
        mean = float(values.mean()) if len(values) else np.nan
        sd = float(values.std(ddof=1)) if several else np.nan
        rows.append(
            {
                "state": number,
                "kind": state.kind,
                "network": network,
                "neurons": neurons,
                "quantity": name,
                "theory": value,
                "simulated": mean,
                "sd": sd,
                "sem": sd / np.sqrt(len(values)) if several else np.nan,
                "expected_sd": scatter[name],
                "deviation": mean - value,
                "draws": len(measured),
                "kept": int(kept.sum()),
            }
        )
    return rows
