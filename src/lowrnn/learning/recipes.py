"""How networks are trained on each task: the published ways, and the library's own.

A preset of a task (`lowrnn.tasks.task(name, preset=...)`) fixes the trials; the recipe of the same
name is how the paper trains networks on them.
"""

import math
from collections.abc import Sequence
from typing import Any

from lowrnn.learning.recipe import Recipe, Stage

#: Updates that make one epoch in the code released with Dubreuil et al. 2022.
EPOCH = 25


def recipe_for(task: str, rank: int | None = None, *, preset: str | None = None) -> Recipe:
    """How to train a network on a task.

    Parameters
    ----------
    task : str
        Name of the task.
    rank : int, optional
        Rank of the network; full by default.
    preset : str, optional
        A published variant. "populations2022" has the settings of the code released with Dubreuil
        et al. 2022 for five tasks, changed where this is said beside them; "schuessler2020" those
        of full-rank networks in Schuessler et al. 2020. Without a preset, or where it has none, the
        recipe is the library's own: the defaults of `train`, but for tasks that these do not learn.
    """
    if preset == "schuessler2020" and rank is None and task in SCHUESSLER2020:
        return SCHUESSLER2020[task]
    published = POPULATIONS2022 if preset == "populations2022" else {}
    low, full = published.get(task) or OWN.get(task) or (Recipe(), Recipe())
    return full if rank is None else low


def _stage(
    epochs: int,
    learning_rate: float,
    clip: float | None,
    trained: Sequence[str],
    *,
    stop: float | None = None,
    exponent: float | None = None,
    full_rank: bool = False,
    **task: Any,
) -> Stage:
    """A training in the published manner, which scales all learning rates by `N**exponent`."""
    settings = {
        "updates": epochs * EPOCH,
        "evaluate_every": EPOCH,
        "learning_rate": learning_rate,
        "schedule": "constant",
        "clip": clip,
        "trained": tuple(trained),
        "target_loss": stop,
    }
    if full_rank:
        settings["rate_exponents"] = dict.fromkeys(trained, exponent or 0.0)
    return Stage(task=task, settings=settings, full_rank=full_rank)


def _schuessler(updates: int) -> Recipe:
    """Schuessler et al. 2020: new trials in every update, rates that fall as 1/N, no noise.

    Their readout is ours over N, and so is its learning rate: ours does not fall.
    """
    settings = {
        "updates": updates,
        "evaluate_every": 50,
        "learning_rate": 0.05,
        "schedule": "constant",
        "rate_exponents": {"J": -1.0, "B": -1.0},
        "clip": None,
        "n_trials": None,
    }
    network = {"g": 0.9, "noise_std": 0.0, "exact_norms": True}
    return Recipe(stages=(Stage(settings=settings, full_rank=True),), network=network)


#: Full-rank networks; of their strengths g (0 to 3) one that all tasks are learned at.
SCHUESSLER2020 = {
    "flip_flop": _schuessler(1000),
    "context_decision": _schuessler(2000),
    "working_memory": _schuessler(6000),
}

_GAINS = ("s_in", "s_out")
_LOW = ("m", "n", *_GAINS)
_LOW_AND_B = ("m", "n", "B", "s_out")

#: Published noise of a working memory network: 0.005 a step, as `initial_network` says of 0.05.
_QUIET = {"noise_std": 0.005 / math.sqrt(2 * 0.2)}

# Published, the primer takes 50 epochs at a learning rate of 1e-5, from g = 0.1, over delays of up
# to 2 s; the stages at rank 2 take 300, 50 and 400. From g = 0.8 the full-rank network learns short
# delays in a few epochs, and what follows takes fewer as well.
_MATCH_PRIMER = _stage(
    40, 1e-3, 1.0, ("J", "B", "w"), stop=0.05, full_rank=True, delay=(0.5, 0.7), decision=0.2
)
_MATCH = Recipe(
    stages=(
        _MATCH_PRIMER,
        _stage(100, 1e-2, 0.01, _LOW_AND_B, stop=0.05, delay=(0.5, 0.7)),
        _stage(50, 1e-3, 1.0, _LOW_AND_B, stop=0.05, delay=(0.5, 1.0)),
        _stage(100, 1e-3, 1.0, _LOW_AND_B, stop=0.02),
    ),
    network={"g": 0.8},
)

#: For each task the recipes of low-rank and of full-rank networks.
POPULATIONS2022: dict[str, tuple[Recipe, Recipe]] = {
    "perceptual_decision": (
        Recipe(stages=(_stage(20, 5e-3, None, _LOW),)),
        Recipe(stages=(_stage(30, 1e-4, None, ("J", *_GAINS), stop=0.05, full_rank=True),)),
    ),
    "working_memory": (
        Recipe(
            stages=(
                _stage(5, 1e-2, None, ("J", *_GAINS), exponent=-0.5, full_rank=True),
                _stage(100, 1e-2, 1.0, _LOW),
            ),
            network=_QUIET,
        ),
        Recipe(
            stages=(_stage(30, 1e-5, None, ("J", *_GAINS), stop=0.05, full_rank=True),),
            network=_QUIET,
        ),
    ),
    "multisensory_decision": (
        Recipe(stages=(_stage(30, 1e-2, 0.1, _LOW_AND_B, stop=0.01),)),
        Recipe(stages=(_stage(40, 1e-4, None, ("J", "B", "s_out"), stop=0.05, full_rank=True),)),
    ),
    "context_decision": (
        Recipe(stages=(_stage(100, 1e-2, 0.1, _LOW_AND_B, stop=0.01),)),
        Recipe(stages=(_stage(60, 1e-4, 1.0, ("J", "B", "s_out"), stop=0.05, full_rank=True),)),
    ),
    "match_to_sample": (
        _MATCH,
        Recipe(stages=(_stage(100, 1e-4, 1.0, ("J", "B", "s_out"), stop=0.05, full_rank=True),)),
    ),
}

# Before Set comes, a timing network rests at an output of -0.5, also at a cue of 0: from a state of
# zero, where its dynamics are symmetric, it could not tell the two signs apart. Published too, the
# initial state is trained.
_TIMED = ("m", "n", "B", "w", "initial_state")
_TIMED_FULL = ("J", *_TIMED[2:])

_CUE_SET_GO = Recipe(stages=(Stage(settings={"updates": 1200, "trained": _TIMED}),))
_CUE_SET_GO_FULL = Recipe(
    stages=(Stage(settings={"updates": 300, "trained": _TIMED_FULL}),), network={"g": 0.8}
)

# From random loadings an interval is forgotten in the delay. From latents that a network holds on
# to it is learned over short delays first, and then over longer ones, without noise.
_MEASURE_WAIT_GO = Recipe(
    stages=tuple(
        Stage(
            task={"delay": (0.2, longest)},
            settings={
                "updates": updates,
                "learning_rate": rate,
                "trained": _TIMED,
                "evaluate_every": 100,
                "target_accuracy": 0.985,
            },
        )
        for longest, updates, rate in (
            (0.6, 1500, 0.02),
            (1.0, 1000, 0.01),
            (1.6, 1000, 0.01),
            (2.5, 2000, 0.01),
        )
    ),
    network={"overlap": 1.0, "noise_std": 0.0},
)
_MEASURE_WAIT_GO_FULL = Recipe(stages=(Stage(settings={"trained": _TIMED_FULL}),))

#: Where the defaults of `train` do not do.
OWN: dict[str, tuple[Recipe, Recipe]] = {
    "match_to_sample": POPULATIONS2022["match_to_sample"],
    "cue_set_go": (_CUE_SET_GO, _CUE_SET_GO_FULL),
    "measure_wait_go": (_MEASURE_WAIT_GO, _MEASURE_WAIT_GO_FULL),
}
