"""All fluctuating states: chaotic ones, and those that private noise drives.

The random part gives a neuron a Gaussian process with autocovariance psi(lag), which moves like a
particle in a potential, `psi'' = psi - g² ⟨phi phi⟩ = -V'(psi)`, from psi0 at lag 0 to rest at
psi_inf (Sompolinsky, Crisanti & Sommers 1988). Two conditions follow: psi_inf is stationary, and
energy is conserved. Private noise gives the particle the velocity `-noise_std²` at lag 0, hence
`V(psi0) = V(psi_inf) - noise_std⁴ / 2`.

Every stationary state solves these conditions too, with psi0 = psi_inf, and attracts Newton's
method. With `d = psi0 - psi_inf` the energy is `(chord - 1) d² / 2` where psi_inf is stationary,
so dividing by d² removes that root exactly. What remains at d = 0 is the onset of chaos, where
the bulk radius is 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_jacobi

from lowrnn.errors import ConvergenceError, check_array, check_number
from lowrnn.theory.averages import product
from lowrnn.theory.equations import Equations
from lowrnn.theory.state import ZERO, State
from lowrnn.theory.stationary import ACCURACY, ROUNDING, default_starts, same, stationary_states

Array = NDArray[np.float64]

#: Below this share of the variance the chord is integrated, lest differences lose its digits.
NEAR = 0.05
#: Nodes and weights of `2 ∫ (1 - s) f(s) ds` over 0 < s < 1, of which 1 - s is a square: where phi
#: has a kink, f is regular in √(1 - s) only.
INTERVAL, INTERVAL_WEIGHTS = roots_jacobi(6, 0, 3)
INTERVAL, INTERVAL_WEIGHTS = (
    1 - ((1 + INTERVAL) / 2) ** 2,
    INTERVAL_WEIGHTS / INTERVAL_WEIGHTS.sum(),
)
NEWTON_STEPS = 20
#: No variance grows beyond this multiple of the largest at the start.
CEILING = 4.0


def fluctuating_states(
    equations: Equations, noise_std: float = 0.0, starts: Array | None = None
) -> list[State]:
    """Every fluctuating state that Newton's method finds, by falling kappa.

    Parameters
    ----------
    equations : Equations
        What has to hold.
    noise_std : float
        Private noise: the standard deviation of an uncoupled neuron. 0 for chaos, the default.
    starts : array (start, rank + 2), optional
        Where to begin, `(kappa, psi0, psi_inf)`; by default a grid of latents, with variances that
        suit them. States at similar parameters are good starts: `start_of` turns them into rows.

    Returns
    -------
    list of State
        Empty where activity comes to rest. The outliers are the eigenvalues of the change of kappa
        that a change of kappa implies, psi0 and psi_inf following; for kappa = 0 and zero means,
        those of the overlap times `⟨phi'⟩`.

    Raises
    ------
    ConvergenceError
        If activity grows without bound, or noise drives the network to no state that was found.
    """
    noise_std = check_number("noise_std", noise_std, at_least=0)
    if equations.g == 0 and noise_std == 0:
        return []
    system = Fluctuations(equations, noise_std)
    if starts is None:
        starts = system.starts()
    else:
        starts = check_array("starts", starts, ("start", equations.rank + 2), dtype=np.float64)
    if not len(starts):
        return []
    found, residuals = system.newton(starts)
    with np.errstate(invalid="ignore"):
        good = (residuals < system.tolerance(found)) & (found[:, -2] > found[:, -1])
    _, distinct = np.unique(np.round(found[good], 8), axis=0, return_index=True)
    states: list[State] = []
    for y in found[good][distinct]:
        state = system.describe(y)
        if state.fluctuating and not any(same(state, other) for other in states):
            states.append(state)
    if noise_std > 0 and not states:
        best = np.nanmin(residuals, initial=np.inf)
        raise ConvergenceError(
            f"no noise-driven state was found (the best residual is {best:.2g}): activity may grow"
            " without bound, so lower the gain or use a nonlinearity that saturates"
        )
    return sorted(states, key=lambda state: tuple(-np.round(state.kappa, 9)))


def start_of(state: State) -> Array:
    """A state as a start, `(kappa, psi0, psi_inf)`, for the search at similar parameters."""
    return np.append(state.kappa, [state.psi0, state.psi_inf])


class Fluctuations:
    """Conditions on `y = (kappa, psi0, psi_inf)`, (..., rank + 2), and their Jacobian."""

    def __init__(self, equations: Equations, noise_std: float) -> None:
        self.equations = equations
        self.noise_std = noise_std

    def conditions(self, y: Array) -> tuple[Array, Array]:
        """By how much each condition is violated, (..., rank + 2), and its derivatives."""
        equations = self.equations
        g, alpha, rank = equations.g, equations.alpha, equations.rank
        kappa, psi0, psi_inf = y[..., :-2], y[..., -2], y[..., -1]
        d = psi0 - psi_inf
        mean = equations.mean(kappa)
        structured = equations.structured_variance(kappa)
        delta0, delta_inf = structured + psi0[..., None], structured + psi_inf[..., None]
        two_point = product(equations.nonlinearity, _PAIRS, mean, delta0, delta_inf)
        square, cross, curve, slopes = (g**2 * pair for pair in two_point[:4])
        chord, *changes = (
            g**2 * term
            for term in _chord(equations.nonlinearity, mean, delta0, delta_inf, two_point)
        )
        residual = np.empty_like(y)
        residual[..., :-2] = equations.latents(kappa, psi0) - kappa
        residual[..., -2] = square @ alpha - psi_inf
        energy = 1 - chord @ alpha
        residual[..., -1] = energy

        mean_m, b = equations.mean_m, 2 * equations.covariance_m(kappa)
        matrix = np.zeros((*y.shape, rank + 2))
        matrix[..., :-2, :-1] = equations.jacobian(y[..., :-1])[..., :-1, :]
        for row, sign, (by_mean, by_delta0, by_delta_inf) in (
            (-2, 1.0, (2 * cross, curve, slopes)),
            (-1, -1.0, changes),
        ):
            along = by_mean[..., None] * mean_m + (by_delta0 + by_delta_inf)[..., None] * b
            matrix[..., row, :-2] = sign * np.einsum("p,...pr->...r", alpha, along)
            matrix[..., row, -2] = sign * (by_delta0 @ alpha)
            matrix[..., row, -1] = sign * (by_delta_inf @ alpha)
        diagonal = np.arange(rank)
        matrix[..., diagonal, diagonal] -= 1
        matrix[..., -2, -1] -= 1
        if self.noise_std > 0:
            # Newton's method hardly overshoots if the condition is multiplied by d. The division by
            # `size`, not differentiated, makes the violation relative for small d.
            kick, size = self.noise_std**4 / d, d + self.noise_std**2
            matrix[..., -1, :] *= d[..., None]
            matrix[..., -1, -2] += energy + kick / d
            matrix[..., -1, -1] -= energy + kick / d
            matrix[..., -1, :] /= size[..., None]
            residual[..., -1] = (d * energy - kick) / size
        return residual, matrix

    def newton(self, starts: Array) -> tuple[Array, Array]:
        """Where Newton's method leads from each start, and the largest violation there."""
        y = np.array(starts, np.float64)
        largest, ceiling = 1 + self.equations.largest_kappa, CEILING * y[:, -2].max()
        y[:, -1] = np.clip(y[:, -1], 0, 0.999 * y[:, -2])
        with np.errstate(all="ignore"):
            residual, matrix = self.conditions(y)
            size = np.abs(residual).max(axis=-1)
            for _ in range(NEWTON_STEPS):
                alive = np.isfinite(size) & ((y[:, -2] - y[:, -1] > ZERO) | (self.noise_std > 0))
                active = np.flatnonzero(alive & (size > 1e-12 * (1 + np.abs(y).max(axis=-1))))
                if not len(active):
                    break
                # Along a continuous attractor the matrix is singular: the shortest step then.
                inverse = np.linalg.pinv(matrix[active], rcond=1e-11)
                step = -np.einsum("...ij,...j->...i", inverse, residual[active])
                excess = np.abs(step[:, :-2]) / largest
                step /= np.maximum(1, excess.max(axis=-1, keepdims=True))
                todo = np.arange(len(active))
                for shorter in (1.0, 0.4, 0.1, 0.02):
                    rows = active[todo]
                    trial = _within(y[rows], y[rows] + shorter * step[todo], ceiling)
                    change, slope = self.conditions(trial)
                    magnitude = np.abs(change).max(axis=-1)
                    better = (magnitude < size[rows]) | ((shorter == 0.02) & np.isfinite(magnitude))
                    chosen = rows[better]
                    y[chosen], residual[chosen] = trial[better], change[better]
                    matrix[chosen], size[chosen] = slope[better], magnitude[better]
                    todo = todo[~better]
                    if not len(todo):
                        break
        return y, size

    def tolerance(self, y: Array) -> Array:
        """What each solution may violate its conditions by, (...)."""
        tolerance = ACCURACY * (1 + np.abs(y).max(axis=-1))
        if self.noise_std > 0:
            # The last condition is relative to d, which is known to the rounding error of psi0.
            tolerance += 1e-15 * y[..., -2] / (y[..., -2] - y[..., -1])
        return np.asarray(tolerance)

    def starts(self) -> Array:
        """Latents all over where they can be, with variances near those that suit them."""
        equations = self.equations
        if equations.largest_kappa.any():
            y = default_starts(equations)
            kappa = y[: len(y) // 2, :-1] if equations.g > 0 else y[:, :-1]
        else:
            kappa = np.zeros((1, equations.rank))
        psi = self._level(kappa)
        if equations.nonlinearity not in ("tanh", "erf"):
            # What bounds the variance may be that kappa follows it: then only solutions tell.
            seeds = self._at_rest(kappa)
            kappa = np.concatenate([kappa, seeds[:, :-1]])
            psi = np.concatenate([psi, seeds[:, -1]])
        kappa, psi = kappa[psi > 0], psi[psi > 0]
        if not len(psi):
            raise ConvergenceError(
                "the variance of activity has no bound: lower the gain or use a nonlinearity that"
                " saturates"
            )
        if self.noise_std == 0:
            # Fluctuations start where the bulk radius exceeds 1; the grid may miss it by a little.
            unstable = equations.bulk_radius(kappa, psi) > 0.95
            kappa, psi = kappa[unstable], psi[unstable]
        y = np.column_stack([kappa, 0.97 * psi, 0.5 * psi])
        # Without structure nothing is frozen.
        centre = y[np.argsort(np.abs(kappa).max(axis=-1))[:1]]
        centre[:, -1] = 0
        return np.concatenate([y, centre])

    def _level(self, kappa: Array) -> Array:
        """Variance psi of a network at rest with given latents, NaN where it has no bound."""
        equations, driven = self.equations, self.noise_std**2
        psi = np.full(len(kappa), driven + equations.g**2)
        mean, structured = equations.mean(kappa), equations.structured_variance(kappa)
        rows = np.arange(len(kappa))
        for _ in range(12):
            averages = product(
                equations.nonlinearity,
                [(0, 0), (1, 1), (0, 2)],
                mean[rows],
                structured[rows] + psi[rows, None],
            )
            square, slopes, curve = (equations.g**2 * (f @ equations.alpha) for f in averages)
            slack = 1 - slopes - curve
            psi[rows[slack <= 0]] = np.nan
            rows, square, slack = rows[slack > 0], square[slack > 0], slack[slack > 0]
            psi[rows] = np.maximum(psi[rows] - (psi[rows] - square - driven) / slack, 0)
        return psi

    def _at_rest(self, kappa: Array) -> Array:
        """Stationary states of the network without noise, (state, rank + 1), from given latents."""
        starts = np.column_stack([kappa, np.full(len(kappa), self.equations.g**2)])
        try:
            states = stationary_states(self.equations, starts)
        except ConvergenceError:
            return np.empty((0, self.equations.rank + 1))
        return np.array(
            [np.append(state.kappa, state.psi0 + self.noise_std**2) for state in states]
        )

    def describe(self, y: Array) -> State:
        """The state at a solution."""
        equations = self.equations
        y = np.where(np.abs(y) < min(ROUNDING, ROUNDING * y[-2]), 0.0, y)
        residual, matrix = self.conditions(y)
        kappa, psi0, psi_inf = y[:-2], float(y[-2]), float(y[-1])
        # How psi0 and psi_inf follow kappa.
        follow = np.linalg.solve(matrix[-2:, -2:], -matrix[-2:, :-2])
        total = matrix[:-2, :-2] + matrix[:-2, -2:] @ follow + np.eye(len(kappa))
        outliers = np.linalg.eigvals(total).astype(complex)
        structured = equations.structured_variance(kappa)
        return State(
            kappa=kappa,
            mu=equations.mean(kappa),
            psi0=psi0,
            psi_inf=psi_inf,
            delta0=structured + psi0,
            delta_inf=structured + psi_inf,
            bulk_radius=float(equations.bulk_radius(kappa, psi0)),
            outliers=outliers[np.lexsort((outliers.imag, -outliers.real))],
            z=equations.readout(kappa, psi0),
            residual=float(np.abs(residual).max()),
            noise_std=self.noise_std,
        )


def _within(before: Array, after: Array, ceiling: float) -> Array:
    """Steps cut short where they would leave the range of the variances."""
    psi_inf = np.clip(after[:, -1], 0, ceiling)
    old = before[:, -2] - before[:, -1]
    d = np.clip(after[:, -2] - after[:, -1], 0.1 * old, np.minimum(10 * old, ceiling))
    return np.column_stack([after[:, :-2], psi_inf + d, psi_inf])


#: Orders of the derivatives in the two-point averages that the conditions take.
_PAIRS = [(0, 0), (0, 1), (0, 2), (1, 1), (-1, -1), (-1, 0), (-1, 1)]


def _chord(
    nonlinearity: str, mean: Array, delta0: Array, delta_inf: Array, two_point: tuple[Array, ...]
) -> tuple[Array, ...]:
    """Mean of `⟨phi' phi'⟩` from psi_inf to psi0, weighted towards psi_inf, and its derivatives.

    `2 ∫ (1 - s) ⟨phi' phi'⟩ ds`, with covariance `delta_inf + s d`, over 0 < s < 1. Derivatives are
    by the mean, delta0 and delta_inf.
    """
    d = delta0 - delta_inf
    near = d < NEAR * np.minimum(1, delta0)
    square, cross, curve, slopes, primitives, mixed, skew = two_point
    own = product(nonlinearity, [(-1, -1), (-1, 0), (-1, 1), (0, 0)], mean, delta0)
    gap = own[0] - primitives - d * square
    with np.errstate(all="ignore"):
        chord = 2 * gap / d**2
        by_mean = 4 * (own[1] - mixed - d * cross) / d**2
        by_delta0 = 2 * (own[3] + own[2] - skew - square - d * curve) / d**2 - 2 * chord / d
        by_delta_inf = 2 * (chord - slopes) / d
    result = (chord, by_mean, by_delta0, by_delta_inf)
    if near.any():
        s = INTERVAL
        covariance = delta_inf[near][:, None] + s * d[near][:, None]
        one, change, sharp, bend = product(
            nonlinearity,
            [(1, 1), (1, 2), (1, 3), (2, 2)],
            mean[near][:, None],
            delta0[near][:, None],
            covariance,
        )
        close = (one, 2 * change, sharp + s * bend, (1 - s) * bend)
        for whole, part in zip(result, close, strict=True):
            whole[near] = part @ INTERVAL_WEIGHTS
    return result
