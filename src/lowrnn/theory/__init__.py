"""Mean-field theory: what a connectivity will do, and which connectivity does what is wanted."""

from lowrnn.theory.mean_field import MeanField
from lowrnn.theory.state import State

__all__ = ["MeanField", "State"]
