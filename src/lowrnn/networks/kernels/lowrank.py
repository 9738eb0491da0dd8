"""The fused kernel for low-rank networks, as functions that torch can differentiate."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.networks.kernels import loops
from lowrnn.networks.kernels.compile import hand_out, share
from lowrnn.networks.kernels.elementwise import CODES, ERF, trial_keys
from lowrnn.networks.kernels.scratch import scratch
from lowrnn.networks.noise import Noise

Array = NDArray[Any]
_MODES = {"output": loops.OUTPUT, "rates": loops.RATES, "states": loops.STATES}


class _Problem:
    """The arrays of one call, laid out as `loops` reads them."""

    def __init__(
        self,
        arrays: Mapping[str, Array],
        u: Tensor,
        alpha: float,
        nonlinearity: str,
        noise: Noise,
    ) -> None:
        m, n, B = arrays["m"], arrays["n"], arrays["B"]
        self.dtype, self.precision = m.dtype, u.dtype
        (self.neurons, self.R), self.S = m.shape, B.shape[1]
        self.trials, self.steps = u.shape[:2]
        self.biased = "bias" in arrays
        self.bias = arrays.get("bias", np.zeros(self.neurons, self.dtype))
        rows = self.R + self.S + self.biased
        self.W = np.empty((rows, self.neurons), self.dtype)
        self.W[: self.R], self.W[self.R : self.R + self.S] = m.T, B.T
        self.u = np.ones((self.trials, self.steps, self.S + self.biased), self.dtype)
        self.u[:, :, : self.S] = u.numpy()
        if self.biased:
            self.W[-1] = self.bias
        start = arrays.get("initial_state", np.zeros(self.neurons, self.dtype))
        self.per_trial = start.ndim == 2
        self.start = np.atleast_2d(start) + self.bias
        self.V = np.ascontiguousarray(n.T)
        self.factored = int("c" in arrays)
        self.factors = np.ascontiguousarray(arrays.get("c", np.empty((0, 0), self.dtype)))
        self.code = CODES[nonlinearity]
        self.alpha = self.dtype.type(alpha)
        self.std = self.dtype.type(math.sqrt(2 * alpha) * noise.std)
        self.noisy = int(noise.std > 0)
        self.keys = trial_keys(noise, self.trials if self.noisy else 0)

    def simulate(self) -> Array:
        out = np.empty((self.trials, self.steps, self.neurons), self.dtype)
        kernel = loops.simulator(self.R, len(self.W), self.code, self.noisy, self.factored)

        def work(thread: int, first: int, last: int) -> None:
            kernel(
                self.W, self.V, self.bias, self.start, self.u, self.factors, self.alpha, self.std,
                self.keys, first, last, out,
            )  # fmt: skip

        share(work, self.trials, out.size)
        return out

    def differentiate(
        self, mode: int, target: Array, weight: Array, given: Array, w: Array | None, driven: bool
    ) -> tuple[float, dict[str, Array]]:
        """The loss and its gradients by name; that of the inputs is `u`, if `driven`."""
        V = self.V if w is None else np.concatenate([self.V, w.T])
        P, Q, N = len(self.W), len(V), self.neurons
        kernel = loops.differentiator(
            self.R, P, Q, self.code, self.noisy, mode, self.factored, int(driven)
        )
        chunks = -(-self.trials // loops.CHUNK)
        rows = loops.BLOCK * -(-self.steps // loops.BLOCK) + 1
        parts = 3 if self.code == ERF else 1 if mode == loops.OUTPUT else 2
        loss = np.zeros(self.trials)
        gradient = scratch("gradient", (chunks, P + Q + 1, N), self.precision).numpy()
        g_start = np.empty((self.trials, N), self.dtype)
        g_factors = np.zeros_like(self.factors)
        shape = (self.trials, self.steps + 1, self.R + self.S) if driven else (0, 0, 0)
        g_rows = np.empty(shape, self.dtype)

        def work(counter: NDArray[np.int64]) -> None:
            kernel(
                self.W, V, self.bias, self.start, self.u, self.factors, target, weight, given,
                self.alpha, self.std, self.keys, counter,
                scratch("rows", (parts * rows, N), self.precision).numpy(), loss, gradient, g_start,
                g_factors, g_rows,
            )  # fmt: skip

        hand_out(work, chunks, self.trials * self.steps * self.neurons)
        total = gradient.sum(axis=0)
        R, S = self.R, self.S
        gradients = {"m": total[:R].T, "B": total[R : R + S].T, "n": total[P : P + R].T}
        if w is not None:
            gradients["w"] = total[P + R : P + Q].T
        from_start = g_start.sum(axis=0)
        if self.biased:
            gradients["bias"] = total[R + S] + total[-1] + from_start
        gradients["initial_state"] = g_start if self.per_trial else from_start
        gradients["c"] = g_factors
        if driven:
            gradients["u"] = g_rows[:, :-1, R:]
        return float(loss.sum()), gradients


class _Integrate(torch.autograd.Function):
    """States of all steps, and the adjoint of any loss on them."""

    @staticmethod
    def forward(
        ctx: Any, names: tuple[str, ...], u: Tensor, settings: Any, *values: Tensor
    ) -> Tensor:
        arrays = {name: value.numpy() for name, value in zip(names, values, strict=True)}
        problem = _Problem(arrays, u, *settings)
        ctx.problem, ctx.names = problem, names
        x = torch.from_numpy(problem.simulate())
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        problem: _Problem = ctx.problem
        weight = np.zeros((problem.trials, problem.steps), problem.dtype)
        given = outputs[0].contiguous().numpy()
        driven = ctx.needs_input_grad[1]
        _, gradients = problem.differentiate(loops.GIVEN, given, weight, x.numpy(), None, driven)
        g_u = torch.from_numpy(gradients["u"]) if driven else None
        return None, g_u, None, *(torch.from_numpy(gradients[name]) for name in ctx.names)


class _SquaredError(torch.autograd.Function):
    """A weighted sum of squared errors, its gradient taken in the same pass."""

    @staticmethod
    def forward(
        ctx: Any, names: tuple[str, ...], u: Tensor, settings: Any, on: str, target: Tensor,
        weight: Tensor, *values: Tensor,
    ) -> Tensor:  # fmt: skip
        arrays = {name: value.numpy() for name, value in zip(names, values, strict=True)}
        w = arrays.pop("w") if on == "output" else None
        problem = _Problem(arrays, u, *settings)
        nothing = np.empty((0, 0, 0), problem.dtype)
        driven = ctx.needs_input_grad[1]
        loss, gradients = problem.differentiate(
            _MODES[on], target.contiguous().numpy(), weight.contiguous().numpy(), nothing, w, driven
        )
        gradients.setdefault("u", nothing)
        ctx.save_for_backward(*(torch.from_numpy(gradients[name]) for name in ("u", *names)))
        return torch.tensor(loss, dtype=target.dtype)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        # After the names and the inputs come the settings, what is predicted, and the target.
        needed = ctx.needs_input_grad[1], *ctx.needs_input_grad[6:]
        g_u, *scaled = [
            outputs[0] * gradient if wanted else None
            for gradient, wanted in zip(ctx.saved_tensors, needed, strict=True)
        ]
        return None, g_u, None, None, None, None, *scaled


def integrate(
    tensors: Mapping[str, Tensor], u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """As `reference.integrate`, for a low-rank network."""
    names = tuple(tensors)
    x: Tensor = _Integrate.apply(names, u, (alpha, nonlinearity, noise), *tensors.values())
    return x


def squared_error(
    tensors: Mapping[str, Tensor], u: Tensor, target: Tensor, weight: Tensor, *, on: str,
    alpha: float, nonlinearity: str, noise: Noise,
) -> Tensor:  # fmt: skip
    """As `reference.squared_error`, for a low-rank network."""
    names = tuple(tensors)
    loss: Tensor = _SquaredError.apply(
        names, u, (alpha, nonlinearity, noise), on, target, weight, *tensors.values()
    )
    return loss


def output_gradient(
    tensors: Mapping[str, Tensor], u: Tensor, target: Tensor, weight: Tensor, names: Sequence[str],
    *, alpha: float, nonlinearity: str, noise: Noise,
) -> tuple[float, list[Array]]:  # fmt: skip
    """As `lowrnn.networks.kernels.output_gradient`, for a low-rank network."""
    arrays = {name: value.detach().numpy() for name, value in tensors.items()}
    w = arrays.pop("w")
    problem = _Problem(arrays, u, alpha, nonlinearity, noise)
    nothing = np.empty((0, 0, 0), problem.dtype)
    loss, gradients = problem.differentiate(
        loops.OUTPUT, target.contiguous().numpy(), weight.contiguous().numpy(), nothing, w, False
    )
    return loss, [gradients[name] for name in names]
