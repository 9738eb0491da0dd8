"""What LINT finds in networks that are known (H6).

Published numbers are of networks of 512 neurons; here they have 128, and 320 trials. The quick form
measures one network, the full form takes the median of five.
"""

from functools import cache, partial
from typing import Any

from lowrnn.reproduce.claim import Claim
from lowrnn.reproduce.valente2022.runs import recorded, typical


@cache
def _perceptual(seed: int) -> dict[str, float]:
    return _recover("perceptual_decision", {}, 0.003, seed)


@cache
def _context(seed: int) -> dict[str, float]:
    return _recover("context_decision", {"context_amplitude": 0.5}, 0.01, seed)


def _recover(
    name: str, settings: dict[str, Any], target_loss: float, seed: int
) -> dict[str, float]:
    """Train a network of rank 1, record it, and fit another one to the recording."""
    from lowrnn.analysis import connectivity_correlation, effective_connectivity_correlation
    from lowrnn.fitting import LINT, r2
    from lowrnn.learning import initial_network, train
    from lowrnn.tasks import task

    chosen = task(name, **settings)
    teacher = train(
        initial_network(chosen, 128, 1, seed=seed), chosen, seed=seed, updates=2500,
        learning_rate=1e-2, schedule="constant", clip=0.1, target_loss=target_loss,
    ).rnn  # fmt: skip
    u, y, test_set, noisy = recorded(teacher, chosen, seed)
    clean = teacher.replace(noise_std=0.0).simulate(test_set.inputs).rates
    fit = LINT(1, seed=seed).fit(y, u)
    found = r2(noisy, fit.predict(test_set.inputs))
    plain = connectivity_correlation(fit.rnn_, teacher)
    effective = effective_connectivity_correlation(fit.rnn_, teacher)
    return {
        "r2": found,
        "below ceiling": r2(noisy, clean) - found,
        "effective": effective,
        "gap": effective - plain,
    }


_SMALLER = "128 neurons here, 512 there; full form: median of five networks."
_NOTEBOOK = f"Printed in the paper's released notebook. {_SMALLER}"
CLAIMS = (
    Claim(
        id="valente2022.H6a",
        figure="Table 1",
        statement="LINT explains the rates of a rank-1 network for perceptual decisions: R².",
        published=0.984,
        tolerance=0.02,
        relation="at least",
        measure=partial(typical, _perceptual, "r2"),
        remark=_NOTEBOOK,
    ),
    Claim(
        id="valente2022.H6b",
        figure="Table 1",
        statement="Noise alone keeps the R² of a network for perceptual decisions from 1: distance"
        " below the ceiling.",
        published=0.0,
        tolerance=0.02,
        relation="at most",
        measure=partial(typical, _perceptual, "below ceiling"),
        remark=f"The paper gives no ceiling; derived by this project. {_SMALLER}",
    ),
    Claim(
        id="valente2022.H6c",
        figure="Table 1",
        statement="LINT recovers the connectivity of a network for perceptual decisions where"
        " activity visits it: effective connectivity correlation.",
        published=0.988,
        tolerance=0.05,
        relation="at least",
        measure=partial(typical, _perceptual, "effective"),
        remark=_NOTEBOOK,
    ),
    Claim(
        id="valente2022.H6d",
        figure="Table 1",
        statement="Elsewhere the connectivity of a network for perceptual decisions is not"
        " identified: effective minus plain connectivity correlation.",
        published=0.482,
        tolerance=0.332,
        relation="at least",
        measure=partial(typical, _perceptual, "gap"),
        remark=f".988 - .506. The gap differs much between networks: asked for is .15. {_NOTEBOOK}",
    ),
    Claim(
        id="valente2022.H6e",
        figure="Table 1",
        statement="LINT explains the rates of a rank-1 network for context-dependent decisions:"
        " R².",
        published=0.925,
        tolerance=0.02,
        relation="at least",
        measure=partial(typical, _context, "r2"),
        remark="Measured there with a context so weak that the network decides 71 % of the trials"
        f" correctly; here with amplitude .5, where it does its task. {_NOTEBOOK}",
    ),
    Claim(
        id="valente2022.H6f",
        figure="Table 1",
        statement="Noise alone keeps the R² of a network for context-dependent decisions from 1:"
        " distance below the ceiling.",
        published=0.0,
        tolerance=0.02,
        relation="at most",
        measure=partial(typical, _context, "below ceiling"),
        remark=f"The paper gives no ceiling; derived by this project. {_SMALLER}",
    ),
    Claim(
        id="valente2022.H6g",
        figure="Table 1",
        statement="LINT recovers the connectivity of a network for context-dependent decisions"
        " where activity visits it: effective connectivity correlation.",
        published=0.991,
        tolerance=0.05,
        relation="at least",
        measure=partial(typical, _context, "effective"),
        remark=f"One network in five falls to .7, so that the median is asked for. {_NOTEBOOK}",
    ),
    Claim(
        id="valente2022.H6h",
        figure="Table 1",
        statement="Elsewhere the connectivity of a network for context-dependent decisions is not"
        " identified: effective minus plain connectivity correlation.",
        published=0.419,
        tolerance=0.269,
        relation="at least",
        measure=partial(typical, _context, "gap"),
        remark=f".991 - .572. The gap differs much between networks: asked for is .15. {_NOTEBOOK}",
    ),
)
