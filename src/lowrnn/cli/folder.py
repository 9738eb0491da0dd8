"""The run folder that commands leave."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowrnn.files import atomic, write_json, write_text

if TYPE_CHECKING:
    import xarray as xr

    from lowrnn import RNN


def write_run(
    folder: Path,
    *,
    config: dict[str, Any],
    rnn: "RNN",
    results: "xr.Dataset",
    metrics: dict[str, Any],
) -> Path:
    """Write a finished run, then its report; returns the path of the report.

    `metrics.json` is removed first and written last: a folder that has it is whole.
    """
    import yaml

    from lowrnn.report import write_report

    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    rnn.save(folder / "network.safetensors")
    # Through memory: on a full disk, HDF5 writing for itself brings the process down.
    content = results.to_netcdf(engine="h5netcdf")
    with atomic(folder / "results.nc") as temporary:
        temporary.write_bytes(content)
    write_json(folder / "metrics.json", metrics)
    return write_report(folder)
