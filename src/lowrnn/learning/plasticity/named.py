"""The rules of the literature, by name."""

import math
from typing import Any

from lowrnn.learning.plasticity.force import Force
from lowrnn.learning.plasticity.rule import PlasticityRule

#: Gradient descent, and what approximates it.
_DESCENT: dict[str, Any] = {"rate": 0.1, "momentum": 0.9, "norm_clip": 0.5, "readout_rate": 0.1}
_EPROP = PlasticityRule(
    terms="-X1Y1R1",
    pre="filtered",
    post="gain",
    modulator="error",
    source="Bellec et al. 2020",
    **_DESCENT,
)
_BPTT = PlasticityRule(terms="-X1R1", modulator="backpropagated", source="Werbos 1990", **_DESCENT)

RULES: dict[str, PlasticityRule | Force] = {
    "hebb": PlasticityRule(terms="X1Y1", rate=0.1, source="Hebb 1949"),
    "anti_hebb": PlasticityRule(terms="-X1Y1", rate=0.1, source="Földiák 1990"),
    "covariance": PlasticityRule(
        terms="X1Y1", pre="centred", post="centred", rate=0.1, source="Sejnowski 1977"
    ),
    "oja": PlasticityRule(terms="X1Y1 - Y2W1", rate=0.1, source="Oja 1982, eq. 3"),
    "homeostasis": PlasticityRule(
        terms="0.2*W1 - Y2W1",
        rate=0.05,
        source="Turrigiano 2008: scaling of the synapses of a neuron, towards a mean square rate",
    ),
    "bcm": PlasticityRule(
        terms="X1Y2 - X1Y1T1", rate=0.1, source="Bienenstock, Cooper & Munro 1982"
    ),
    "reward_hebb": PlasticityRule(
        terms="X3Y3R1",
        post="fluctuation",
        trace=math.inf,
        modulator="scaled_reward",
        kick=0.5,
        kicked=0.1,
        rate=300.0,
        clip=0.06,
        source="Miconi 2017, eqs. 3 to 5",
    ),
    "node_perturbation": PlasticityRule(
        terms="X1Y1R1",
        post="noise",
        trace=math.inf,
        modulator="reward",
        kick=0.5,
        kicked=0.1,
        rate=40.0,
        source="Fiete & Seung 2006",
    ),
    "weight_perturbation": PlasticityRule(
        terms="X1Y1R1",
        pre="noise",
        post="noise",
        trace=math.inf,
        modulator="reward",
        kick=0.3,
        rate=200.0,
        source="Cauwenberghs 1993; Zuge, Klos & Memmesheimer 2023",
    ),
    "rflo": PlasticityRule(
        terms="-X1Y1R1",
        post="gain",
        trace=0.1,
        modulator="error",
        feedback="random",
        source="Murray 2019, eq. 3",
        **_DESCENT,
    ),
    "eprop": _EPROP,
    "eprop_random": _EPROP.replace(feedback="random"),
    "eprop_adaptive": _EPROP.replace(feedback="adaptive", readout_decay=0.001),
    "one_hop": _BPTT.replace(hop_gain=0.0, source="Liu et al. 2021, with all weights for types"),
    "modprop": _BPTT.replace(hop_gain=0.6, source="Liu et al. 2022, with all weights for types"),
    "feedback_alignment": _BPTT.replace(feedback="random", source="Lillicrap et al. 2016"),
    "bptt": _BPTT,
    "force": Force(),
}
"""Every named rule; one of your own may join."""
