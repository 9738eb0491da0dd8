"""Dubreuil et al. 2022: population structure in networks trained on five tasks.

One Gaussian population of loadings does three of the tasks (H1, H2); two tasks need more (H3, H12):
populations whose gains the context sets (H4, H5). H13 to H15 are the theory behind it.
"""

from lowrnn.reproduce.dubreuil2022 import dynamics, populations, resampling

CLAIMS = (*resampling.CLAIMS, *populations.CLAIMS, *dynamics.CLAIMS)
