"""Reaching from the centre to targets around it."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.errors import InputError, check_number
from lowrnn.learning.motor.plants import Plant, PointMass
from lowrnn.networks.kernels import Tensors, integrate
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reaching:
    """Reaches to targets on a circle of radius 1 along paths of minimal jerk.

    A network is shown the target while it prepares, and is alone once it moves. Its outputs are the
    force on a hand, or the torques of an arm. The loss is the mean squared distance of the hand
    from the path, and `effort` times the mean square of the force before the movement.

    Parameters
    ----------
    targets : int
        How many there are.
    preparation, movement : int
        Numbers of steps.
    dt : float
        Length of a step in units of the network's time constant.
    effort : float
        Weight of forces in the preparation.
    plant : PointMass or TwoJointArm
        What is moved.
    """

    targets: int = 8
    preparation: int = 20
    movement: int = 21
    dt: float = 0.1
    effort: float = 0.02
    plant: Plant = field(default_factory=PointMass)

    def __post_init__(self) -> None:
        for name in ("targets", "preparation", "movement"):
            value = getattr(self, name)
            if value < 1:
                raise InputError(f"{name} is {value}: give at least 1")
        check_number("effort", self.effort, at_least=0)
        if not 0 < self.dt <= 1:
            raise InputError(f"dt is {self.dt}: give a step above 0, at most 1 time constant")

    @property
    def steps(self) -> int:
        """Steps of a trial."""
        return self.preparation + self.movement

    @property
    def directions(self) -> Array:
        """Directions of the targets in radians, (target,)."""
        return 2 * np.pi * np.arange(self.targets) / self.targets

    @property
    def inputs(self) -> Array:
        """The position of the target and 1 while the network prepares, (target, time, 3)."""
        cue = np.stack([np.cos(self.directions), np.sin(self.directions), np.ones(self.targets)], 1)
        u = np.zeros((self.targets, self.steps, 3))
        u[:, : self.preparation] = cue[:, None]
        return u

    @property
    def paths(self) -> Array:
        """Where the hand should be in each step of the movement, (target, movement, 2)."""
        s = np.arange(1, self.movement + 1) / self.movement
        share = 10 * s**3 - 15 * s**4 + 6 * s**5
        ends = np.stack([np.cos(self.directions), np.sin(self.directions)], axis=1)
        paths: Array = share[None, :, None] * ends[:, None]
        return paths

    def move(self, forces: Tensor, *, curl: float, rotation: float) -> Tensor:
        """The path of the hand, (trial, movement, 2), from forces (trial, movement, 2).

        Parameters
        ----------
        forces : tensor
            Outputs of the network in the movement.
        curl : float
            Strength of a force `curl [[0, 1], [-1, 0]] v` on a hand of velocity v.
        rotation : float
            Angle in radians by which forces are turned.
        """
        turn = forces.new_tensor(
            [
                [math.cos(rotation), -math.sin(rotation)],
                [math.sin(rotation), math.cos(rotation)],
            ]
        )
        q, v = self.plant.rest(len(forces), forces.dtype)
        hands = []
        for force in (forces @ turn.T).unbind(dim=1):
            q, v = self.plant.step(q, v, force, self.dt, curl=curl)
            hands.append(self.plant.hand(q))
        return torch.stack(hands, dim=1)

    def run(
        self, tensors: Tensors, nonlinearity: str, *, curl: float = 0.0, rotation: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rates (target, time, neuron), hand paths (target, movement, 2), loss of each (target,).

        Forces are read out after each step.
        """
        u = torch.from_numpy(self.inputs).to(tensors["w"].dtype)
        x = integrate(tensors, u, alpha=self.dt, nonlinearity=nonlinearity, noise=Noise(0.0))
        rates = NONLINEARITIES[nonlinearity](x)
        forces = rates @ tensors["w"] / len(tensors["w"])
        hand = self.move(forces[:, self.preparation :], curl=curl, rotation=rotation)
        error = (hand - torch.from_numpy(self.paths).to(hand.dtype)).square().sum(dim=2).mean(dim=1)
        waiting = forces[:, : self.preparation].square().sum(dim=2).mean(dim=1)
        return rates, hand, error + self.effort * waiting
