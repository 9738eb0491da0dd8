"""Schuessler et al. 2024: aligned and oblique dynamics in recurrent networks."""

from lowrnn.reproduce.schuessler2024 import cycling, noise

CLAIMS = (*cycling.CLAIMS, *noise.CLAIMS)
