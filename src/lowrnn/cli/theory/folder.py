"""The run folder of a theory."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowrnn.cli.common import provenance, run_folder
from lowrnn.files import atomic, write_dataset, write_json, write_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from lowrnn import RNN

#: Dots an inch of the figure in the report.
RESOLUTION = 160


def write_theory(
    out: Path,
    command: str,
    config: dict[str, Any],
    result: dict[str, Any],
    figure: "Figure | None" = None,
    *,
    rnn: "RNN | None" = None,
    results: "xr.Dataset | None" = None,
) -> Path:
    """Write what a command found, then its report; returns the path of the report.

    `metrics.json` is removed first and written last: a folder that has it is whole.
    """
    import yaml

    from lowrnn.report import write_report

    folder = run_folder(out, command)
    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    if rnn is not None:
        rnn.save(folder / "network.safetensors")
    if results is not None:
        write_dataset(folder / "results.nc", results)
    if figure is not None:
        for suffix in ("png", "svg"):
            stream = io.BytesIO()
            figure.savefig(stream, format=suffix, dpi=RESOLUTION)
            with atomic(folder / f"figure.{suffix}") as temporary:
                temporary.write_bytes(stream.getvalue())
    metrics = {
        "kind": "theory",
        "command": command,
        "result": result,
        "provenance": provenance(seed=int(config.get("seed", 0))),
    }
    write_json(folder / "metrics.json", metrics)
    return write_report(folder)
