"""`lowrnn train`: train a network on a task."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import (
    JsonOption,
    OutOption,
    print_result,
    progress_bar,
    provenance,
    run_folder,
)
from lowrnn.cli.folder import write_run
from lowrnn.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lowrnn import RNN
    from lowrnn.learning import History
    from lowrnn.tasks import Task


def train(
    task: Annotated[str, typer.Argument(help="Name of the task, such as context_decision.")],
    rank: Annotated[
        str, typer.Option(metavar="R|full", help="Rank of the connectivity, or full.")
    ] = "1",
    neurons: Annotated[int, typer.Option(help="Number of neurons.")] = 512,
    seed: Annotated[int, typer.Option(help="Determines weights, trials and noise.")] = 0,
    updates: Annotated[int, typer.Option(help="Number of gradient updates.")] = 600,
    learning_rate: Annotated[float, typer.Option(help="Adam's learning rate.")] = 0.1,
    schedule: Annotated[
        str, typer.Option(help="Course of the learning rate: cosine or constant.")
    ] = "cosine",
    clip: Annotated[float, typer.Option(help="Largest norm of the gradient.")] = 1.0,
    batch_size: Annotated[int, typer.Option(help="Trials an update.")] = 32,
    n_trials: Annotated[int, typer.Option(help="Number of training trials.")] = 800,
    target_accuracy: Annotated[
        float | None, typer.Option(help="Stop once this accuracy is reached.")
    ] = None,
    target_loss: Annotated[
        float | None, typer.Option(help="Stop once the loss is this low.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A parameter of the task; may be repeated."
        ),
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network on a task, and report what it does.

    The run folder holds the network, its answers, latents and learning curve, and report.html. An
    interrupted training resumes with the same command.
    """
    from lowrnn import learning, tasks

    chosen = tasks.task(task, **_parameters(settings or []))
    rnn = learning.initial_network(chosen, neurons, _rank(rank), seed=seed)
    folder = run_folder(out, f"{chosen.name}-rank-{rank}-seed-{seed}")
    checkpoint = folder / "checkpoint.safetensors"
    training: dict[str, Any] = {
        "updates": updates,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "clip": clip,
        "batch_size": batch_size,
        "n_trials": n_trials,
        "target_accuracy": target_accuracy,
        "target_loss": target_loss,
        "seed": seed,
    }
    started = time.perf_counter()
    with progress_bar("training", updates) as advance:
        trained = learning.train(
            rnn,
            chosen,
            **training,
            checkpoint=checkpoint,
            progress=lambda done, loss, accuracy: advance(
                done, f"loss {loss:.3g}, accuracy {accuracy:.3f}"
            ),
        )
    seconds = time.perf_counter() - started
    score = learning.evaluate(trained.rnn, chosen, seed=seed)
    metrics = {
        "kind": "train",
        "task": chosen.name,
        "rank": trained.rnn.rank or "full",
        "neurons": neurons,
        "accuracy": score.accuracy,
        "loss": score.loss,
        "updates": len(trained.history.loss),
        "seconds": seconds,
        "out": str(folder),
        "provenance": provenance(seed=seed),
    }
    config = {
        "command": "train",
        "task": chosen.to_dict(),
        "rank": metrics["rank"],
        "neurons": neurons,
        "training": training,
    }
    page = write_run(
        folder,
        config=config,
        rnn=trained.rnn,
        results=_results(trained.rnn, chosen, trained.history),
        metrics=metrics,
    )
    checkpoint.unlink(missing_ok=True)
    sentence = (
        f"{100 * score.accuracy:.1f} % of 1000 new trials are answered correctly, after"
        f" {metrics['updates']} updates in {seconds:.1f} s.\n{page}"
    )
    print_result(metrics, sentence, as_json=as_json)


def _rank(given: str) -> int | None:
    """The rank of the connectivity, None for a full one."""
    if given == "full":
        return None
    try:
        return int(given)
    except ValueError:
        raise InputError(f"rank is {given!r}: give a whole number, or full") from None


def _parameters(given: list[str]) -> dict[str, Any]:
    """The parameters of the task that differ from its defaults."""
    import yaml

    parameters = {}
    for setting in given:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set is {setting!r}: give NAME=VALUE, such as delay=0.3")
        try:
            parameters[name.strip()] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise InputError(
                f"--set {name} is {text!r}: give a number, or a list such as [-1, 1]"
            ) from None
    return parameters


def _results(rnn: "RNN", task: "Task", history: "History") -> "xr.Dataset":
    """Answers and latents on every condition, without noise, and the course of the training."""
    trials = task.conditions()
    trajectory = rnn.replace(noise_std=0.0).simulate(trials.inputs)
    axes = ("trial", "time")
    coords: dict[str, Any] = {
        str(name): ("trial", column.to_numpy()) for name, column in trials.conditions.items()
    }
    coords |= {
        "time": ("time", trajectory.time, {"units": "s"}),
        "input": list(task.input_names),
        "output": list(task.output_names),
    }
    return (
        history.to_xarray()
        .assign(
            z=((*axes, "output"), trajectory.z),
            target=((*axes, "output"), trials.targets),
            mask=(axes, trials.mask),
            kappa=((*axes, "latent"), trajectory.kappa),
            inputs=((*axes, "input"), trials.inputs),
        )
        .assign_coords(coords)
    )
