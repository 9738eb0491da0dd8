import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import PerceptualDecision, task


def test_the_published_trial() -> None:
    # Dubreuil et al. 2022, in steps: fixation 5, stimulus 40, delay 5, decision 1.
    trials = PerceptualDecision().conditions()
    coherence = trials.conditions["coherence"].to_numpy()
    np.testing.assert_array_equal(coherence, [-4, -2, -1, 1, 2, 4])
    expected = np.zeros((6, 51, 1))
    expected[:, 5:45, 0] = 0.1 * coherence[:, None]
    np.testing.assert_allclose(trials.inputs, expected, rtol=1e-12)
    np.testing.assert_array_equal(trials.targets[:, 50, 0], np.sign(coherence))
    assert not trials.targets[:, :50].any()
    np.testing.assert_array_equal(trials.mask, [[0] * 50 + [1]] * 6)


def test_the_longer_variant_of_lint() -> None:
    trials = task("perceptual_decision", preset="lint2022").sample(400, seed=1)
    assert trials.inputs.shape == (400, 75, 1)
    np.testing.assert_array_equal(trials.mask.sum(axis=1), 15)
    stimulus = trials.inputs[:, 5:45, 0].mean(axis=1)
    coherence = trials.conditions["coherence"]
    np.testing.assert_allclose(stimulus, 0.032 * coherence, atol=5 * 0.03 / np.sqrt(40))
    assert trials.inputs[:, 45:].std() == pytest.approx(0.03, rel=0.05)


def test_catch_trials_are_left_out_of_accuracy() -> None:
    chosen = PerceptualDecision(coherences=(-1, 0, 1))
    trials = chosen.conditions()
    np.testing.assert_array_equal(trials.conditions["choice"], [-1, 0, 1])
    outputs = trials.targets.copy()
    outputs[0] *= -1
    assert chosen.accuracy(outputs, trials) == 0.5


def test_coherences_are_checked() -> None:
    with pytest.raises(InputError, match="coherences holds 1 values that are not finite"):
        PerceptualDecision(coherences=(np.nan, 1))
