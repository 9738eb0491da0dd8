import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import MultisensoryDecision, task


def test_the_published_trial() -> None:
    # In steps: fixation 5, context only 17, stimulus 40, delay 5, decision 1.
    trials = MultisensoryDecision().conditions()
    table = trials.conditions
    assert trials.inputs.shape == (6 + 6 + 2 * 9, 68, 4)
    expected = np.zeros_like(trials.inputs)
    expected[:, 22:62, 0] = 0.1 * table["coherence_a"].to_numpy()[:, None]
    expected[:, 22:62, 1] = 0.1 * table["coherence_b"].to_numpy()[:, None]
    expected[table["modality"].isin(["A", "both"]), 5:62, 2] = 0.1
    expected[table["modality"].isin(["B", "both"]), 5:62, 3] = 0.1
    np.testing.assert_allclose(trials.inputs, expected, rtol=1e-12)
    np.testing.assert_array_equal(trials.mask, [[0] * 67 + [1]] * 30)
    np.testing.assert_array_equal(
        trials.targets[:, 67, 0], np.sign(table["coherence_a"] + table["coherence_b"])
    )
    assert (table.loc[table["modality"] == "A", "coherence_b"] == 0).all()


def test_modality_then_coherence_is_drawn_evenly() -> None:
    table = MultisensoryDecision().sample(9000, seed=0).conditions
    assert table["modality"].value_counts().between(2770, 3230).all()
    assert table["choice"].mean() == pytest.approx(0, abs=5 / np.sqrt(9000))
    both = table[table["modality"] == "both"]
    assert (both["coherence_a"] * both["coherence_b"] > 0).all()
    assert both.groupby(["coherence_a", "coherence_b"]).size().between(110, 230).all()
    alone = table[table["modality"] == "A"]
    assert alone["coherence_a"].value_counts().between(390, 610).all()


def test_the_variant_of_lint() -> None:
    # In steps: fixation 5, stimulus 40, delay 5, decision 25; no cues.
    chosen = task("multisensory_decision", preset="lint2022")
    trials = chosen.sample(300, seed=1)
    assert trials.inputs.shape == (300, 75, 2)
    assert chosen.input_names == ("stimulus_a", "stimulus_b")
    np.testing.assert_array_equal(trials.mask, [[0] * 50 + [1] * 25] * 300)
    assert trials.inputs[:, :5].std() == pytest.approx(0.5, rel=0.05)
    stimulus = trials.inputs[:, 5:45, 0].mean(axis=1)
    coherence = trials.conditions["coherence_a"]
    np.testing.assert_allclose(stimulus, 0.1 * coherence, atol=5 * 0.5 / np.sqrt(40))
    assert set(coherence) == {-8, -4, -2, -1, 0, 1, 2, 4, 8}


def test_the_psychometric_grid_has_conflicts() -> None:
    chosen = MultisensoryDecision()
    grid = chosen.psychometric_grid()
    assert len(grid) == 9 + 9 + 81
    conflict = grid[(grid["coherence_a"] == 8) & (grid["coherence_b"] == -2)]
    assert conflict["choice"].item() == 1
    trials = chosen.psychometric_trials(repeats=1)
    table = chosen.psychometric(trials.targets, trials)
    positive = table["coherence_a"] + table["coherence_b"] > 0
    np.testing.assert_array_equal(table["p_positive"], positive)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"coherences": (-1, 0, 1)}, "coherences holds 0: leave it out"),
        ({"cued": 1}, "cued is 1: give true or false"),
        ({"stimulus": 0}, "stimulus is 0 s"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MultisensoryDecision(**parameters)
