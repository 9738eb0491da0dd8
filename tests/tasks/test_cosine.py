import numpy as np
import pytest

from lowrnn import RNN, LowRank
from lowrnn.errors import InputError
from lowrnn.tasks import Cosine


def test_the_published_trial() -> None:
    # 20 tau in steps of 0.1 tau, a period of 5 tau, of which two count.
    trials = Cosine().sample(3, seed=0)
    assert trials.inputs.shape == (3, 200, 1)
    np.testing.assert_array_equal(trials.inputs[:, 0], 10)
    assert not trials.inputs[:, 1:].any()
    np.testing.assert_array_equal(trials.mask, [[1] * 100 + [0] * 100] * 3)
    tau = 0.1 * np.arange(200)
    np.testing.assert_allclose(trials.targets[1, :, 0], np.cos(2 * np.pi * tau / 5), atol=1e-12)


@pytest.mark.parametrize("dt", [0.01, 0.005, 0.02])
def test_the_pulse_sets_the_state_to_the_input_vector(dt: float) -> None:
    vector = np.array([[0.3], [-0.2], [1.0]])
    still = LowRank(np.zeros((3, 1)), np.zeros((3, 1)))
    rnn = RNN(still, inputs=vector, readout=vector, dt=dt, tau=0.1, noise_std=0)
    trials = Cosine(dt=dt).conditions()
    np.testing.assert_allclose(rnn.simulate(trials.inputs).x[0, 0], vector[:, 0], rtol=1e-12)


def test_both_waves() -> None:
    trials = Cosine(waves=("sine", "cosine"), amplitude=0.5, period=0.4).conditions()
    np.testing.assert_allclose(np.sum(trials.targets**2, axis=2), 0.25)
    np.testing.assert_allclose(trials.targets[0, 10], [0.5, 0], atol=1e-12)


def test_silence_is_wrong_and_a_small_error_right() -> None:
    chosen = Cosine()
    trials = chosen.conditions()
    assert chosen.accuracy(0 * trials.targets, trials) == 0
    assert chosen.accuracy(0.7 * trials.targets, trials) == 1
    assert chosen.accuracy(0.6 * trials.targets, trials) == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"waves": ("tangent",)}, r"waves is \('tangent',\): give cosine, sine or both"),
        ({"period": 0.01}, "period is 0.01 s: give at least two steps"),
        ({"duration": 0.5}, "duration is 0.5 s: give at least 100"),
        ({"pulse_area": 0}, "pulse_area is 0: give a number above 0"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Cosine(**parameters)
