"""A run folder, read: what every section of the report looks at."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import yaml
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.networks import RNN
from lowrnn.report.metrics import KINDS, check_metrics
from lowrnn.tasks import Task, task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Run:
    """What `lowrnn fit` or `lowrnn train` left in a folder.

    Attributes
    ----------
    folder : Path
        Where it is.
    config : str
        `config.yaml`, as text.
    metrics : dict
        `metrics.json`.
    results : xarray.Dataset
        `results.nc`, in memory.
    rnn : RNN
        `network.safetensors`.
    known_task : Task, optional
        The task of a training, if it is not to be made from `config.yaml`.
    """

    folder: Path
    config: str
    metrics: dict[str, Any]
    results: xr.Dataset
    rnn: RNN
    known_task: Task | None = None

    @classmethod
    def load(cls, folder: str | Path, known_task: Task | None = None) -> "Run":
        """Read a run folder.

        Raises
        ------
        InputError
            If a file is missing or damaged, a metric is missing or of a wrong type, or the run is
            of a kind that has no report.
        """
        folder = Path(folder)
        paths = {name: folder / name for name in ("config.yaml", "metrics.json", "results.nc")}
        for name, path in paths.items():
            if not path.is_file():
                raise InputError(
                    f"run folder {folder} has no {name}: give a folder that lowrnn fit or lowrnn"
                    " train wrote to the end"
                )
        try:
            config = paths["config.yaml"].read_text(encoding="utf-8")
            metrics = json.loads(paths["metrics.json"].read_text(encoding="utf-8"))
            results = xr.load_dataset(paths["results.nc"], engine="h5netcdf")
        except (OSError, ValueError) as error:
            raise InputError(
                f"run folder {folder} holds a damaged file ({error}): run the command again"
            ) from None
        kind = metrics.get("kind") if isinstance(metrics, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            raise InputError(
                f"kind in {paths['metrics.json']} is {kind!r}: a report can be made of the kinds"
                f" {', '.join(KINDS)}"
            )
        check_metrics(metrics, paths["metrics.json"])
        rnn = RNN.load(folder / "network.safetensors")
        return cls(folder, config, metrics, results, rnn, known_task)

    @property
    def kind(self) -> str:
        """ "fit" or "train"."""
        return str(self.metrics["kind"])

    def task(self) -> Task:
        """The task of a training, with its parameters.

        Raises
        ------
        InputError
            If `config.yaml` does not tell, or the registry has no such task.
        """
        if self.known_task is not None:
            return self.known_task
        try:
            config = yaml.safe_load(self.config)
        except yaml.YAMLError:
            config = None
        given = config.get("task") if isinstance(config, dict) else None
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise InputError(
                f"task in {self.folder / 'config.yaml'} is {given!r}: give its name and parameters,"
                " as lowrnn train writes them"
            )
        return task(**{str(name): value for name, value in given.items()})

    @property
    def unit(self) -> str:
        """Unit of the data, "a.u." where unknown."""
        return str(self.results.attrs.get("unit") or "a.u.")

    @property
    def time(self) -> Array:
        """Time axis in seconds."""
        return np.asarray(self.results["time"], np.float64)

    def array(self, name: str, *dims: str) -> Array | None:
        """A variable with its axes in the given order, or None if it is absent or all NaN."""
        if name not in self.results or set(self.results[name].dims) != set(dims):
            return None
        value = np.asarray(self.results[name].transpose(*dims), np.float64)
        return value if value.size and np.isfinite(value).any() else None

    def need(self, name: str, *dims: str) -> Array:
        """The same for a variable that every run of this kind has.

        Raises
        ------
        InputError
            If it is absent or all NaN.
        """
        value = self.array(name, *dims)
        if value is None:
            raise InputError(
                f"{name} in {self.folder / 'results.nc'} is absent, empty or not"
                f" ({', '.join(dims)}): run the command again"
            )
        return value

    def labels(self, dim: str) -> pd.DataFrame:
        """The coordinates along an axis other than its index: one row an entry.

        How many trials were averaged (`n_trials`) is no variable of the task, and left out.
        """
        columns = {
            str(name): np.asarray(value)
            for name, value in self.results.coords.items()
            if value.dims == (dim,) and name not in (dim, "n_trials")
        }
        return pd.DataFrame(columns, index=range(self.results.sizes.get(dim, 0)))

    def input_names(self) -> list[str]:
        """The names of the inputs, or their numbers."""
        return self._channels("input", self.rnn.inputs.shape[1])

    def output_names(self) -> list[str]:
        """The names of the outputs, or their numbers."""
        return self._channels("output", self.rnn.readout.shape[1])

    def _channels(self, kind: str, count: int) -> list[str]:
        if kind in self.results.coords:
            return [str(name) for name in np.asarray(self.results[kind])]
        return [f"{kind} {i + 1}" for i in range(count)]

    def area(self) -> tuple[str, NDArray[np.str_]] | None:
        """The label that groups neurons, by preference `area`, and its value for each neuron."""
        table = self.labels("neuron")
        texts = [str(c) for c in table if not pd.api.types.is_numeric_dtype(table[c])]
        for name in sorted(texts, key=lambda c: c != "area"):
            if 1 < table[name].nunique() <= 20:
                return name, table[name].astype(str).to_numpy(dtype=np.str_)
        return None
