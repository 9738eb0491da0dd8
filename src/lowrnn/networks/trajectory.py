"""What a simulated network did."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One simulation; entry `t` holds the network after the input of step `t` has acted.

    Attributes
    ----------
    x : array (trial, time, neuron)
        State.
    rates : array (trial, time, neuron)
        `phi(x + bias)`.
    kappa : array (trial, time, rank)
        Latents: the coordinates of the state along the columns of `m` in the canonical gauge
        (`LowRank.canonical`), when the rest of the state lies along the input weights, in private
        noise and in the decaying initial state. Of a network of low tensor rank, the coordinates
        along `a` of `LowTensorRank.canonical`. No columns for a full-rank network.
    z : array (trial, time, output)
        Readout `(1/N) wᵀ phi(x + bias)`.
    time : array (time,)
        Seconds since the initial state, from `dt` on.
    """

    x: Array
    rates: Array
    kappa: Array
    z: Array
    time: Array

    def to_xarray(self) -> "xr.Dataset":
        """The same, with named axes: `trial`, `time` (seconds), `neuron`, `latent`, `output`."""
        import xarray as xr

        return xr.Dataset(
            {
                "x": (("trial", "time", "neuron"), self.x),
                "rates": (("trial", "time", "neuron"), self.rates),
                "kappa": (("trial", "time", "latent"), self.kappa),
                "z": (("trial", "time", "output"), self.z),
            },
            coords={"time": ("time", self.time, {"units": "s"})},
        )
