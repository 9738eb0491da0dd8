"""Schuessler et al. 2020: low-rank changes of random networks while they learn.

The theory of linear networks (H1 to H6), networks trained on three tasks (H7 to H12), and a task
that needs random weights (H13).
"""

from lowrnn.reproduce.schuessler2020 import linear, trained

CLAIMS = (*linear.CLAIMS, *trained.CLAIMS)
