"""Valente, Pillow & Ostojic 2022: what LINT finds in networks that are known.

The numbers of the rows H6 and H8 of the science note, one seed in the quick form, five in the slow
one. Published values at full size: R² .984 (perceptual) and .925 (context), effective connectivity
correlation .988 and .991 for low-rank teachers; R² .909 to .923 for a full-rank teacher at rank 1.
"""

import numpy as np
import pytest

from lowrnn import LINT, LowRank
from lowrnn.analysis import connectivity_correlation, effective_connectivity_correlation
from lowrnn.fitting import r2
from lowrnn.learning import evaluate, initial_network, train
from lowrnn.tasks import task

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))]


def recorded(teacher, chosen, seed):
    """Noisy training rates; noisy and noise-free validation rates."""
    train_set, test_set = chosen.sample(320, seed + 100), chosen.sample(200, seed + 200)
    return (
        (train_set.inputs, teacher.simulate(train_set.inputs, 1).rates),
        (test_set, teacher.simulate(test_set.inputs, 2).rates),
        teacher.replace(noise_std=0.0).simulate(test_set.inputs).rates,
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "settings", "target_loss"),
    [
        ("perceptual-decision", {}, 0.003),
        ("context-decision", {"context_amplitude": 0.5}, 0.01),
    ],
)
def test_recovers_a_low_rank_teacher(name, settings, target_loss, seed):
    chosen = task(name, **settings)
    teacher = train(
        initial_network(chosen, 128, 1, seed=seed), chosen, seed=seed, updates=2500,
        learning_rate=1e-2, schedule="constant", clip=0.1, target_loss=target_loss,
    ).rnn  # fmt: skip
    (u, y), (test_set, noisy), clean = recorded(teacher, chosen, seed)
    fit = LINT(1, seed=seed).fit(y, u)
    ceiling = r2(noisy, clean)
    assert r2(noisy, fit.predict(test_set.inputs)) > ceiling - 0.02
    effective = effective_connectivity_correlation(fit.rnn_, teacher)
    assert effective > 0.93
    assert connectivity_correlation(fit.rnn_, teacher) < effective - 0.15


@pytest.mark.parametrize("seed", SEEDS)
def test_rank_one_captures_a_full_rank_network_and_truncation_does_not(seed):
    chosen = task("context-decision")
    teacher = train(
        initial_network(chosen, 256, seed=seed), chosen, seed=seed, updates=400
    ).rnn  # fmt: skip
    assert evaluate(teacher, chosen).accuracy > 0.99
    (u, y), (test_set, noisy), clean = recorded(teacher, chosen, seed)
    fit = LINT(1, seed=seed).fit(y, u)
    assert r2(noisy, clean) > r2(noisy, fit.predict(test_set.inputs)) > 0.88

    def accuracy(connectivity):
        run = teacher.replace(connectivity=connectivity, noise_std=0.0)
        return chosen.accuracy(run.simulate(test_set.inputs).z, test_set)

    fitted = fit.rnn_.replace(readout=teacher.readout).simulate(test_set.inputs).z
    assert chosen.accuracy(fitted, test_set) > 0.97
    left, values, right = np.linalg.svd(teacher.connectivity.J)
    truncated = LowRank(left[:, :1] * values[:1] * 256, np.ascontiguousarray(right[:1].T))
    assert accuracy(truncated) < 0.9
