import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import ContextDecision, task

# The published trial (Dubreuil et al. 2022), in steps: fixation 5, context only 17, stimulus 40,
# delay 5, decision 1.
STIMULUS = slice(22, 62)
CONTEXT = slice(5, 67)
DECISION = 67


def test_the_published_trial() -> None:
    trials = ContextDecision().conditions()
    table = trials.conditions
    assert trials.inputs.shape == (6 * 6 * 2, 68, 4)
    assert trials.targets.shape == (72, 68, 1)
    assert trials.dt == 0.02
    assert not table.duplicated().any()
    assert set(table["coherence_a"]) == set(table["coherence_b"]) == {-4, -2, -1, 1, 2, 4}

    expected = np.zeros_like(trials.inputs)
    expected[:, STIMULUS, 0] = 0.1 * table["coherence_a"].to_numpy()[:, None]
    expected[:, STIMULUS, 1] = 0.1 * table["coherence_b"].to_numpy()[:, None]
    expected[table["context"] == 1, CONTEXT, 2] = 0.1
    expected[table["context"] == 2, CONTEXT, 3] = 0.1
    np.testing.assert_allclose(trials.inputs, expected, rtol=1e-12)


def test_the_target_is_the_sign_of_the_cued_coherence() -> None:
    trials = ContextDecision().conditions()
    for row, target, mask in zip(
        trials.conditions.itertuples(), trials.targets[:, :, 0], trials.mask, strict=True
    ):
        cued = row.coherence_a if row.context == 1 else row.coherence_b
        assert target[DECISION] == row.choice == np.sign(cued)
        assert mask[DECISION] == 1
        assert not target[:DECISION].any()
        assert not mask[:DECISION].any()


def test_noise_is_white_and_on_the_stimuli_alone() -> None:
    noisy = ContextDecision(noise_std=0.3).sample(1000, seed=3)
    silent = ContextDecision(noise_std=0).sample(1000, seed=3)
    assert noisy.conditions.equals(silent.conditions)
    np.testing.assert_array_equal(noisy.inputs[:, :, 2:], silent.inputs[:, :, 2:])
    noise = (noisy.inputs - silent.inputs)[:, :, :2]
    # 136 000 draws: five standard errors.
    assert noise.std() == pytest.approx(0.3, abs=5 * 0.3 / np.sqrt(2 * noise.size))
    assert noise.mean() == pytest.approx(0, abs=5 * 0.3 / np.sqrt(noise.size))
    for shifted, kept in (
        (noise[1:], noise[:-1]),
        (noise[:, 1:], noise[:, :-1]),
        (noise[:, :, 1], noise[:, :, 0]),
    ):
        correlation = np.mean(shifted * kept) / 0.3**2
        assert correlation == pytest.approx(0, abs=5 / np.sqrt(kept.size))


def test_conditions_are_drawn_evenly() -> None:
    table = ContextDecision().sample(7200, seed=0).conditions
    counts = table.groupby(["coherence_a", "coherence_b", "context"]).size()
    assert len(counts) == 72
    assert counts.between(50, 150).all()


def test_the_seed_decides_everything() -> None:
    chosen = ContextDecision()
    first, again, other = (chosen.sample(20, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert first.conditions.equals(again.conditions)
    assert not np.array_equal(first.inputs, other.inputs)
    assert not first.conditions.equals(other.conditions)


def test_parameters_change_the_trial() -> None:
    chosen = ContextDecision(
        dt=0.01, context_amplitude=0.5, stimulus_amplitude=1, coherences=[-3, 3]
    )
    trials = chosen.conditions()
    assert trials.inputs.shape == (8, 10 + 35 + 80 + 10 + 2, 4)
    assert trials.inputs[:, :, 2:].max() == 0.5
    assert np.abs(trials.inputs[:, :, :2]).max() == 3
    assert chosen.coherences == (-3.0, 3.0)


def test_channels_are_named() -> None:
    chosen = ContextDecision()
    assert (chosen.n_inputs, chosen.n_outputs) == (4, 1)
    assert chosen.input_names == ("stimulus_a", "stimulus_b", "context_1", "context_2")
    assert chosen.output_names == ("choice",)


def test_accuracy_counts_right_answers() -> None:
    chosen = ContextDecision()
    trials = chosen.sample(100, seed=0)
    outputs = trials.targets.copy()
    outputs[:30] *= -1
    assert chosen.accuracy(outputs, trials) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dt": 0}, r"dt \(in seconds\) is 0: give a number above 0"),
        ({"fixation": -1}, r"fixation \(in seconds\) is -1"),
        ({"stimulus": 0.01}, r"stimulus is 0.01 s: give at least 1 step\(s\)"),
        ({"decision": 0}, r"decision is 0 s: give at least 1 step\(s\)"),
        ({"coherences": []}, "coherences has no coherence"),
        ({"coherences": ["a"]}, "coherences has dtype <U1: give real numbers"),
        ({"noise_std": -0.1}, "noise_std is -0.1: give a number of at least 0"),
        ({"context_amplitude": None}, "context_amplitude is None: give a number"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ContextDecision(**parameters)


@pytest.mark.parametrize(
    ("n_trials", "seed", "message"),
    [
        (0, 0, "n_trials is 0: give an integer of at least 1"),
        (2.5, 0, "n_trials is 2.5"),
        (3, -1, "seed is -1: give an integer of at least 0"),
        (3, None, "seed is None"),
    ],
)
def test_wrong_draws_are_named(n_trials, seed, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ContextDecision().sample(n_trials, seed)


def test_the_variant_of_schuessler2020() -> None:
    # In steps of 0.5 tau: fixation 6, stimulus 40, delay 10, decision 40.
    chosen = task("context_decision", preset="schuessler2020")
    trials = chosen.conditions()
    table = trials.conditions
    assert trials.inputs.shape == (8 * 8 * 2, 96, 4)
    assert chosen.dt == 0.05
    expected = np.zeros_like(trials.inputs)
    expected[:, 6:46, 0] = table["coherence_a"].to_numpy()[:, None]
    expected[:, 6:46, 1] = table["coherence_b"].to_numpy()[:, None]
    expected[table["context"] == 1, 6:46, 2] = 1
    expected[table["context"] == 2, 6:46, 3] = 1
    np.testing.assert_array_equal(trials.inputs, expected)
    np.testing.assert_array_equal(trials.mask, [[1] * 46 + [0] * 10 + [1] * 40] * 128)
    cued = np.where(table["context"] == 1, table["coherence_a"], table["coherence_b"])
    np.testing.assert_array_equal(
        trials.targets[:, 56:, 0], 0.5 * np.sign(cued)[:, None] + np.zeros(40)
    )
    assert not trials.targets[:, :56].any()
    # The published loss of a network that stays silent, with its factor 1/2.
    silent = np.sum(trials.mask * trials.targets[:, :, 0] ** 2) / np.sum(trials.mask)
    assert silent / 2 == pytest.approx(0.25 * 20 / 43 / 2)
    noise = chosen.sample(200, seed=0).inputs[:, :6, :2]
    assert noise.std() == pytest.approx(0.05 / np.sqrt(0.5), rel=0.05)


def test_a_network_that_errs_in_fixation_alone_decides_right() -> None:
    chosen = task("context_decision", preset="schuessler2020")
    trials = chosen.conditions()
    outputs = np.where(trials.targets == 0, -3.0, trials.targets)
    assert chosen.accuracy(outputs, trials) == 1


def test_the_published_psychometric_grid() -> None:
    chosen = ContextDecision()
    trials = chosen.psychometric_trials(seed=1)
    assert len(trials) == 6 * 6 * 2 * 10
    assert set(trials.conditions["coherence_a"]) == {-5, -3, -1, 1, 3, 5}
    noise = trials.inputs[:, :5, :2]
    assert noise.std() == pytest.approx(0.1, rel=0.1)
    table = chosen.psychometric(trials.targets, trials)
    assert list(table) == ["coherence_a", "coherence_b", "context", "p_positive", "n_trials"]
    assert (table["n_trials"] == 10).all()
    cued = np.where(table["context"] == 1, table["coherence_a"], table["coherence_b"])
    np.testing.assert_array_equal(table["p_positive"], cued > 0)
    with pytest.raises(InputError, match="repeats is 0: give an integer of at least 1"):
        chosen.psychometric_trials(0)


def test_switches_are_true_or_false() -> None:
    with pytest.raises(InputError, match="fixate is 'no': give true or false"):
        ContextDecision(fixate="no")
