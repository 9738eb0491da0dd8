"""A network whose mechanism is known: two populations, each gated by one cue."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from lowrnn import RNN, GaussianMixture
from lowrnn.tasks import ContextDecision


@dataclass(frozen=True)
class Gated:
    """Context-dependent decisions. Cue k saturates population k, the other one transmits stimulus k
    in that context; in its own the stimulus of the other."""

    mixture: GaussianMixture
    rnn: RNN
    labels: NDArray[np.intp]
    task: ContextDecision


@pytest.fixture(scope="session")
def gated() -> Gated:
    # Rounded <phi'> of a Gaussian of variance 6 and of variance 0.
    low, high = 0.305, 1.0
    nB = np.zeros((2, 1, 4))
    nB[1, 0, :2] = 2.0 * np.array([1.0, -low / high])
    nB[0, 0, :2] = nB[1, 0, 1::-1]
    BB = np.zeros((2, 4, 4))
    BB[:, [0, 1], [0, 1]] = 1.0
    BB[:, [2, 3], [2, 3]] = [[6.0, 0.1], [0.1, 6.0]]
    mixture = GaussianMixture.from_moments(
        1.5, BB=BB, nB=nB, wm=3.0, weights=[0.5, 0.5], rank=1, inputs=4, outputs=1
    )
    rnn = mixture.sample(2000, 0, exact=True, dt=0.02, tau=0.1, dtype=np.float32)
    # Strong stimuli: cues would else drown them in networks of this size, through the overlap that
    # n and B have by chance.
    task = ContextDecision(context_amplitude=1.0, stimulus_amplitude=0.3, noise_std=0.3)
    return Gated(mixture, rnn, mixture.labels(2000), task)
