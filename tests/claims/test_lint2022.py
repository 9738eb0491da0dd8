"""Valente, Pillow & Ostojic 2022: what LINT finds in networks that are known.

The rows H6 and H8 of the science note: one seed in the quick form, the median of five in the slow
one, as the note takes medians. Published values at full size: R² .984 (perceptual) and .925
(context), effective connectivity correlation .988 and .991 for low-rank teachers; R² .909 to .923
for a full-rank teacher at rank 1, whose truncation to rank 1 is right in .47 to .68 of the trials.
"""

import numpy as np
import pytest

from lowrnn import LINT, LowRank
from lowrnn.analysis import connectivity_correlation, effective_connectivity_correlation
from lowrnn.fitting import r2
from lowrnn.learning import evaluate, initial_network, train
from lowrnn.tasks import task

SEEDS = [[0], pytest.param([0, 1, 2, 3, 4], marks=pytest.mark.slow)]


def medians(measure, seeds):
    found = [measure(seed) for seed in seeds]
    return {name: float(np.median([one[name] for one in found])) for name in found[0]}


def recorded(teacher, chosen, seed):
    """Noisy training rates; noisy and noise-free validation rates."""
    train_set, test_set = chosen.sample(320, seed + 100), chosen.sample(200, seed + 200)
    return (
        (train_set.inputs, teacher.simulate(train_set.inputs, 1).rates),
        (test_set, teacher.simulate(test_set.inputs, 2).rates),
        teacher.replace(noise_std=0.0).simulate(test_set.inputs).rates,
    )


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize(
    ("name", "settings", "target_loss"),
    [
        ("perceptual-decision", {}, 0.003),
        ("context-decision", {"context_amplitude": 0.5}, 0.01),
    ],
)
def test_recovers_a_low_rank_teacher(name, settings, target_loss, seeds):
    chosen = task(name, **settings)

    def measure(seed):
        teacher = train(
            initial_network(chosen, 128, 1, seed=seed), chosen, seed=seed, updates=2500,
            learning_rate=1e-2, schedule="constant", clip=0.1, target_loss=target_loss,
        ).rnn  # fmt: skip
        (u, y), (test_set, noisy), clean = recorded(teacher, chosen, seed)
        fit = LINT(1, seed=seed).fit(y, u)
        return {
            "below the ceiling": r2(noisy, clean) - r2(noisy, fit.predict(test_set.inputs)),
            "correlation": connectivity_correlation(fit.rnn_, teacher),
            "effective correlation": effective_connectivity_correlation(fit.rnn_, teacher),
        }

    found = medians(measure, seeds)
    assert found["below the ceiling"] < 0.02
    assert found["effective correlation"] > 0.93
    assert found["correlation"] < found["effective correlation"] - 0.15


@pytest.mark.parametrize("seeds", SEEDS)
def test_rank_one_captures_a_full_rank_network_and_truncation_does_not(seeds):
    chosen = task("context-decision")

    def measure(seed):
        start = initial_network(chosen, 256, seed=seed)
        teacher = train(start, chosen, seed=seed, updates=400).rnn
        (u, y), (test_set, noisy), _ = recorded(teacher, chosen, seed)
        fit = LINT(1, seed=seed).fit(y, u)
        left, values, right = np.linalg.svd(teacher.connectivity.J)
        truncated = LowRank(left[:, :1] * values[:1] * 256, np.ascontiguousarray(right[:1].T))

        def accuracy(rnn):
            run = rnn.replace(readout=teacher.readout, noise_std=0.0).simulate(test_set.inputs)
            return chosen.accuracy(run.z, test_set)

        return {
            "teacher": evaluate(teacher, chosen).accuracy,
            "r2": r2(noisy, fit.predict(test_set.inputs)),
            "fit": accuracy(fit.rnn_),
            "truncated": accuracy(teacher.replace(connectivity=truncated)),
        }

    found = medians(measure, seeds)
    assert found["teacher"] > 0.99
    assert found["r2"] > 0.88
    assert found["fit"] > 0.97
    # Five seeds: .80 to .85. The note, on teachers whose inputs hardly learned: .65 to .74.
    assert found["truncated"] < 0.9
