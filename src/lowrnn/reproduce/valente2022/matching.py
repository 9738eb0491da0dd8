"""Full-rank networks for delayed match to sample, and the rank of their fits (H9).

Published for networks of 1024 neurons and delays up to 3 s; here they have 128, delays of .5 to .7
s and a decision of .2 s. The quick form measures one network, the full form takes the median of
five.
"""

from functools import cache, partial
from typing import Any

from lowrnn.reproduce.claim import Claim
from lowrnn.reproduce.valente2022.runs import typical

#: The published way to fit, but for a learning rate that is higher at first and falls.
PUBLISHED_FIT: dict[str, Any] = {"start": "random", "updates": 1000, "learning_rate": 0.03}


@cache
def _ranks(seed: int) -> dict[str, float]:
    """Train a full-rank network and fit networks of rank 1 to 3."""
    from lowrnn.analysis import low_rank_equivalent
    from lowrnn.learning import evaluate, initial_network, train
    from lowrnn.tasks import task

    chosen = task("match_to_sample", delay=(0.5, 0.7), decision=0.2)
    teacher = train(
        initial_network(chosen, 128, g=0.8, seed=seed), chosen, seed=seed, updates=1000,
        learning_rate=1e-3, schedule="constant", rate_exponents={"J": 0, "B": 0, "w": 1},
        target_loss=0.02,
    ).rnn  # fmt: skip
    found = {"teacher": evaluate(teacher, chosen, seed=seed).accuracy}
    for rank in (1, 2, 3):
        fit = low_rank_equivalent(teacher, chosen, rank, seed=seed, **PUBLISHED_FIT)
        found[f"r2 {rank}"] = fit.r2
        found[f"accuracy {rank}"] = evaluate(fit.rnn, chosen, seed=seed).accuracy
    return found | {
        "second": found["r2 2"] - found["r2 1"],
        "third": found["r2 3"] - found["r2 2"],
    }


_STORED = (
    "Computed by this project from the results stored in the paper's repository, g = .8, means over"
    " eight trained networks. 128 neurons and short delays here, 1024 there; full form: median of"
    " five networks."
)

CLAIMS = (
    Claim(
        id="valente2022.H9a",
        figure="Fig. 3",
        statement="A full-rank network learns delayed match to sample: accuracy.",
        published=1.0,
        tolerance=0.02,
        relation="at least",
        measure=partial(typical, _ranks, "teacher"),
        remark=f"Fits to networks that failed were left out there. {_STORED}",
    ),
    Claim(
        id="valente2022.H9b",
        figure="Fig. 3",
        statement="A second latent is needed for delayed match to sample: gain of R².",
        published=0.309,
        tolerance=0.229,
        relation="at least",
        measure=partial(typical, _ranks, "second"),
        remark=f".939 - .630. Asked for is .08, as rank 1 explains more here. {_STORED}",
    ),
    Claim(
        id="valente2022.H9c",
        figure="Fig. 3",
        statement="A third latent adds little to two: gain of R².",
        published=0.005,
        tolerance=0.025,
        relation="at most",
        measure=partial(typical, _ranks, "third"),
        remark="Difference of the medians at ranks 2 and 3, .982 and .987; one failed fit lowers"
        f" the mean at rank 2. Asked for is at most .03. {_STORED}",
    ),
    Claim(
        id="valente2022.H9d",
        figure="Fig. 3",
        statement="The fit of rank 1 does not match samples: accuracy.",
        published=0.745,
        tolerance=0.105,
        relation="at most",
        measure=partial(typical, _ranks, "accuracy 1"),
        remark=f"Asked for is at most .85. {_STORED}",
    ),
    Claim(
        id="valente2022.H9e",
        figure="Fig. 3",
        statement="The fit of rank 2 matches samples: accuracy.",
        published=1.0,
        tolerance=0.02,
        relation="at least",
        measure=partial(typical, _ranks, "accuracy 2"),
        remark="Networks with g = .5 and 1.2; at .8 the mean is .971, with one failed fit. By the"
        " library's own start of LINT the first three networks here reach .94, 1.00 and .96, at"
        f" R² that are higher by up to .01. {_STORED}",
    ),
)
