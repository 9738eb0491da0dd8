"""Mastrogiuseppe & Ostojic 2018: connectivity, dynamics and computations of low-rank networks.

Parameters are those of the paper's released code. Where its figures show curves, the numbers of
the claims were derived by this project, with solvers other than those that measure them here.
"""

from lowrnn.reproduce.mastrogiuseppe2018 import chaos, computations, context, responses, states

CLAIMS = (
    *states.CLAIMS,
    *responses.CLAIMS,
    *chaos.CLAIMS,
    *computations.CLAIMS,
    *context.CLAIMS,
)
