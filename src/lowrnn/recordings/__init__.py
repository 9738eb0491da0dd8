"""What was recorded: trials x time x neurons from NPZ, MAT, NetCDF or NWB, ready to fit.

`read` takes a YAML file that says what to read and how to prepare it, or a data file whose arrays
have the default names; it gives a `Recording`. `noise_ceiling` says how far repeats of the same
condition agree, and so how well any model of the condition averages can do.
"""

from lowrnn.recordings.ceiling import NoiseCeiling, noise_ceiling, r2_ceiling
from lowrnn.recordings.read import read
from lowrnn.recordings.recording import Recording
from lowrnn.recordings.spec import RecordingSpec, read_spec

__all__ = [
    "NoiseCeiling",
    "Recording",
    "RecordingSpec",
    "noise_ceiling",
    "r2_ceiling",
    "read",
    "read_spec",
]
