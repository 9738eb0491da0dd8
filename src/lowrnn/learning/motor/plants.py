"""What a network moves: a hand without an arm, or one at the end of an arm of two joints.

Time is in units of the network's time constant, length in units of the distance to a target.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lowrnn.errors import check_number


class Plant(Protocol):
    """A body with two degrees of freedom, moved by the two outputs of a network."""

    def rest(self, trials: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Coordinates and velocities (trial, 2) of the body at rest, its hand at the origin."""
        ...

    def step(
        self, q: Tensor, v: Tensor, force: Tensor, dt: float, *, curl: float
    ) -> tuple[Tensor, Tensor]:
        """Coordinates and velocities after a step."""
        ...

    def hand(self, q: Tensor) -> Tensor:
        """The position of the hand (trial, 2)."""
        ...


@dataclass(frozen=True, kw_only=True)
class PointMass:
    """A mass with friction in the plane: `dv/dt = gain F - friction v + curl field`.

    Parameters
    ----------
    gain : float
        Acceleration by an output of 1.
    friction : float
        Deceleration at a velocity of 1.
    """

    gain: float = 6.0
    friction: float = 1.0

    def __post_init__(self) -> None:
        check_number("gain", self.gain, above=0)
        check_number("friction", self.friction, at_least=0)

    def rest(self, trials: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """At the origin."""
        return torch.zeros(trials, 2, dtype=dtype), torch.zeros(trials, 2, dtype=dtype)

    def step(
        self, q: Tensor, v: Tensor, force: Tensor, dt: float, *, curl: float
    ) -> tuple[Tensor, Tensor]:
        """Semi-implicit Euler: the new velocity moves the mass."""
        v = v + dt * (self.gain * force - self.friction * v + curl * _turned(v))
        return q + dt * v, v

    def hand(self, q: Tensor) -> Tensor:
        """The mass is the hand."""
        return q


@dataclass(frozen=True, kw_only=True)
class TwoJointArm:
    """Two rods in the horizontal plane, with torques at shoulder and elbow.

    `M(q) dv/dt = gain F - C(q, v) - friction v + Jᵀ (curl field at the hand)`, where q are the
    angles of the joints, M the inertia of uniform rods and C their Coriolis and centripetal forces.

    Parameters
    ----------
    lengths, masses : tuple of float
        Of upper arm and forearm.
    posture : tuple of float
        Angles of shoulder and elbow in radians where the arm starts, with its hand at the origin.
    gain : float
        Torque by an output of 1.
    friction : float
        Torque at an angular velocity of 1.
    """

    lengths: tuple[float, float] = (2.0, 2.0)
    masses: tuple[float, float] = (1.0, 1.0)
    posture: tuple[float, float] = (math.pi / 4, math.pi / 2)
    gain: float = 20.0
    friction: float = 2.0

    def __post_init__(self) -> None:
        for field in ("lengths", "masses"):
            for value in getattr(self, field):
                check_number(field, value, above=0)
        check_number("gain", self.gain, above=0)
        check_number("friction", self.friction, at_least=0)

    def rest(self, trials: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """In its posture."""
        return (
            torch.tensor(self.posture, dtype=dtype).expand(trials, 2),
            torch.zeros(trials, 2, dtype=dtype),
        )

    def step(
        self, q: Tensor, v: Tensor, force: Tensor, dt: float, *, curl: float
    ) -> tuple[Tensor, Tensor]:
        """Semi-implicit Euler: the new velocity turns the joints."""
        shoulder, elbow, coupling = self._inertia(q)
        swing = self._rods()[2] * torch.sin(q[:, 1])
        # Coriolis and centripetal torques.
        turning = swing * torch.stack([-(2 * v[:, 0] + v[:, 1]) * v[:, 1], v[:, 0] ** 2])
        torque = (self.gain * force - self.friction * v).T - turning
        if curl:
            jacobian = self.jacobian(q)
            field = curl * _turned(torch.einsum("kij,kj->ki", jacobian, v))
            torque = torque + torch.einsum("kij,ki->jk", jacobian, field)
        determinant = shoulder * elbow - coupling**2
        acceleration = torch.stack(
            [
                elbow * torque[0] - coupling * torque[1],
                shoulder * torque[1] - coupling * torque[0],
            ]
        )
        v = v + dt * (acceleration / determinant).T
        return q + dt * v, v

    def hand(self, q: Tensor) -> Tensor:
        """Where the forearm ends, from where it ends in the posture of rest."""
        return self._end(q) - self._end(torch.tensor([self.posture], dtype=q.dtype))

    def jacobian(self, q: Tensor) -> Tensor:
        """Derivative of the hand by the joints, (trial, hand, joint)."""
        first, second = self.lengths
        both = q[:, 0] + q[:, 1]
        x = torch.stack(
            [-first * torch.sin(q[:, 0]) - second * torch.sin(both), -second * torch.sin(both)], 1
        )
        y = torch.stack(
            [first * torch.cos(q[:, 0]) + second * torch.cos(both), second * torch.cos(both)], 1
        )
        return torch.stack([x, y], dim=1)

    def energy(self, q: Tensor, v: Tensor) -> Tensor:
        """Kinetic energy (trial,)."""
        shoulder, elbow, coupling = self._inertia(q)
        return (
            shoulder * v[:, 0] ** 2 + elbow * v[:, 1] ** 2 + 2 * coupling * v[:, 0] * v[:, 1]
        ) / 2

    def _end(self, q: Tensor) -> Tensor:
        first, second = self.lengths
        both = q[:, 0] + q[:, 1]
        return torch.stack(
            [
                first * torch.cos(q[:, 0]) + second * torch.cos(both),
                first * torch.sin(q[:, 0]) + second * torch.sin(both),
            ],
            dim=1,
        )

    def _rods(self) -> tuple[float, float, float]:
        """Inertia of upper arm with the forearm's mass at its end, of the forearm, coupling."""
        (m1, m2), (l1, l2) = self.masses, self.lengths
        return (m1 / 3 + m2) * l1**2, m2 * l2**2 / 3, m2 * l1 * l2 / 2

    def _inertia(self, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Entries of M: shoulder, elbow, and between them."""
        upper, fore, mixed = self._rods()
        cosine = mixed * torch.cos(q[:, 1])
        elbow = torch.full_like(cosine, fore)
        return upper + fore + 2 * cosine, elbow, fore + cosine


def _turned(vector: Tensor) -> Tensor:
    """`[[0, 1], [-1, 0]]` times each vector (trial, 2)."""
    return torch.stack([vector[:, 1], -vector[:, 0]], dim=1)
