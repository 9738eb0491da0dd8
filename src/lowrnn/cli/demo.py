"""`lowrnn demo`: the main job on a recording whose answer is known."""

from typing import TYPE_CHECKING, Annotated

import typer

from lowrnn.cli.common import JsonOption, OutOption, print_result, progress_bar, run_folder
from lowrnn.cli.fit import run, sentence

if TYPE_CHECKING:
    from lowrnn import RNN
    from lowrnn.recordings import Recording
    from lowrnn.tasks import Task

NEURONS, RECORDED, REPEATS, UPDATES = 256, 100, 10, 400
RANKS = [1, 2, 3, 4, 5]
MEASUREMENT_NOISE = 0.1


def demo(
    seed: Annotated[int, typer.Option(help="Determines the network and the recording.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record from a network that does a task, and find out how it does it.

    Trains a full-rank network on context-dependent decisions, records 100 of its 256 neurons in
    ten noisy trials of each condition, fits networks of rank 1 to 5 to the averages, and reports.
    Everything is computed on the spot. Whether the fit found the mechanism is then tested: read
    out as the recorded neurons were, does it make the same decisions?
    """
    from lowrnn import RNN, tasks
    from lowrnn.files import write_json
    from lowrnn.fitting import LINT
    from lowrnn.recordings import read
    from lowrnn.report import write_report

    folder = run_folder(out, "demo")
    task = tasks.task("context_decision")
    # Named by the seed, since another one may follow in the same folder.
    network, recording = folder / f"teacher-{seed}.safetensors", folder / f"recording-{seed}.npz"
    if not (network.exists() and recording.exists()):
        teacher = _train(task, seed)
        teacher.save(network)
        _record(teacher, task, seed).to_npz(recording)
    data = read(recording)
    metrics = run(
        data, RANKS, LINT(on="rates"), folder, folds=4, seeds=1, seed=seed,
        source=recording,
    )  # fmt: skip
    fitted = RNN.load(folder / "network.safetensors")
    metrics["accuracy"] = _accuracy(fitted, RNN.load(network), task, data)
    write_json(folder / "metrics.json", metrics)
    write_report(folder)
    words, report = sentence(metrics).split("\n")
    decides = f"Read out as the recorded neurons were, it decides {metrics['accuracy']:.0%} of"
    print_result(metrics, f"{words}\n{decides} conditions correctly.\n{report}", as_json=as_json)


def _train(task: "Task", seed: int) -> "RNN":
    """The network to record from."""
    from lowrnn import learning

    start = learning.initial_network(task, NEURONS, seed=seed)
    with progress_bar("training", UPDATES) as advance:
        return learning.train(
            start, task, updates=UPDATES, seed=seed,
            progress=lambda done, _, accuracy: advance(done, f"accuracy {accuracy:.2f}"),
        ).rnn  # fmt: skip


def _record(teacher: "RNN", task: "Task", seed: int) -> "Recording":
    """Averages over noisy trials of every condition, for a random part of the neurons."""
    import numpy as np
    import pandas as pd

    from lowrnn.recordings import Recording

    rng = np.random.default_rng(seed)
    recorded = np.sort(rng.permutation(NEURONS)[:RECORDED])
    trials = task.conditions()
    repeated = np.repeat(np.arange(len(trials)), REPEATS)
    rates = teacher.simulate(trials.inputs[repeated], seed).rates[:, :, recorded]
    single = Recording(
        rates + MEASUREMENT_NOISE * rng.standard_normal(rates.shape),
        task.dt,
        inputs=trials.inputs[repeated],
        input_names=task.input_names,
        conditions=trials.conditions.iloc[repeated],
        neurons=pd.DataFrame({"unit": recorded}),
        unit="a.u.",
    )
    return single.average(list(trials.conditions.columns))


def _accuracy(fitted: "RNN", teacher: "RNN", task: "Task", data: "Recording") -> float:
    """Share of the conditions that the fit decides correctly with the recorded neurons' readout."""
    readout = teacher.readout[data.neurons["unit"].to_numpy()]
    conditions = task.conditions()
    run = fitted.replace(readout=readout).simulate(conditions.inputs)
    return task.accuracy(run.z, conditions)
