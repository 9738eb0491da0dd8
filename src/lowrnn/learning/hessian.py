"""How flat a minimum is: the trace of the Hessian of the loss."""

from collections.abc import Sequence

import numpy as np
import torch

from lowrnn.errors import InputError
from lowrnn.learning.drift import Batch, check_trained, check_trials
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import RNN, Noise
from lowrnn.networks.kernels import reference
from lowrnn.tasks import Trials


def hessian_trace(
    rnn: RNN,
    trials: Trials,
    *,
    trained: Sequence[str] | None = None,
    probes: int = 30,
    seed: int = 0,
) -> tuple[float, float]:
    """Trace of the Hessian of the loss, by Hutchinson's estimator.

    The mean of `vᵀ H v` over vectors v of random signs: unbiased, and exact where H is diagonal.
    The Hessian is never formed; a probe costs as much as a few updates by autograd.

    Parameters
    ----------
    rnn : RNN
        The network; its noise is left out.
    trials : Trials
        Those of the loss, which is that of `train`.
    trained : sequence of str, optional
        The parameters with respect to which: by default the connectivity, "B" and "w".
    probes : int
        How many vectors v; at least 2.
    seed : int
        Determines them.

    Returns
    -------
    trace, error : float
        The estimate and its standard error.

    Raises
    ------
    InputError
        If the network does not fit the trials or a setting is out of range.
    """
    names = check_trained(rnn, trained)
    check_trials(rnn, trials)
    if probes < 2:
        raise InputError(f"probes is {probes}: give at least 2")
    rng = np.random.default_rng(check_seed(seed))
    tensors = {name: value.double() for name, value in rnn.tensors().items()}
    leaves = [tensors[name].requires_grad_() for name in names]
    batch = Batch.of(rnn, trials)
    # The fused kernels have no second derivative.
    x = reference.integrate(
        tensors, batch.u.double(), alpha=rnn.alpha, nonlinearity=rnn.nonlinearity, noise=Noise(0.0)
    )
    loss = reference.error_of(
        x, tensors, batch.target.double(), batch.weight.double(), on="output",
        nonlinearity=rnn.nonlinearity,
    ) / len(batch.u)  # fmt: skip
    gradients = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)
    values = []
    for _ in range(probes):
        signs = [torch.from_numpy(rng.choice([-1.0, 1.0], leaf.shape)) for leaf in leaves]
        curved = torch.autograd.grad(
            gradients, leaves, signs, retain_graph=True, materialize_grads=True
        )
        values.append(sum((c * v).sum().item() for c, v in zip(curved, signs, strict=True)))
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(probes))
