"""A state of the mean field: one self-consistent answer to what a network does."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Below this size a latent or a variance counts as zero.
ZERO = 1e-7
#: An outlier this close to 1 marks a neutral direction: a fold, or a continuous attractor.
NEUTRAL = 1e-6


@dataclass(frozen=True, eq=False)
class State:
    """A self-consistent state of an infinite network at a constant input.

    Attributes
    ----------
    kappa : array (rank,)
        Latents `(1/N) nᵀ phi(x)`: the coordinates of the state along the given m.
    mu : array (population,)
        Mean state of the neurons of a population.
    psi0, psi_inf : float
        Variance and long-time autocovariance of what the random part and noise give a neuron
        (Δ^I in Mastrogiuseppe & Ostojic 2018). Equal in a stationary state: frozen disorder.
    delta0, delta_inf : array (population,)
        The same for the whole state over a population: psi plus the variance along m and B.
    bulk_radius : float
        Radius of the bulk of the spectrum of `J diag(phi')`. Beyond 1 a stationary state is
        chaotic.
    outliers : array of complex
        Eigenvalues of `J diag(phi')` outside the bulk, by falling real part. Those smaller than
        the radius are hidden in the bulk of a finite network, but still shape the response of
        kappa.
    z : array (output,)
        Readout `E[w phi(x)]`.
    residual : float
        By how much the equations are violated at most.
    """

    kappa: Array
    mu: Array
    psi0: float
    psi_inf: float
    delta0: Array
    delta_inf: Array
    bulk_radius: float
    outliers: NDArray[np.complex128]
    z: Array
    residual: float
    noise_std: float = field(default=0.0)

    @property
    def outlier(self) -> complex:
        """The outlier with the largest real part."""
        return complex(self.outliers[0])

    @property
    def homogeneous(self) -> bool:
        """Whether nothing moves the network: kappa, psi and noise are 0."""
        return not (self.structured or self.fluctuating or self.psi0 >= ZERO)

    @property
    def structured(self) -> bool:
        """Whether activity has a component along m."""
        return bool(np.abs(self.kappa).max() >= ZERO)

    @property
    def fluctuating(self) -> bool:
        """Whether activity changes in time."""
        return self.noise_std > 0 or self.psi0 - self.psi_inf > ZERO

    @property
    def chaotic(self) -> bool:
        """Whether activity fluctuates by itself."""
        return self.fluctuating and self.noise_std == 0

    @property
    def stable(self) -> bool:
        """Whether the state attracts.

        For a stationary state, exactly: no eigenvalue beyond 1. For a fluctuating state, whether
        kappa returns after a small change to which the fluctuations adapt; this is exact for
        kappa = 0 (Mastrogiuseppe & Ostojic 2018), and only necessary elsewhere. It says nothing
        where holding kappa would let fluctuations grow without bound (relu beyond g = √2).
        """
        within = self.outlier.real < 1
        return bool(within and (self.fluctuating or self.bulk_radius < 1))

    @property
    def neutral(self) -> bool:
        """Whether a direction neither grows nor decays: at a fold, or on a continuous attractor."""
        return bool(np.abs(self.outliers - 1).min() < NEUTRAL)

    @property
    def kind(self) -> str:
        """ "trivial", or "structured" or "unstructured" and then "stationary" or "chaotic"."""
        if self.homogeneous:
            return "trivial"
        how = "chaotic" if self.chaotic else "noisy" if self.fluctuating else "stationary"
        return f"{'structured' if self.structured else 'unstructured'}-{how}"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; complex outliers as [real, imaginary]."""
        return {
            "kind": self.kind,
            "kappa": self.kappa.tolist(),
            "mu": self.mu.tolist(),
            "psi0": self.psi0,
            "psi_inf": self.psi_inf,
            "delta0": self.delta0.tolist(),
            "delta_inf": self.delta_inf.tolist(),
            "homogeneous": self.homogeneous,
            "chaotic": self.chaotic,
            "stable": self.stable,
            "neutral": self.neutral,
            "outlier": self.outlier.real,
            "outliers": [[each.real, each.imag] for each in self.outliers],
            "bulk_radius": self.bulk_radius,
            "z": self.z.tolist(),
            "residual": self.residual,
        }
