"""`lowrnn infer` with `rules`: which of several plasticity rules made a network."""

import time
from pathlib import Path

from lowrnn.cli.campaign import campaign_bar
from lowrnn.cli.common import print_result, progress_bar, provenance


def infer_rules(
    config: Path,
    folder: Path,
    simulations: int | None,
    workers: int | None,
    cluster: str | None,
    *,
    as_json: bool,
) -> None:
    """Compare the rules of a file, write the run folder, and print what was found."""
    from lowrnn.inference.comparison import labels_of, read_rules, run_comparison, with_fit
    from lowrnn.report import write_comparison

    began = time.perf_counter()
    store = folder / "simulations"
    given = read_rules(config, simulations=simulations)
    with progress_bar("fitting", 1) as advance:
        spec = with_fit(
            given, store, progress=lambda done, total, loss: advance(done, f"{loss:.3g}", total)
        )
    with campaign_bar(spec.chunk) as progress:
        found = run_comparison(
            spec, store=store, workers=workers, cluster=cluster, progress=progress
        )
    metrics = {
        "seconds": time.perf_counter() - began,
        "out": str(folder),
        "provenance": provenance(seed=spec.seed, data=config),
    }
    written = write_comparison(
        folder, found, labels=labels_of(spec), config=given.to_dict(), metrics=metrics
    )
    # The date apart, equal comparisons print the same.
    printed = {name: value for name, value in written.items() if name != "provenance"}
    told = ", ".join(f"{rule['name']} {rule['probability']:.2f}" for rule in written["rules"])
    sentence = f"{told}. {written['remarks'][0]}\n{folder / 'report.html'}"
    print_result(printed, sentence, as_json=as_json)
