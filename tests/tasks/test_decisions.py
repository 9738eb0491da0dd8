import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import (
    ContextDecision,
    PerceptualDecision,
    Trials,
    choices,
    correct_choices,
    psychometric,
)


def trials_with_windows() -> Trials:
    """Four trials whose decision windows have unequal lengths."""
    mask = np.zeros((4, 6))
    mask[0, 1:3] = mask[1, 3:6] = mask[2, 5] = mask[3, 0:4] = 1
    wanted = np.array([1, -1, 1, -1])
    return Trials(
        inputs=np.zeros((4, 6, 1)),
        targets=(wanted[:, None] * mask)[:, :, None],
        mask=mask,
        conditions=pd.DataFrame({"side": [0, 0, 1, 1], "choice": wanted}),
        dt=0.1,
    )


def test_only_the_decision_window_counts() -> None:
    trials = trials_with_windows()
    outputs = np.where(trials.mask == 1, [[0.2], [-0.2], [0.2], [-0.2]], [[-9], [9], [-9], [9]])
    np.testing.assert_array_equal(choices(outputs[:, :, None], trials), [1, -1, 1, -1])


def test_the_mean_over_the_window_decides() -> None:
    trials = trials_with_windows()
    outputs = np.zeros((4, 6, 1))
    outputs[3, :4, 0] = [1, 1, 1, -4]
    assert choices(outputs, trials)[3] == -1


def test_right_choices_by_construction() -> None:
    trials = trials_with_windows()
    np.testing.assert_array_equal(correct_choices(0.01 * trials.targets, trials), 1)
    np.testing.assert_array_equal(correct_choices(-5 * trials.targets, trials), 0)
    flipped = trials.targets * np.array([1, -1, 1, 1])[:, None, None]
    np.testing.assert_array_equal(correct_choices(flipped, trials), [1, 0, 1, 1])


def test_an_output_of_zero_is_an_error() -> None:
    trials = trials_with_windows()
    np.testing.assert_array_equal(correct_choices(np.zeros((4, 6, 1)), trials), 0)


def test_catch_trials_do_not_count() -> None:
    trials = trials_with_windows()
    targets = trials.targets * np.array([1, 0, 1, 0])[:, None, None]
    some = Trials(trials.inputs, targets, trials.mask, trials.conditions, trials.dt)
    np.testing.assert_array_equal(correct_choices(trials.targets, some), [1, np.nan, 1, np.nan])


def test_accuracy_needs_a_trial_that_counts() -> None:
    task = PerceptualDecision(coherences=[0])
    trials = task.conditions()
    with pytest.raises(InputError, match="trials hold catch trials alone: accuracy needs"):
        task.accuracy(trials.targets, trials)


def test_a_fixation_is_no_part_of_the_decision_window() -> None:
    mask = np.ones((2, 6))
    targets = np.zeros((2, 6, 1))
    targets[:, 4:, 0] = [[0.5], [-0.5]]
    trials = Trials(np.zeros((2, 6, 1)), targets, mask, pd.DataFrame({"a": [0, 1]}), 0.1)
    outputs = np.where(targets != 0, np.sign(targets), -9 * np.array([1, -1])[:, None, None])
    np.testing.assert_array_equal(choices(outputs, trials), [1, -1])


def test_two_outputs_decide_by_their_difference() -> None:
    targets = np.zeros((3, 4, 2))
    targets[[0, 1, 2], 2:, [0, 1, 0]] = 0.5
    mask = np.array([[1, 0, 1, 1]] * 3)
    trials = Trials(np.zeros((3, 4, 1)), targets, mask, pd.DataFrame({"a": range(3)}), 0.1)
    outputs = np.zeros((3, 4, 2))
    outputs[:, 2:] = [[[0.3, 0.2]], [[0.1, 0.0]], [[-0.3, -0.2]]]
    np.testing.assert_array_equal(choices(outputs, trials), [1, 1, -1])
    np.testing.assert_array_equal(correct_choices(outputs, trials), [1, 0, 0])
    many = Trials(np.zeros((1, 4, 1)), np.ones((1, 4, 3)), mask[:1], trials.conditions[:1], 0.1)
    with pytest.raises(InputError, match="trials have 3 outputs: a binary decision has 1 or 2"):
        choices(np.ones((1, 4, 3)), many)


def test_outputs_must_fit_the_trials() -> None:
    with pytest.raises(InputError, match="outputs has 5 entries along axis 1: give 6"):
        choices(np.zeros((4, 5, 1)), trials_with_windows())


def test_psychometric_of_an_observer_who_ignores_context() -> None:
    trials = ContextDecision().conditions()
    outputs = (
        np.zeros_like(trials.targets) + np.array(trials.conditions["coherence_a"])[:, None, None]
    )
    full = psychometric(outputs, trials)
    assert list(full) == ["coherence_a", "coherence_b", "context", "p_positive", "n_trials"]
    assert (full["n_trials"] == 1).all()

    curves = psychometric(outputs, trials, by=("context", "coherence_a"))
    assert (curves["n_trials"] == 6).all()
    np.testing.assert_array_equal(curves["p_positive"], curves["coherence_a"] > 0)
    np.testing.assert_array_equal(
        psychometric(outputs, trials, by=["coherence_b"])["p_positive"], 0.5
    )


def test_psychometric_counts_fractions() -> None:
    table = psychometric(
        np.array([1.0, -1.0, 1.0, 1.0])[:, None, None] * np.ones((4, 6, 1)), trials_with_windows()
    )
    assert table.to_dict("list") == {"side": [0, 1], "p_positive": [0.5, 1.0], "n_trials": [2, 2]}


@pytest.mark.parametrize(
    ("by", "message"),
    [(["sied"], "by is 'sied': choose among side, choice"), ([], "by is empty: choose among")],
)
def test_psychometric_names_an_unknown_variable(by: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        psychometric(np.zeros((4, 6, 1)), trials_with_windows(), by=by)
