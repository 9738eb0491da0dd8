"""`lowrnn infer`: which plasticity rule made a network learn what it learned."""

import time
from pathlib import Path
from typing import Annotated

import typer

from lowrnn.cli.campaign import campaign_bar
from lowrnn.cli.common import (
    JsonOption,
    OutOption,
    print_result,
    progress_bar,
    provenance,
    run_folder,
)
from lowrnn.cli.infer_rules import infer_rules


def infer(
    config: Annotated[
        Path, typer.Argument(help="YAML file: teacher, students, and parameters or rules.")
    ],
    simulations: Annotated[
        int | None, typer.Option(help="Students to simulate; by default as the file says.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that simulate; by default one for each core.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Simulate on Dask: local, slurm or a scheduler's address.")
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Infer the parameters of a plasticity rule from the activity of a network that learned by it.

    The run folder holds the posterior, all simulations with those that failed, the checks of the
    posterior, and report.html. An interrupted campaign resumes with the same command and ends with
    the same posterior; finished students are in DIR/simulations.

    With `rules` in place of `parameters`, the question is which of several rules made the network.
    """
    from lowrnn.inference.comparison import names_rules
    from lowrnn.inference.experiment import (
        fitted,
        predicted_students,
        read_experiment,
        run_experiment,
        summary_of,
    )
    from lowrnn.report import write_inference

    if names_rules(config):
        folder = run_folder(out, f"infer-{config.stem}")
        infer_rules(config, folder, simulations, workers, cluster, as_json=as_json)
        return
    began = time.perf_counter()
    given = read_experiment(config, simulations=simulations)
    folder = run_folder(out, f"infer-{config.stem}")
    store = folder / "simulations"
    with progress_bar("fitting", 1) as advance:
        experiment = fitted(
            given, store, progress=lambda done, total, loss: advance(done, f"{loss:.3g}", total)
        )
    with campaign_bar(experiment.chunk) as progress:
        found = run_experiment(
            experiment, store=store, workers=workers, cluster=cluster, progress=progress
        )
    metrics = {
        "seconds": time.perf_counter() - began,
        "out": str(folder),
        "provenance": provenance(seed=experiment.seed, data=config),
    }
    written = write_inference(
        folder, found, spec=experiment.spec, summary=summary_of(experiment),
        predicted=predicted_students(experiment, found, store=store, workers=workers),
        config=given.to_dict(), metrics=metrics,
    )  # fmt: skip
    # The date apart, equal inferences print the same.
    printed = {name: value for name, value in written.items() if name != "provenance"}
    told = ", ".join(f"{p['name']} {p['mean']:.2f} ± {p['sd']:.2f}" for p in written["parameters"])
    sentence = f"{told}. {written['remarks'][0]}\n{folder / 'report.html'}"
    print_result(printed, sentence, as_json=as_json)
