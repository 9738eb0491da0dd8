"""Turner & Barak 2023: attractors that networks gain as they learn several bits."""

from functools import partial
from statistics import median

from lowrnn.reproduce.claim import Claim


def _count(overlap: float, full: bool) -> float:
    """Fixed points of a network of rank one with this overlap."""
    import numpy as np

    from lowrnn import RNN, LowRank
    from lowrnn.analysis import fixed_point_census

    m = np.random.default_rng(0).standard_normal((200, 1))
    n = overlap * m * 200 / (m**2).sum()
    return float(fixed_point_census([RNN(LowRank(m, n), dt=0.1, tau=1.0)]).total[0])


def _stable_states(seed: int) -> int:
    """Stable fixed points of a network of rank two that has learned two bits."""
    from lowrnn.analysis import fixed_point_census
    from lowrnn.learning import initial_network, train
    from lowrnn.tasks import FlipFlop

    start = initial_network(FlipFlop(), 100, 2, seed=seed)
    trained = train(start, FlipFlop(), seed=seed).rnn
    return int(fixed_point_census([trained]).counts["stable"][0])


def _typical_states(full: bool) -> float:
    return float(median(_stable_states(seed) for seed in range(3)))


CLAIMS = (
    *(
        Claim(
            id=f"turner2023.L5h-{label}",
            figure="theory",
            statement=f"Fixed points of a network of rank one whose overlap is {overlap}.",
            published=published,
            tolerance=0.0,
            relation="equal",
            measure=partial(_count, overlap),
            remark="Derived by this project: two attractors appear where the overlap crosses 1.",
        )
        for label, overlap, published in (("a", 0.99, 1.0), ("b", 1.01, 3.0))
    ),
    Claim(
        id="turner2023.L5h-c",
        figure="text",
        statement="Stable states of a network of rank two that has learned the flip-flop of two"
        " bits, in which a pulse resets the other bit.",
        published=4.0,
        tolerance=0.0,
        relation="equal",
        measure=_typical_states,
        quick=False,
        remark="One for each bit and sign. 100 neurons, median of three networks.",
    ),
)
