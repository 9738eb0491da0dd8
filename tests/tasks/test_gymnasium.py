from types import SimpleNamespace

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import from_gymnasium, multitask, task


class Decision:
    """Two noisy stimuli, then action 1 or 2 for the stronger; action 0 until then."""

    dt = 100
    action_space = SimpleNamespace(n=3)

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)

    def new_trial(self):
        side, delay = self.rng.randint(1, 3), self.rng.randint(1, 4)
        self.ob = 0.1 * self.rng.randn(5 + delay, 2)
        self.ob[:3, side - 1] += 1
        self.gt = np.zeros(5 + delay, dtype=int)
        self.gt[3 + delay :] = side
        return {"side": side, "colour": "red", "sequence": [1, 2]}


class Reach:
    """The target is a vector that turns."""

    dt = 10

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)

    def new_trial(self):
        angle = np.linspace(0, 3, 20) + self.rng.rand()
        self.ob = np.ones((20, 1))
        self.gt = np.column_stack([np.cos(angle), np.sin(angle)])


def test_trials_are_those_of_the_environment() -> None:
    made = from_gymnasium(Decision())
    assert made.dt == 0.1
    assert made.input_names == ("observation_1", "observation_2")
    assert made.output_names == ("action_0", "action_1", "action_2")
    trials = made.sample(50, seed=0)
    env = Decision()
    for trial, row in trials.conditions.iterrows():
        env.seed(row["env_seed"])
        assert env.new_trial()["side"] == row["side"]
        time = len(env.gt)
        np.testing.assert_array_equal(trials.inputs[trial, :time], env.ob)
        np.testing.assert_array_equal(trials.targets[trial, :time].argmax(axis=1), env.gt)
        np.testing.assert_array_equal(trials.targets[trial, :time].sum(axis=1), 1)
        np.testing.assert_array_equal(
            trials.mask[trial], np.arange(8)[: trials.mask.shape[1]] < time
        )
        assert not trials.targets[trial, time:].any()
    assert list(trials.conditions) == ["side", "colour", "env_seed"]
    assert trials.conditions["side"].mean() == pytest.approx(1.5, abs=0.36)


def test_the_seed_decides_everything() -> None:
    made = from_gymnasium(Decision())
    first, again, other = (made.sample(20, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert first.conditions.equals(again.conditions)
    assert not np.array_equal(first.conditions["env_seed"], other.conditions["env_seed"])


def test_conditions_are_one_trial_of_each_kind() -> None:
    conditions = from_gymnasium(Decision()).conditions().conditions
    assert sorted(conditions["side"]) == [1, 2]


def test_the_answer_is_that_of_the_end() -> None:
    made = from_gymnasium(Decision())
    trials = made.sample(40, seed=1)
    assert made.accuracy(trials.targets, trials) == 1
    # Wrong in fixation alone, then wrong in the answer alone.
    fixation = trials.targets[:, :, :1] == 1
    assert made.accuracy(np.where(fixation, [0, 9, 0], trials.targets), trials) == 1
    swapped = trials.targets[:, :, [0, 2, 1]]
    assert made.accuracy(swapped, trials) == 0
    one = np.zeros_like(trials.targets)
    one[:, :, 1] = 1
    side = trials.conditions["side"]
    assert made.accuracy(one, trials) == pytest.approx((side == 1).mean())
    table = made.psychometric(one, trials, by=["side"])
    assert table["accuracy"].tolist() == [1, 0]
    assert len(made.psychometric_trials(repeats=5)) == 10


def test_vectors_are_followed() -> None:
    made = from_gymnasium(Reach())
    trials = made.sample(10, seed=0)
    assert trials.targets.shape == (10, 20, 2)
    assert made.accuracy(trials.targets, trials) == 1
    assert made.accuracy(0 * trials.targets, trials) == 0
    assert list(trials.conditions) == ["env_seed"]


def test_wrappers_are_taken_off_and_tasks_combined() -> None:
    made = from_gymnasium(SimpleNamespace(unwrapped=Decision()))
    both = multitask([made, task("perceptual_decision", fixation=1, decision=0.5)])
    trials = both.sample(30, seed=0)
    assert both.dt == 0.1
    assert both.accuracy(trials.targets, trials) == 1


def test_actions_are_counted_from_the_start_of_their_space() -> None:
    class Shifted(Decision):
        action_space = SimpleNamespace(n=3, start=1, shape=())

        def new_trial(self):
            described = super().new_trial()
            self.gt = self.gt + 1
            return described

    made, plain = from_gymnasium(Shifted()), from_gymnasium(Decision())
    assert made.output_names == ("action_1", "action_2", "action_3")
    np.testing.assert_array_equal(made.sample(9, 0).targets, plain.sample(9, 0).targets)


def test_vectors_of_truth_values_are_vectors() -> None:
    class Chord(Decision):
        action_space = SimpleNamespace(n=2, shape=(2,))

        def new_trial(self):
            super().new_trial()
            self.gt = np.stack([self.gt == 1, self.gt == 2], axis=1)

    chords, choices = (from_gymnasium(env).sample(5, 0).targets for env in (Chord(), Decision()))
    np.testing.assert_array_equal(chords, choices[:, :, 1:])


def test_a_wrapper_that_makes_trials_makes_them() -> None:
    class Layer:
        """Gymnasium's wrappers know the layer below and the innermost."""

        def __init__(self, env):
            self.env, self.unwrapped = env, getattr(env, "unwrapped", env)

    class Doubled(Layer):
        def new_trial(self):
            described = self.env.new_trial()
            self.unwrapped.ob = 2 * self.unwrapped.ob
            return described

    plain = from_gymnasium(Decision()).sample(9, 0)
    for env in (Doubled(Decision()), Layer(Doubled(Decision()))):
        np.testing.assert_array_equal(from_gymnasium(env).sample(9, 0).inputs, 2 * plain.inputs)
    np.testing.assert_array_equal(
        from_gymnasium(Layer(Layer(Decision()))).sample(9, 0).inputs, plain.inputs
    )


class Blocks(Decision):
    """Every seventh trial, sides change their meaning."""

    made = 0

    def new_trial(self):
        described = super().new_trial()
        self.made += 1
        if self.made // 7 % 2:
            self.gt = np.array([0, 2, 1])[self.gt]
        return described


class Mute(Decision):
    """Knows no answers."""

    def new_trial(self):
        self.ob = np.zeros((3, 1))


def broken(**changes) -> Decision:
    """A decision environment whose trials have these attributes."""

    class Broken(Decision):
        def new_trial(self):
            super().new_trial()
            for name, value in changes.items():
                setattr(self, name, value)

    return Broken()


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (SimpleNamespace(dt=20), "env has no new_trial: give an environment with supervised"),
        (SimpleNamespace(), r"dt of env \(in milliseconds\) is None: give a number above 0"),
        (
            broken(gt=np.full(8, 3)),
            "gt of the environment holds 3: give one of the 3 actions 0 to 2",
        ),
        (broken(gt=np.zeros(2)), r"gt of the environment has shape \(2,\): give an action for"),
        (Blocks(), "env makes another trial from the same seed after other trials"),
        (Mute(), r"new_trial\(\) of env sets no gt: give an environment with supervised trials"),
        (broken(ob=np.full((8, 2), np.nan)), "ob of the environment holds 16 values that are not"),
    ],
)
def test_other_environments_are_refused(env, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_gymnasium(env)


def test_the_time_step_is_that_of_the_environment() -> None:
    made = from_gymnasium(Decision())
    with pytest.raises(InputError, match="make the environment with dt=20 ms instead"):
        multitask([task("flip_flop", dt=0.02), made])
