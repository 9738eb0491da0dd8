"""Students as the formulas say, in plain tensor operations: the definition of the fused kernel.

Tests hold the kernel to it, and its speed is what that of the kernel is measured against.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.networks import NONLINEARITIES, RNN, Noise, RandomPlusLowRank, structured_part


def plain_students(
    family: RuleFamily,
    theta: ArrayLike,
    seeds: ArrayLike,
    rnn: RNN,
    u: ArrayLike,
    *,
    epochs: int = 6,
    record: ArrayLike = (-1,),
    frame: ArrayLike,
    chi: torch.Tensor | None = None,
    dtype: torch.dtype = torch.float32,
) -> NDArray[np.floating]:
    """`Students.projections` of a batch, computed side by side.

    Parameters are those of `students`; `record` and `frame` are arrays here. `chi` (student,
    neuron, neuron) may be given in place of seeds: with independent entries of variance 1.
    """
    phi = NONLINEARITIES[rnn.nonlinearity]
    structured = structured_part(rnn.connectivity)
    assert structured is not None
    N, alpha = rnn.neurons, rnn.alpha

    def tensor(value: ArrayLike) -> torch.Tensor:
        return torch.as_tensor(np.asarray(value, np.float64)).to(dtype)

    coefficients, directions = tensor(theta), tensor(frame) / N**0.5
    start = tensor(structured.m) @ tensor(structured.n).T / N
    start = start.expand(len(coefficients), N, N)
    if isinstance(rnn.connectivity, RandomPlusLowRank):
        if chi is None:
            each = [
                np.concatenate([Noise(1.0, int(seed)).normal(1, j, N) for j in range(N)]).T
                for seed in np.asarray(seeds)
            ]
            chi = tensor(np.stack(each))
        start = start + rnn.connectivity.g / N**0.5 * chi
    J, drive = start.clone(), tensor(u) @ tensor(rnn.inputs).T
    bias, begin = tensor(rnn.bias), tensor(rnn.initial_state)
    threshold = torch.ones(len(coefficients), 1, N, dtype=dtype)
    forget = 1 - np.exp(-drive.shape[1] * rnn.dt / family.threshold)
    found = []
    for _ in range(epochs):
        x = begin.expand(len(coefficients), len(drive), N)
        states, before, after = [], [], []
        for step in range(drive.shape[1]):
            rates = phi(x + bias)
            x = x + alpha * (torch.bmm(rates, J.mT) + drive[:, step] - x)
            before.append(rates)
            states.append(x)
            after.append(phi(x + bias))
        found.append(torch.stack(states, dim=2)[:, :, torch.as_tensor(record)] @ directions)
        pre, post = torch.cat(before, dim=1), torch.cat(after, dim=1)
        mean_square = (post**2).mean(dim=1, keepdim=True)
        if family.pre == "centred":
            pre = pre - pre.mean(dim=1, keepdim=True)
        if family.post == "centred":
            post = post - post.mean(dim=1, keepdim=True)
        D = torch.zeros_like(J)
        for k, terms in enumerate(family.parsed):
            for term in terms:
                left = post**term.post * threshold**term.threshold
                product = torch.bmm(left.mT, pre**term.pre) / pre.shape[1]
                weight = term.coefficient * coefficients[:, k, None, None]
                D = D + weight * product * (N * J) ** term.weight
        J = start + (1 - family.decay) * (J - start) + family.rate / N * D
        threshold = threshold + forget * (mean_square - threshold)
    return torch.stack(found, dim=1).numpy()
