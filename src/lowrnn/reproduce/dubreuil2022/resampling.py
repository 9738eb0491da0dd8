"""Networks trained on five tasks, and what is left of them in one Gaussian population: H1-H3, H12.

Networks are trained as published, with the task settings and recipes of the preset
`populations2022`. The quick form has one network a task, smaller than the published 512 neurons
(match to sample: 500); the full form takes the median of three of that size.
"""

from functools import cache, partial

from lowrnn.reproduce.claim import Claim, Relation

#: Rank, and neurons of the quick and of the full form.
NETWORKS = {
    "perceptual_decision": (1, 128, 512),
    "multisensory_decision": (1, 256, 512),
    "working_memory": (2, 256, 512),
    "context_decision": (1, 256, 512),
    "match_to_sample": (2, 128, 500),
}


@cache
def _network(name: str, seed: int, full: bool) -> dict[str, float]:
    """Train a network, test its loadings for Gaussianity, and resample it from one Gaussian."""
    from dataclasses import replace

    import numpy as np

    from lowrnn.analysis import epairs, loadings, resample
    from lowrnn.learning import evaluate, recipe_for, train_recipe
    from lowrnn.tasks import task

    preset = "populations2022"
    chosen, (rank, small, large) = task(name, preset=preset), NETWORKS[name]
    recipe = recipe_for(name, rank, preset=preset)
    if name == "working_memory":
        # The default g of the released code; which one its primers had is not known. From .1, the
        # first updates of the primer, all of one size, are most of J, and loadings take two values.
        recipe = replace(recipe, network={**recipe.network, "g": 1.0})
        # Published without a target, at a median loss of .0215: a third of the updates does better.
        recipe = recipe.replace(target_loss=0.01)
    rnn = train_recipe(chosen, large if full else small, rank, recipe, seed=seed).rnn
    score = evaluate(rnn, chosen, seed=seed)
    again = [
        evaluate(resample(rnn, seed=draw), chosen, n_trials=400, seed=draw).accuracy
        for draw in range(10)
    ]
    X = loadings(rnn)
    return {
        "accuracy": score.accuracy,
        "loss": score.loss,
        "overlap": float(np.sum(X[:, 0] * X[:, rank])) / len(X),
        "resampled": float(np.mean(again)),
        "effect": epairs(X[:, : 2 * rank + chosen.n_inputs], draws=100).effect,
    }


def _typical(name: str, quantity: str, full: bool) -> float:
    """A quantity of one network, or its median over three."""
    from statistics import median

    return median(_network(name, seed, full)[quantity] for seed in range(3 if full else 1))


_FORM = "Quick form: one network of {} neurons; full form: median of three of {}."
_STORED = "Computed by this project from the results stored in the paper's repository."


def _form(name: str) -> str:
    return _FORM.format(*NETWORKS[name][1:])


#: Claims on ePAIRS: label, task, its name in words, verb, published, tolerance, relation, remark.
EFFECTS: tuple[tuple[str, str, str, str, float, float, Relation, str], ...] = (
    ("H12a", "perceptual_decision", "perceptual decisions", "are", 0.072, 0.228,
     "at most", "Asked for is at most .3."),
    ("H12b", "multisensory_decision", "multisensory decisions", "are", 0.079, 0.221,
     "at most", "Asked for is at most .3."),
    ("H12c", "working_memory", "parametric working memory", "are", 0.065, 0.235,
     "at most", "Asked for is at most .3. Holds for primers that start"
     " at g = 1, the default of the released code; from .1,"
     " tried first, the effect is above 3. Which the published ones had is not known."),
    ("H12d", "context_decision", "context-dependent decisions", "are not", 1.842, 0.842,
     "at least", "Asked for is at least 1."),
    ("H12e", "match_to_sample", "delayed match to sample", "are not", 0.856, 0.556,
     "at least", "Asked for is at least .3."),
)  # fmt: skip

CLAIMS = (
    *(
        Claim(
            id=f"dubreuil2022.{label}",
            figure=figure,
            statement=f"Networks of rank {NETWORKS[name][0]} learn {task}: accuracy.",
            published=published,
            tolerance=tolerance,
            relation="at least",
            measure=partial(_typical, name, "accuracy"),
            remark=f"Mean over 100 networks. {_STORED} {_form(name)}",
        )
        for label, figure, name, task, published, tolerance in (
            ("H1a", "Fig. 3", "perceptual_decision", "perceptual decisions", 1.0, 0.01),
            ("H2a", "Fig. 1", "multisensory_decision", "multisensory decisions", 1.0, 0.01),
            ("H2b", "Fig. 1", "working_memory", "parametric working memory", 0.996, 0.01),
            ("H3a", "Fig. 1", "context_decision", "context-dependent decisions", 0.998, 0.01),
            ("H3b", "Fig. 1", "match_to_sample", "delayed match to sample", 0.961, 0.01),
        )
    ),
    Claim(
        id="dubreuil2022.H1b",
        figure="Fig. 3",
        statement="A network for perceptual decisions has two stable states: overlap of n and m.",
        published=1.323,
        tolerance=0.323,
        relation="at least",
        measure=partial(_typical, "perceptual_decision", "overlap"),
        remark="The network of the released notebook; asked for is an overlap above 1."
        f" {_form('perceptual_decision')}",
    ),
    Claim(
        id="dubreuil2022.H1c",
        figure="Fig. 3",
        statement="Networks of rank 1 learn perceptual decisions: loss.",
        published=0.0009,
        tolerance=0.0041,
        relation="at most",
        measure=partial(_typical, "perceptual_decision", "loss"),
        remark=f"Median over 100 networks. {_STORED} Asked for is at most .005."
        f" {_form('perceptual_decision')}",
    ),
    *(
        Claim(
            id=f"dubreuil2022.{label}",
            figure="Fig. 1l",
            statement=f"Networks drawn from one Gaussian still do {task}: mean accuracy.",
            published=published,
            tolerance=tolerance,
            relation="at least",
            measure=partial(_typical, name, "resampled"),
            remark=f"Mean over 100 networks{remark}. {_STORED} Ten draws. {_form(name)}",
        )
        for label, name, task, published, tolerance, remark in (
            ("H2c", "perceptual_decision", "perceptual decisions", 1.0, 0.03, ""),
            ("H2d", "multisensory_decision", "multisensory decisions", 1.0, 0.03, ""),
            (
                "H2e",
                "working_memory",
                "parametric working memory",
                0.958,
                0.058,
                ", from .891 to 1; asked for is .9",
            ),
        )
    ),
    *(
        Claim(
            id=f"dubreuil2022.{label}",
            figure="Fig. 1l",
            statement=f"Networks drawn from one Gaussian fail at {task}: mean accuracy.",
            published=published,
            tolerance=0.08,
            relation="at most",
            measure=partial(_typical, name, "resampled"),
            remark=f"Mean over 100 networks. {_STORED} Ten draws. {_form(name)}",
        )
        for label, name, task, published in (
            ("H3c", "context_decision", "context-dependent decisions", 0.701),
            ("H3d", "match_to_sample", "delayed match to sample", 0.536),
        )
    ),
    *(
        Claim(
            id=f"dubreuil2022.{label}",
            figure="Fig. 1",
            statement=f"Loadings of networks for {task} {verb} one Gaussian: effect size of the"
            " ePAIRS test.",
            published=published,
            tolerance=tolerance,
            relation=relation,
            measure=partial(_typical, name, "effect"),
            remark=f"Median over 100 networks. {_STORED} {remark} {_form(name)}",
        )
        for label, name, task, verb, published, tolerance, relation, remark in EFFECTS
    ),
)
