"""A small recording with structure, and a way to write a YAML file beside its data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from lowrnn.recordings import Recording


@pytest.fixture
def recording() -> Recording:
    """12 trials x 10 bins of 20 ms x 4 neurons, two contexts x three coherences."""
    rng = np.random.default_rng(0)
    return Recording(
        rng.gamma(2.0, 5.0, (12, 10, 4)),
        bin_width=0.02,
        inputs=rng.normal(size=(12, 10, 2)),
        input_names=["motion", "colour"],
        conditions=pd.DataFrame(
            {"context": ["motion", "colour"] * 6, "coherence": np.repeat([-0.5, 0.0, 0.5], 4)}
        ),
        neurons=pd.DataFrame({"area": ["PFC", "PFC", "V4", "MT"], "depth": [1.0, 2.0, 3.0, 4.0]}),
        start=-0.04,
    )


@pytest.fixture
def write_spec(tmp_path: Path) -> Callable[..., Path]:
    def write(**keys: Any) -> Path:
        path = tmp_path / "recording.yaml"
        path.write_text(yaml.safe_dump(keys, sort_keys=False))
        return path

    return write
