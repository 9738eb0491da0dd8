import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import FlipFlop


def by_hand(inputs: np.ndarray, others: str) -> np.ndarray:
    """What the output shall be at every step after a pulse, from the inputs of one trial alone."""
    state, wanted = np.zeros(inputs.shape[1]), np.zeros_like(inputs)
    for step, pulse in enumerate(inputs):
        if pulse.any():
            state = np.where(pulse != 0, 0.5 * pulse, state if others == "hold" else 0)
        wanted[step] = state
    return wanted


@pytest.mark.parametrize("others", ["reset", "hold"])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_targets_are_the_latest_pulses(others: str, bits: int) -> None:
    trials = FlipFlop(others=others, bits=bits).sample(200, seed=4)
    assert trials.inputs.shape == trials.targets.shape == (200, 100, bits)
    assert set(np.unique(trials.inputs)) == {-1, 0, 1}
    assert np.abs(trials.inputs).sum(axis=2).max() == 1
    for inputs, targets, mask in zip(trials.inputs, trials.targets, trials.mask, strict=True):
        wanted = by_hand(inputs, others) * mask[:, None]
        np.testing.assert_array_equal(targets, wanted)


def test_the_published_timing() -> None:
    # In steps of 0.5 tau: first pulse at 2, pulses of 2, 10 that do not count, 10 to 50 that do.
    trials = FlipFlop().sample(500, seed=0)
    on = np.abs(trials.inputs).sum(axis=2)
    gaps = []
    for trial in range(500):
        onsets = np.flatnonzero(np.diff(on[trial], prepend=0) > 0)
        assert onsets[0] == 2
        gaps += list(np.diff(onsets))
        mask = np.zeros(100)
        for onset, end in zip(onsets, [*onsets[1:], 100], strict=True):
            np.testing.assert_array_equal(on[trial, onset : onset + 2][: 100 - onset], 1)
            mask[onset + 10 : end] = 1
        np.testing.assert_array_equal(trials.mask[trial], mask)
        assert on[trial].sum() == sum(min(2, 100 - onset) for onset in onsets)
    assert min(gaps) >= 20 - 1
    assert max(gaps) <= 60
    assert np.mean([gap <= 24 for gap in gaps]) > 0.05


def test_pulses_are_drawn_evenly() -> None:
    trials = FlipFlop().sample(4000, seed=1)
    first = trials.inputs[:, 2]
    for channel in range(2):
        for sign in (-1, 1):
            assert np.mean(first[:, channel] == sign) == pytest.approx(0.25, abs=0.035)
    last = trials.inputs[:, 30:]
    assert np.mean(last[:, :, 0] > 0) == pytest.approx(np.mean(last[:, :, 1] < 0), rel=0.15)


def test_the_published_loss_of_silence() -> None:
    trials = FlipFlop().sample(100, seed=0)
    error = np.sum(trials.mask[:, :, None] * trials.targets**2) / (2 * np.sum(trials.mask))
    assert error / 2 == pytest.approx(0.0625)


def test_conditions_go_through_every_state() -> None:
    trials = FlipFlop().conditions()
    assert len(trials) == 4
    np.testing.assert_array_equal(trials.inputs[:, 2], [[-1, 0], [1, 0], [0, -1], [0, 1]])
    np.testing.assert_array_equal(trials.inputs[0, [2, 42, 82]], [[-1, 0], [1, 0], [0, -1]])


def test_accuracy_is_the_share_of_steps_in_the_right_state() -> None:
    chosen = FlipFlop()
    trials = chosen.sample(50, seed=3)
    assert chosen.accuracy(1.4 * trials.targets, trials) == 1
    assert chosen.accuracy(9 * trials.targets, trials) == 1
    assert chosen.accuracy(0.4 * trials.targets, trials) == 0
    assert chosen.accuracy(0 * trials.targets, trials) == 0
    outputs = trials.targets.copy()
    counted = np.flatnonzero(trials.mask[7])
    outputs[7, counted[: len(counted) // 2]] *= -1
    assert chosen.correct(outputs, trials)[7] == 1 - (len(counted) // 2) / len(counted)
    wrong_other = trials.targets + 0.3 * (trials.targets == 0)
    assert chosen.accuracy(wrong_other, trials) == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"others": "keep"}, "others is 'keep': choose among reset, hold"),
        ({"bits": 0}, "bits is 0: give an integer of at least 1"),
        ({"hold": (2, 1)}, r"hold is \(2.0, 1.0\): give the shortest first"),
        ({"hold": (0, 1)}, "at least one step of 0.05 s"),
        ({"duration": 0.6}, "duration is 0.6 s: give more than 0.6 s, start and settle"),
        ({"pulse": 1}, "pulse is 1 s: give at most 0.5, settle"),
        ({"start": -1}, r"start \(in seconds\) is -1"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FlipFlop(**parameters)
