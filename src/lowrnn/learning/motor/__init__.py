"""Reaching with a moving hand, and adapting to a perturbation of it."""

from lowrnn.learning.motor.adaptation import Adaptation, Epoch, adapt, reaching_network
from lowrnn.learning.motor.plants import PointMass, TwoJointArm
from lowrnn.learning.motor.reaching import Reaching

__all__ = [
    "Adaptation",
    "Epoch",
    "PointMass",
    "Reaching",
    "TwoJointArm",
    "adapt",
    "reaching_network",
]
