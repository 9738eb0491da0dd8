"""The rules of the literature, by name."""

import math

from lowrnn.learning.plasticity.force import Force
from lowrnn.learning.plasticity.rule import PlasticityRule

RULES: dict[str, PlasticityRule | Force] = {
    "hebb": PlasticityRule(terms="X1Y1", rate=0.1, source="Hebb 1949"),
    "anti_hebb": PlasticityRule(terms="-X1Y1", rate=0.1, source="Földiák 1990"),
    "covariance": PlasticityRule(
        terms="X1Y1", pre="centred", post="centred", rate=0.1, source="Sejnowski 1977"
    ),
    "oja": PlasticityRule(terms="X1Y1 - Y2W1", rate=0.1, source="Oja 1982, eq. 3"),
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
        rate=10.0,
        source="Fiete & Seung 2006",
    ),
    "weight_perturbation": PlasticityRule(
        terms="X1Y1R1",
        pre="noise",
        post="noise",
        trace=math.inf,
        modulator="reward",
        kick=0.3,
        rate=50.0,
        source="Cauwenberghs 1993; Zuge, Klos & Memmesheimer 2023",
    ),
    "rflo": PlasticityRule(
        terms="-X1Y1R1",
        post="gain",
        trace=0.1,
        modulator="random",
        rate=0.1,
        momentum=0.9,
        norm_clip=0.5,
        readout_rate=0.1,
        source="Murray 2019, eq. 3",
    ),
    "eprop": PlasticityRule(
        terms="-X1Y1R1",
        pre="filtered",
        post="gain",
        modulator="symmetric",
        rate=0.1,
        momentum=0.9,
        norm_clip=0.5,
        source="Bellec et al. 2020",
    ),
    "eprop_random": PlasticityRule(
        terms="-X1Y1R1",
        pre="filtered",
        post="gain",
        modulator="random",
        rate=0.1,
        momentum=0.9,
        norm_clip=0.5,
        readout_rate=0.1,
        source="Bellec et al. 2020",
    ),
    "bptt": PlasticityRule(
        terms="-X1R1",
        modulator="backpropagated",
        rate=0.1,
        momentum=0.9,
        norm_clip=0.5,
        source="Werbos 1990",
    ),
    "force": Force(),
}
"""Every named rule; one of your own may join."""
