"""What it takes to repeat the run."""

from collections.abc import Iterator, Mapping
from typing import Any

from lowrnn.report.page import Section, Table
from lowrnn.report.run import Run
from lowrnn.report.style import short


def provenance_section(run: Run) -> Section:
    """Versions, seeds, data checksum, the network's settings and the resolved configuration."""
    rows = provenance_rows(run.metrics.get("provenance") or {})
    rnn = run.rnn
    rank = f", rank {rnn.rank}" if rnn.rank else ""
    rows += [
        ["network", f"{rnn.neurons} neurons, {rnn.connectivity.kind}{rank}"],
        ["dynamics", f"dt {rnn.dt:g} s, tau {rnn.tau:g} s, {rnn.nonlinearity}"],
    ]
    if run.metrics.get("seconds") is not None:
        rows.append(["duration", f"{run.metrics['seconds']:.3g} s"])
    text = ["The configuration below and these versions repeat the run."] if run.config else []
    return Section("Provenance", text, table=Table(["", ""], rows), listing=run.config)


def provenance_rows(provenance: Mapping[str, Any]) -> list[list[str]]:
    """What a command wrote of itself, as rows of a table."""
    return [list(row) for row in _flat(provenance)]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as rows of text."""
    for key, value in values.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, list):
            yield name, ", ".join(short(item) for item in value)
        else:
            yield name, "unknown" if value is None else short(value)
