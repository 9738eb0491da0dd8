"""A network of low tensor rank whose factors are known, and activity that it leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.networks import RNN, LowTensorRank

Array = NDArray[np.floating]

NEURONS, TRIALS, STEPS, CONDITIONS = 100, 120, 21, 8


@dataclass(frozen=True, eq=False)
class Teacher:
    """A network of rank 3 that adapts from trial 30 to 78 of 120, and forgets.

    Attributes
    ----------
    rnn : RNN
    starts : array (trial, neuron)
        Where its trials start: in the span of `a`, one point a condition.
    conditions : integer array (trial,)
    rates : array (trial, time, neuron)
        Without noise.
    noisy : array (trial, time, neuron)
    """

    rnn: RNN
    starts: Array
    conditions: NDArray[np.intp]
    rates: Array
    noisy: Array


def draw_teacher(seed: int, noise: float) -> Teacher:
    """The teacher of a seed, under noise of so many standard deviations of its rates.

    With steps of 0.1 tau, and rates taken after each step.
    """
    g = np.random.default_rng(seed)
    root = np.sqrt(NEURONS)
    a = g.standard_normal((NEURONS, 3))
    a /= np.linalg.norm(a, axis=0)
    mixing = 0.8 * np.eye(3) + 0.35 * g.standard_normal((3, 3))
    b = a @ np.linalg.inv(a.T @ a) @ mixing + 0.6 * g.standard_normal((NEURONS, 3)) / root
    b /= np.linalg.norm(b, axis=0)
    c = _factors(g)
    blocks = [g.permutation(CONDITIONS) for _ in range(TRIALS // CONDITIONS)]
    conditions = np.concatenate(blocks).astype(np.intp)
    angle = 2 * np.pi * np.arange(CONDITIONS) / CONDITIONS
    z = 0.25 * np.stack([np.cos(angle), np.sin(angle), 0.6 * np.cos(2 * angle + 1)], axis=1)
    rnn = RNN(LowTensorRank(a * root, b * root, c), dt=0.1, tau=1.0)
    starts = z[conditions] @ (a * root).T
    rates = rnn.simulate(np.zeros((TRIALS, STEPS, 0)), initial_state=starts).rates
    noisy = rates + noise * rates.std() * g.standard_normal(rates.shape)
    return Teacher(rnn, starts, conditions, rates, noisy)


def _factors(g: np.random.Generator) -> Array:
    """Factors (trial, 3) that follow an adaptation, a drift and both, with smooth deviations."""
    k = np.arange(TRIALS)
    begin, end = TRIALS / 4, 0.65 * TRIALS
    learned = 1 - np.exp(-(np.clip(k, begin, end) - begin) / 12)
    learned *= np.exp(-np.maximum(k - end, 0) / 10)
    courses = [1.5 - 0.9 * learned, 1.2 + 0.8 * k / TRIALS, 1.4 + 0.9 * learned * k / TRIALS]
    lag = np.subtract.outer(k, k)
    covariance = 1 / (1 + lag**2 / (2 * 6**2)) + 1e-6 * np.eye(TRIALS)
    deviations = np.linalg.cholesky(covariance) @ g.standard_normal((TRIALS, 3))
    return np.asarray(np.stack(courses, axis=1) + 0.02 * deviations)
