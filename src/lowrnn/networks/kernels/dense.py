"""The fused kernel for a dense recurrent matrix: products stay in BLAS, all else is one pass.

Trials are worked on in chunks of fixed size: a thread takes one through all time steps and back,
and waits for no other. All weights are one matrix `W = [[J, B], [wᵀ, 0]]`: a product of it with
rates and inputs side by side is the drive of all neurons, and the outputs times N; its transpose
takes the adjoint back; and a single product over steps and trials is the gradient of all weights.
Of the states only rates are kept: these have the slope of phi, but for erf.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.networks.kernels import reference
from lowrnn.networks.kernels.compile import OUTER, share
from lowrnn.networks.kernels.elementwise import CODES, ERF, fill_normal, phi, slope, trial_keys
from lowrnn.networks.kernels.reference import Tensors
from lowrnn.networks.kernels.scratch import scratch
from lowrnn.networks.noise import Noise
from lowrnn.networks.threads import one_torch_thread

Array = NDArray[Any]
Settings = tuple[float, str, Noise]

#: Trials that advance together. Fixed, so that sums do not depend on the number of threads.
CHUNK = 16

_SEPARATE = OUTER | {"noalias": True}


@cache
def _start(code: int) -> Any:
    @njit(**_SEPARATE)
    def start(x: Any, bias: Any, rates: Any, slopes: Any) -> None:
        """Rates of the initial states, in row 0."""
        for b in range(x.shape[0]):
            for i in range(x.shape[1]):
                rates[0, b, i] = phi(code, x[b, i] + bias[i])
                if code == ERF:
                    slopes[0, b, i] = slope(code, x[b, i] + bias[i], rates[0, b, i])

    return start


@cache
def _advance(code: int, noisy: int, keep: int) -> Any:
    @njit(**_SEPARATE)
    def advance(
        x: Any, drive: Any, bias: Any, alpha: Any, std: Any, keys: Any, step: int, rates: Any,
        slopes: Any, outputs: Any, states: Any,
    ) -> None:  # fmt: skip
        """One Euler step of a chunk in place; `drive` is `J r + B u`, and then the outputs."""
        xi = np.empty_like(bias)
        decay = bias.dtype.type(1) - alpha
        for b in range(x.shape[0]):
            if noisy:
                fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(step))
            for i in range(x.shape[1]):
                state = decay * x[b, i] + alpha * drive[b, i]
                if noisy:
                    state += std * xi[i]
                x[b, i] = state
                rates[step + 1, b, i] = phi(code, state + bias[i])
                if code == ERF:
                    slopes[step + 1, b, i] = slope(code, state + bias[i], rates[step + 1, b, i])
                if keep:
                    states[b, step, i] = state
            for o in range(outputs.shape[2]):
                outputs[step, b, o] = drive[b, x.shape[1] + o]

    return advance


@cache
def _retreat(code: int, given: int) -> Any:
    @njit(**_SEPARATE)
    def retreat(
        adjoint: Any, pull: Any, rates: Any, slopes: Any, step: int, alpha: Any, own: Any,
        g_bias: Any,
    ) -> None:  # fmt: skip
        """The adjoint of the states `step`, into row `step - 1`; that of the next is in row `step`.

        `pull` is the latter times the weights. `own` is the gradient of the states after each step
        (trial, time, neuron), if `given`.
        """
        decay = g_bias.dtype.type(1) - alpha
        for b in range(pull.shape[0]):
            for i in range(pull.shape[1]):
                if code == ERF:
                    through = slopes[step, b, i] * (alpha * pull[b, i])
                else:
                    rate = rates[step, b, i]
                    through = slope(code, rate, rate) * (alpha * pull[b, i])
                g_bias[i] += through
                adjoint[step - 1, b, i] = decay * adjoint[step, b, i] + through
            if given and step > 0:
                for i in range(pull.shape[1]):
                    adjoint[step - 1, b, i] += own[b, step - 1, i]

    return retreat


class _Network:
    """A network and its inputs, and the way of a chunk of trials through time and back."""

    def __init__(
        self, settings: Settings, u: Tensor, w: Tensor, J: Tensor, B: Tensor, bias: Tensor,
        start: Tensor,
    ) -> None:  # fmt: skip
        alpha, nonlinearity, noise = settings
        self.u, self.start = u, start.detach()
        self.inputs, self.outputs = B.shape[1], w.shape[1]
        # BLAS is twice as fast on contiguous matrices: W without B to go back, Wᵀ to go forward.
        self.back = torch.cat([J, w.T]).detach()
        beside = torch.cat([B, B.new_zeros(self.outputs, self.inputs)])
        self.ahead = torch.cat([self.back, beside], dim=1).T.contiguous().detach()
        self.bias = bias.detach().numpy()
        self.trials, self.steps = u.shape[:2]
        self.neurons = len(J)
        self.chunks = -(-self.trials // CHUNK)
        scalar = self.bias.dtype.type
        self.alpha, self.std = scalar(alpha), scalar(math.sqrt(2 * alpha) * noise.std)
        self.code, self.noisy = CODES[nonlinearity], int(noise.std > 0)
        self.keys = trial_keys(noise, self.trials if self.noisy else 0)

    def share(self, work: Any) -> None:
        """Call `work(chunk, trials of the chunk)` for all chunks, on all threads."""

        def some(thread: int, first: int, last: int) -> None:
            for chunk in range(first, last):
                work(chunk, slice(chunk * CHUNK, min(self.trials, (chunk + 1) * CHUNK)))

        # A product costs as much as a transfer function for every 16 neurons or so.
        with one_torch_thread():
            share(some, self.chunks, self.trials * self.steps * self.neurons**2 // 16)

    def buffers(self, chunk: int, new: bool = False) -> tuple[Tensor, Tensor]:
        """For rates and inputs (time, trial, neuron and input); for the slopes that erf needs."""
        trials = min(CHUNK, self.trials - chunk * CHUNK)

        def make(name: str, columns: int) -> Tensor:
            shape = self.steps + 1, trials, columns
            return self.back.new_empty(shape) if new else scratch(name, shape, self.back.dtype)

        rates = make("rates", self.neurons + self.inputs)
        return rates, make("slopes", self.neurons) if self.code == ERF else rates

    def simulate(
        self, part: slice, rates: Tensor, slopes: Tensor, states: Array | None = None
    ) -> Tensor:
        """Fill the buffers, and `states` (trial, time, neuron) if given; N times the outputs."""
        x = self.start[part].clone()
        trials = len(x)
        drive = x.new_empty(trials, self.neurons + self.outputs)
        outputs = x.new_empty(self.steps + 1, trials, self.outputs)
        rates[:-1, :, self.neurons :] = self.u[part].transpose(0, 1)
        rates[-1, :, self.neurons :] = 0
        _start(self.code)(x.numpy(), self.bias, rates.numpy(), slopes.numpy())
        advance = _advance(self.code, self.noisy, int(states is not None))
        kept = np.empty((0, 0, 0), self.bias.dtype) if states is None else states[part]
        arrays = rates.numpy(), slopes.numpy(), outputs.numpy(), kept
        each = x.numpy(), drive.numpy(), self.bias, self.alpha, self.std, self.keys[part]
        for step, sources in enumerate(rates[:-1].unbind()):
            torch.mm(sources, self.ahead, out=drive)
            advance(*each, step, *arrays)
        if self.outputs:
            outputs[-1] = rates[-1] @ self.ahead[:, self.neurons :]
        return outputs

    def differentiate(
        self, rates: Tensor, slopes: Tensor, g_outputs: Tensor, own: Array | None = None
    ) -> tuple[Tensor, Array, Tensor]:
        """Gradients of `W`, bias and initial states of a chunk.

        `g_outputs` is the gradient of what `simulate` returned, `own` that of the states.
        """
        trials = rates.shape[1]
        shape = self.steps + 2, trials, self.neurons + self.outputs
        # Row t holds the adjoint of the states after step t, and what comes from the outputs of
        # those before it. The last row is for the initial states: -1 is where row 0 goes back to.
        adjoint = scratch("adjoint", shape, self.back.dtype)
        adjoint[self.steps, :, : self.neurons] = 0
        adjoint[:-1, :, self.neurons :] = g_outputs / float(self.alpha)
        pull = self.back.new_empty(trials, self.neurons)
        g_bias = np.zeros_like(self.bias)
        retreat = _retreat(self.code, int(own is not None))
        arrays = adjoint.numpy(), pull.numpy(), rates.numpy(), slopes.numpy()
        own = np.empty((0, 0, 0), self.bias.dtype) if own is None else own
        rows = adjoint.unbind()
        for step in range(self.steps, -1, -1):
            torch.mm(rows[step], self.back, out=pull)
            retreat(*arrays, step, self.alpha, own, g_bias)
        flat = adjoint[:-1].view(-1, self.neurons + self.outputs)
        g_W = flat.T @ rates.view(-1, self.neurons + self.inputs)
        return g_W.mul_(float(self.alpha)), g_bias, adjoint[-1, :, : self.neurons].clone()

    def collect(self, parts: list[Any]) -> tuple[Tensor, ...]:
        """Gradients of `w`, `J`, `B`, bias and initial states from all chunks, in their order."""
        g_W = parts[0][0]
        for part in parts[1:]:
            g_W += part[0]
        g_bias = np.sum([part[1] for part in parts], axis=0)
        g_start = torch.cat([part[2] for part in parts])
        N = self.neurons
        return g_W[N:, :N].T, g_W[:N, :N], g_W[:N, N:], torch.from_numpy(g_bias), g_start


class _Integrate(torch.autograd.Function):
    """States of all steps, and the adjoint of any loss on them."""

    @staticmethod
    def forward(ctx: Any, settings: Settings, u: Tensor, *values: Tensor) -> Tensor:
        J = values[0]
        network = _Network(settings, u, J.new_empty(len(J), 0), *values)
        x = np.empty((network.trials, network.steps, network.neurons), network.bias.dtype)
        keep = any(ctx.needs_input_grad)
        kept: list[Any] = [None] * network.chunks

        def work(chunk: int, part: slice) -> None:
            buffers = network.buffers(chunk, new=keep)
            network.simulate(part, *buffers, x)
            kept[chunk] = buffers if keep else None

        network.share(work)
        ctx.network, ctx.kept = network, kept
        return torch.from_numpy(x)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        network: _Network = ctx.network
        own = outputs[0].contiguous().numpy()
        parts: list[Any] = [None] * network.chunks

        def work(chunk: int, part: slice) -> None:
            rates, slopes = ctx.kept[chunk]
            nothing = rates.new_empty(*rates.shape[:2], 0)
            parts[chunk] = network.differentiate(rates, slopes, nothing, own[part])

        network.share(work)
        return None, None, *network.collect(parts)[1:]


class _SquaredError(torch.autograd.Function):
    """A weighted sum of squared errors of the output, its gradient taken in the same pass."""

    @staticmethod
    def forward(
        ctx: Any, settings: Settings, u: Tensor, target: Tensor, weight: Tensor, *values: Tensor
    ) -> Tensor:
        network = _Network(settings, u, *values)
        parts: list[Any] = [None] * network.chunks

        def work(chunk: int, part: slice) -> None:
            rates, slopes = network.buffers(chunk)
            outputs = network.simulate(part, rates, slopes)
            wanted = target[part].transpose(0, 1)
            error = (outputs[1:] / network.neurons - wanted).masked_fill_(torch.isnan(wanted), 0)
            scaled = error * weight[part].T[:, :, None]
            loss = float((scaled * error).sum(dtype=torch.float64))
            g_outputs = torch.zeros_like(outputs)
            g_outputs[1:] = 2 / network.neurons * scaled
            parts[chunk] = *network.differentiate(rates, slopes, g_outputs), loss

        network.share(work)
        ctx.save_for_backward(*network.collect(parts))
        return torch.tensor(sum(part[-1] for part in parts), dtype=target.dtype)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        scaled = [
            outputs[0] * gradient if wanted else None
            for gradient, wanted in zip(ctx.saved_tensors, ctx.needs_input_grad[4:], strict=True)
        ]
        return None, None, None, None, *scaled


def _values(tensors: Tensors, trials: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`J`, `B`, bias and initial states; a low-rank part is added to the dense matrix."""
    J = tensors["J"]
    neurons = len(J)
    if "m" in tensors:
        J = J + tensors["m"] @ tensors["n"].T / neurons
    bias = tensors.get("bias", J.new_zeros(neurons))
    start = tensors.get("initial_state", J.new_zeros(neurons)).expand(trials, neurons)
    return J, tensors["B"], bias, start


def integrate(
    tensors: Tensors, u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """As `reference.integrate`, for a network with a dense matrix."""
    values = _values(tensors, len(u))
    x: Tensor = _Integrate.apply((alpha, nonlinearity, noise), u, *values)
    return x


def squared_error(
    tensors: Tensors, u: Tensor, target: Tensor, weight: Tensor, *, on: str, alpha: float,
    nonlinearity: str, noise: Noise,
) -> Tensor:  # fmt: skip
    """As `reference.error_of` the states; fused where it is the error of the output."""
    if on != "output":
        x = integrate(tensors, u, alpha=alpha, nonlinearity=nonlinearity, noise=noise)
        return reference.error_of(x, tensors, target, weight, on=on, nonlinearity=nonlinearity)
    settings = alpha, nonlinearity, noise
    values = tensors["w"], *_values(tensors, len(u))
    loss: Tensor = _SquaredError.apply(settings, u, target, weight, *values)
    return loss
