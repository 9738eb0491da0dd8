"""The same training step in JAX: one `lax.scan` over time, differentiated and compiled as a whole.

Of the ways to write it this was the fastest on two cores: inputs, noise and readout inside the
scan, noise from JAX's default generator.
"""

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lowrnn.bench.problem import Problem


def available() -> bool:
    """Whether JAX is installed."""
    return importlib.util.find_spec("jax") is not None


def compiled_step(problem: Problem) -> Callable[[int], tuple[Any, Mapping[str, Any]]]:
    """A function of a seed that gives the loss and its gradient; its first call compiles it."""
    import jax
    import jax.numpy as jnp

    def device(value: Any) -> Any:
        return jnp.asarray(value.numpy())

    # Time first: a scan walks along the leading axis.
    u, target = (device(v.transpose(0, 1)) for v in (problem.u, problem.target))
    weight = device(problem.weight.T)[..., None]
    tensors = {name: device(value) for name, value in problem.tensors.items()}
    trials, neurons = len(problem.u), len(problem.tensors["m"])
    alpha = problem.alpha
    per_step = float(np.sqrt(2 * alpha)) * problem.noise_std

    def loss(tensors: Mapping[str, Any], key: Any) -> Any:
        def advance(carry: Any, now: Any) -> Any:
            x, rates = carry
            u_now, key_now = now
            recurrent = (rates @ tensors["n"]) @ tensors["m"].T / neurons
            x = x + alpha * (-x + recurrent + u_now @ tensors["B"].T)
            if per_step:
                x = x + per_step * jax.random.normal(key_now, x.shape)
            rates = jnp.tanh(x)
            return (x, rates), rates @ tensors["w"] / neurons

        x = jnp.zeros((trials, neurons))
        _, z = jax.lax.scan(advance, (x, jnp.tanh(x)), (u, jax.random.split(key, len(u))))
        return (weight * (z - target) ** 2).sum()

    differentiate = jax.jit(jax.value_and_grad(loss))

    def step(seed: int) -> tuple[Any, Mapping[str, Any]]:
        answer: tuple[Any, Mapping[str, Any]] = jax.block_until_ready(
            differentiate(tensors, jax.random.key(seed))
        )
        return answer

    return step
