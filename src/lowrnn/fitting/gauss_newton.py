"""A fast start for LINT: the dynamics by Gauss-Newton, the loadings by regression.

The state of a rank-R network is `h = W d`, with `W = (m, B, ...)` the loadings of each neuron and
`d = (kappa, filtered inputs, ...)` a few numbers shared by all. Given the latents kappa(t), the
loadings of every neuron are a small regression of their own. Given the loadings, the latents follow
from n alone, which acts only on the rates that are visited: n is sought among their principal
components, R·q numbers, and the sensitivity of kappa to them obeys a recursion in R dimensions. So
both halves of the problem take a Gauss-Newton step for about the price of a simulation, and what
counts is how well the simulated network, not the regression, fits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal
import scipy.special
from numpy.typing import NDArray

from lowrnn.networks.kernels.evaluate import evaluate
from lowrnn.networks.kernels.response import respond

Array = NDArray[np.floating]

#: So many time bins tell the variance of the noise to a per cent or two.
_MOST_BINS = 4000


@dataclass(frozen=True)
class Start:
    """Loadings and selection vectors that Gauss-Newton found, and how well they do."""

    m: Array
    n: Array
    B: Array
    bias: Array
    initial_state: Array
    r2: float


def _inverse(nonlinearity: str, rates: Array) -> Array:
    """A state that gives these rates, kept away from where phi saturates."""
    if nonlinearity == "tanh":
        return np.asarray(np.arctanh(np.clip(rates, -0.995, 0.995)))
    if nonlinearity == "erf":
        return np.asarray(scipy.special.erfinv(np.clip(rates, -0.995, 0.995)))
    if nonlinearity == "softplus":
        return np.asarray(np.log(np.expm1(np.maximum(rates, 1e-2))))
    return rates


class Problem:
    """The data, and a network of loadings `W` (neuron, regressor) and dynamics `c` (q, rank)."""

    def __init__(
        self, u: Array, target: Array, *, rank: int, alpha: float, nonlinearity: str, on: str,
        bias: bool, initial_state: bool, penalty: float,
    ) -> None:  # fmt: skip
        self.penalty = penalty
        self.trials, self.steps, self.neurons = target.shape
        self.rank, self.alpha, self.on = rank, alpha, on
        self.nonlinearity = nonlinearity
        self.u, self.given = u, target
        seen = ~np.isnan(target)
        self.target = np.where(seen, target, 0)
        #: 1 where observed, 0 elsewhere; a plain 1 spares the products where nothing is missing.
        self.seen: Any = 1 if seen.all() else seen.astype(target.dtype)
        filtered = scipy.signal.lfilter([alpha], [1, alpha - 1], u, axis=1)
        columns = [filtered]
        self.inputs = u.shape[2]
        shape = (self.trials, self.steps, 1)
        if initial_state:
            decay = (1 - alpha) ** np.arange(1, self.steps + 1)
            columns.append(np.broadcast_to(decay[:, None], shape))
        # On states a bias shows only through the dynamics, so regression cannot find it.
        self.bias = bias and on == "rates"
        if self.bias:
            columns.append(np.ones(shape))
        self.initial_state = initial_state
        self.known = np.concatenate(columns, axis=2).astype(target.dtype)
        observed = target[seen]
        self.variance = float(((observed - observed.mean()) ** 2).sum())

    def phi(self, h: Array) -> Array:
        return respond(self.nonlinearity, h)[0]

    def regressors(self, kappa: Array) -> Array:
        return np.concatenate([kappa, self.known], axis=2)

    def start(self, kappa: Array | None = None) -> tuple[Array, Array]:
        """Loadings by regression of the states on latents, given or of a factor model."""
        x = _inverse(self.nonlinearity, self.target) if self.on == "rates" else self.target
        flat = x.reshape(-1, self.neurons)
        known = self.known if kappa is None else self.regressors(kappa)
        known = known.reshape(len(flat), -1)
        own = np.zeros((0, self.neurons), flat.dtype)
        if known.shape[1]:
            gram = known.T @ known
            # A latent that collapsed, or repeats an input, must not get huge loadings.
            ridge = self.penalty + 1e-6 * np.trace(gram) + np.finfo(gram.dtype).tiny
            gram += ridge * np.eye(len(gram), dtype=gram.dtype)
            own = np.linalg.solve(gram, known.T @ flat).astype(flat.dtype)
        if kappa is not None:
            return own.T, kappa
        left = ((x - (known @ own).reshape(x.shape)) * self.seen).reshape(flat.shape)
        m = _components(left, self.rank)
        factors = (left @ m / self.neurons).reshape(self.trials, self.steps, self.rank)
        return np.concatenate([m, own.T], axis=1), factors

    def residual(self, prediction: Array) -> Array:
        """What rates or states `prediction` miss of the target, where it was observed."""
        return np.asarray((self.target - prediction) * self.seen)

    def resting(self, W: Array) -> Array:
        """Pre-activations before the first step."""
        first = np.zeros(W.shape[1], W.dtype)
        after_inputs = self.rank + self.inputs
        first[after_inputs:] = 1
        return W @ first

    def simulate(self, W: Array, basis: Array, c: Array) -> tuple[float, Array]:
        """Penalised loss and latents of the network with `n = basis c`; infinite if it diverges."""
        resting = self.resting(W)
        bias = W[:, -1] if self.bias else np.zeros_like(resting)
        loss, drive = evaluate(
            W[:, : self.rank], basis @ c, W[:, self.rank : self.rank + self.inputs], bias,
            resting - bias, self.u, self.given, alpha=self.alpha, nonlinearity=self.nonlinearity,
            on=self.on,
        )  # fmt: skip
        kappa = scipy.signal.lfilter([self.alpha], [1, self.alpha - 1], drive, axis=1)
        # The columns of the basis have length sqrt(N), so this is the sum of squares of n.
        loss += self.penalty * float((W**2).sum() + self.neurons * (c**2).sum())
        return (loss if np.isfinite(loss) else np.inf), kappa.astype(W.dtype)

    def sensitivity(self, W: Array, basis: Array, c: Array, kappa: Array) -> tuple[Array, Array]:
        """Gauss-Newton matrix and downhill gradient of the loss in `c`, along `kappa`."""
        q, rank = c.shape
        m, alpha = W[:, :rank], self.alpha
        h = self.regressors(kappa) @ W.T
        rates, slope = respond(self.nonlinearity, h)
        weight = slope if self.on == "rates" else np.ones_like(slope)
        residual = self.residual(rates if self.on == "rates" else h)
        pairs = (m[:, :, None] * m[:, None, :]).reshape(-1, rank * rank)
        through = (weight**2 * self.seen) @ pairs
        pull = (weight * residual) @ m
        mixed = (m[:, :, None] * (basis @ c / self.neurons)[:, None, :]).reshape(-1, rank * rank)
        feedback = (slope @ mixed).reshape(self.trials, self.steps, rank, rank)
        resting = self.resting(W)
        resting_rates, resting_slope = respond(self.nonlinearity, resting)
        features = rates @ basis / self.neurons
        before = np.broadcast_to(resting_rates @ basis / self.neurons, (self.trials, q))
        jacobian = np.broadcast_to(
            (resting_slope @ mixed).reshape(rank, rank), (self.trials, rank, rank)
        )
        S = np.zeros((self.trials, rank, q, rank), W.dtype)
        H, g = np.zeros((q * rank, q * rank), W.dtype), np.zeros(q * rank, W.dtype)
        direct = np.eye(rank, dtype=W.dtype)
        for step in range(self.steps):
            passed = np.einsum("bsr,bsk->brk", jacobian, S.reshape(self.trials, rank, -1))
            S = (1 - alpha) * S + alpha * (
                passed.reshape(S.shape) + before[:, None, :, None] * direct[:, None, :]
            )
            flat = S.reshape(self.trials, rank, -1)
            metric = through[:, step].reshape(-1, rank, rank)
            H += np.tensordot(flat, metric @ flat, axes=([0, 1], [0, 1]))
            g += np.tensordot(pull[:, step], flat, axes=([0, 1], [0, 1]))
            before, jacobian = features[:, step], feedback[:, step]
        ridge = self.penalty * self.neurons
        return H + ridge * np.eye(len(H), dtype=H.dtype), g - ridge * c.ravel()

    def regress_loadings(self, W: Array, kappa: Array) -> Callable[[float], Array]:
        """The Gauss-Newton change of each neuron's loadings, as a function of the damping."""
        d = self.regressors(kappa).reshape(-1, W.shape[1])
        h = self.regressors(kappa) @ W.T
        rates, slope = respond(self.nonlinearity, h)
        weight = slope if self.on == "rates" else np.ones_like(slope)
        residual = self.residual(rates if self.on == "rates" else h)
        flat = (len(d), self.neurons)
        count = W.shape[1]
        pairs = (d[:, :, None] * d[:, None, :]).reshape(len(d), -1)
        A = ((weight**2 * self.seen).reshape(flat).T @ pairs).reshape(-1, count, count)
        A += self.penalty * np.eye(count, dtype=A.dtype)
        b = (weight * residual).reshape(flat).T @ d - self.penalty * W
        scale = np.einsum("npp->np", A)
        floor = 1e-3 * scale.mean(axis=0) + np.finfo(W.dtype).tiny

        def change(damping: float) -> Array:
            damped = A + np.eye(count, dtype=W.dtype) * (damping * scale + floor)[:, :, None]
            # No loading moves by more than its own order of magnitude in one step.
            return np.asarray(np.clip(np.linalg.solve(damped, b[:, :, None])[:, :, 0], -1, 1))

        return change

    def basis(self, h: Array, size: int) -> Array:
        """The leading principal directions of the rates that are visited, (neuron, size)."""
        return _components(self.phi(h).reshape(-1, self.neurons), size)

    def regress_dynamics(self, basis: Array, h: Array, kappa: Array, ridge: float) -> Array:
        """The coefficients `c` that best drive `kappa` one step ahead."""
        features = (self.phi(h) @ basis / self.neurons)[:, :-1].reshape(-1, basis.shape[1])
        drive = (kappa[:, 1:] - (1 - self.alpha) * kappa[:, :-1]) / self.alpha
        gram = features.T @ features
        gram += np.eye(len(gram), dtype=gram.dtype) * (ridge * np.trace(gram) / len(gram))
        return np.linalg.solve(gram, features.T @ drive.reshape(len(features), -1))


def _components(rows: Array, size: int) -> Array:
    """Leading right singular vectors of `rows`, with a mean square of 1, by subspace iteration."""
    neurons = rows.shape[1]
    random = np.random.default_rng(0)
    if len(rows) > 2000:
        rows = rows[random.choice(len(rows), 2000, replace=False)]
    guess = random.standard_normal((neurons, min(neurons, size + 4)))
    vectors = np.linalg.qr(guess.astype(rows.dtype))[0]
    for _ in range(3):
        vectors = np.linalg.qr(rows.T @ (rows @ vectors))[0]
    _, _, rotation = np.linalg.svd(rows @ vectors, full_matrices=False)
    leading: Array = (vectors @ rotation.T)[:, :size] * np.sqrt(neurons, dtype=rows.dtype)
    return leading


def noise_variance(activity: Array, dimensions: int) -> float:
    """Mean square of what the leading components leave of the activity (trial, time, neuron).

    Up to the curvature of phi, no network can follow more of it than the states have dimensions.
    Of more than `_MOST_BINS` observed bins, a random subset is looked at.
    """
    neurons = activity.shape[2]
    bins = np.flatnonzero(~np.isnan(activity).all(axis=2))
    if len(bins) > _MOST_BINS:
        bins = np.random.default_rng(0).choice(bins, _MOST_BINS, replace=False)
    rows = activity.reshape(-1, neurons)[bins]
    seen = ~np.isnan(rows)
    rows = np.where(seen, rows, 0)
    # Some neurons must be left over to show the noise.
    axes = _components(rows, min(dimensions, neurons // 2)) / np.sqrt(neurons, dtype=rows.dtype)
    rest = (rows - rows @ axes @ axes.T) * seen
    return float((rest**2).sum() / seen.sum())


def gauss_newton(
    u: Array, target: Array, *, rank: int, alpha: float, nonlinearity: str, on: str,
    bias: bool = False, initial_state: bool = False, penalty: float = 0.0, size: int = 30,
    sweeps: int = 16,
    tolerance: float = 1e-3, patience: int = 4, target_r2: float | None = None,
) -> Start:  # fmt: skip
    """Fit a low-rank network to activity by alternating Gauss-Newton steps.

    Parameters
    ----------
    u : array (trial, time, input)
        Inputs.
    target : array (trial, time, neuron)
        Rates or states; NaN = not observed. A few dozen trials are enough.
    rank : int
        Number of latents.
    alpha : float
        `dt / tau`.
    nonlinearity : str
        phi.
    on : {"rates", "states"}
        What `target` is.
    bias, initial_state : bool
        Whether to find these too; one initial state for all trials.
    penalty : float
        Weight of the sum of squares of all parameters beside the sum of squared errors.
    size : int
        Number of principal components of the rates among which n is sought.
    sweeps : int
        At most so many rounds of both steps.
    tolerance, patience : float, int
        Ends the fit once so many rounds in a row have improved R² by less than this.
    target_r2 : float, optional
        Ends the fit once R² is at least this.
    """
    problem = Problem(
        u, target, rank=rank, alpha=alpha, nonlinearity=nonlinearity, on=on, bias=bias,
        initial_state=initial_state, penalty=penalty,
    )  # fmt: skip
    size = min(size, problem.neurons, problem.trials * problem.steps)
    W, kappa = problem.start()
    h = problem.regressors(kappa) @ W.T
    basis = problem.basis(h, size)
    c = problem.regress_dynamics(basis, h, kappa, 3e-2)

    loss, kappa = problem.simulate(W, basis, c)
    best = (loss, W, basis @ c)
    on_dynamics, on_loadings = 1e-2, 1e-2
    stale = 0
    for _ in range(sweeps):
        for _ in range(2):
            H, g = problem.sensitivity(W, basis, c, kappa)
            for _ in range(5):
                damped = H + np.eye(len(H), dtype=H.dtype) * (on_dynamics * np.trace(H) / len(H))
                trial = c + np.linalg.solve(damped, g).reshape(c.shape)
                found, path = problem.simulate(W, basis, trial)
                if found < loss:
                    c, loss, kappa = trial, found, path
                    on_dynamics = max(on_dynamics / 4, 1e-6)
                    break
                on_dynamics = min(6 * on_dynamics, 1e6)
        before = best[0]
        if loss < best[0]:
            best = (loss, W, basis @ c)
        change = problem.regress_loadings(W, kappa)
        for _ in range(4):
            moved = W + change(on_loadings)
            h = problem.regressors(kappa) @ moved.T
            new_basis = problem.basis(h, size)
            trial = problem.regress_dynamics(new_basis, h, kappa, 1e-4)
            found, path = problem.simulate(moved, new_basis, trial)
            # A worse network is no matter for a while: the next steps of n mend it, and a fit that
            # only ever goes down ends in poorer optima.
            if found < 2 * loss:
                W, basis, c, loss, kappa = moved, new_basis, trial, found, path
                on_loadings = max(on_loadings / 5, 1e-3)
                break
            on_loadings *= 4
        if loss < best[0]:
            best = (loss, W, basis @ c)
        stale = 0 if before - best[0] > tolerance * problem.variance else stale + 1
        reached = target_r2 is not None and 1 - best[0] / problem.variance >= target_r2
        if reached or stale == patience:
            break
    loss, W, n = best
    after_inputs = rank + problem.inputs
    extra = iter(W[:, after_inputs:].T)
    zero = np.zeros(problem.neurons, W.dtype)
    return Start(
        m=W[:, :rank],
        n=n,
        B=W[:, rank:after_inputs],
        initial_state=next(extra) if initial_state else zero,
        bias=next(extra) if problem.bias else zero,
        r2=1 - loss / problem.variance,
    )
