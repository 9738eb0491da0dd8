"""`lowrnn train`: train a network on a task."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import (
    JsonOption,
    OutOption,
    print_result,
    progress_bar,
    provenance,
    run_folder,
    task_parameters,
)
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.learning.mixture import TrainedMixture
    from lowrnn.learning.train import Progress
    from lowrnn.tasks import Task


def train(
    task: Annotated[str, typer.Argument(help="Name of the task, such as context_decision.")],
    rank: Annotated[
        str,
        typer.Option(
            metavar="R|full|mixture",
            help="Rank of the connectivity; full; or mixture, of Gaussian populations.",
        ),
    ] = "1",
    neurons: Annotated[int, typer.Option(help="Number of neurons.")] = 512,
    seed: Annotated[int, typer.Option(help="Determines weights, trials and noise.")] = 0,
    preset: Annotated[
        str | None,
        typer.Option(help="Published variant of task and training, such as populations2022."),
    ] = None,
    updates: Annotated[
        int | None, typer.Option(help="Number of gradient updates, of each stage; 600 by default.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Adam's learning rate; 0.1 by default.")
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(help="Course of the learning rate: cosine (the default) or constant."),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(help="Largest norm of the gradient; 1 by default.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Trials an update; 32 by default.")] = None,
    n_trials: Annotated[
        int | None, typer.Option(help="Number of training trials; 800 by default.")
    ] = None,
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
    latents: Annotated[int, typer.Option(help="Rank of a mixture.")] = 1,
    populations: Annotated[int, typer.Option(help="Populations of a mixture.")] = 2,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network on a task, and report what it does.

    The task and the training are those of a preset, or the library's own; options of the training
    given here replace theirs, in all of its stages. The run folder holds the network, its answers,
    latents and learning curve, and report.html. With --rank mixture, the distribution of the
    connectivity is trained in the limit of many neurons, and the network is drawn from it;
    mixture.safetensors has the distribution, for GaussianMixture.load. An interrupted training
    resumes with the same command.
    """
    import numpy as np

    from lowrnn import learning, tasks
    from lowrnn.report import write_training

    if neurons < 1:
        raise InputError(f"neurons is {neurons}: give at least 1")
    chosen = tasks.task(task, preset=preset, **task_parameters(settings or []))
    given = {
        "updates": updates,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "clip": clip,
        "batch_size": batch_size,
        "n_trials": n_trials,
        "target_accuracy": target_accuracy,
        "target_loss": target_loss,
    }
    given = {name: value for name, value in given.items() if value is not None}
    size = rank if rank == "mixture" else _rank(rank)
    folder = run_folder(out, f"{chosen.name}-rank-{rank}-seed-{seed}")
    checkpoint = folder / "checkpoint"
    started = time.perf_counter()
    how: dict[str, Any]
    if isinstance(size, str):
        how = {"latents": latents, "populations": populations, "settings": given}
        drawn = _mixture(chosen, neurons, seed, checkpoint, **how)
        rnn, history = drawn.sample(neurons, seed, dtype=np.float32), drawn.history
        mixture = drawn.mixture
    else:
        recipe = learning.recipe_for(chosen.name, size, preset=preset).replace(**given)
        how = {"recipe": recipe.to_dict()}
        with progress_bar("training", recipe.updates) as advance:
            trained = learning.train_recipe(
                chosen, neurons, size, recipe, seed=seed, checkpoint=checkpoint,
                progress=_remark(advance),
            )  # fmt: skip
        rnn, history, mixture = trained.rnn, trained.history, None
    seconds = time.perf_counter() - started
    metrics = write_training(
        folder, rnn, chosen, history, seed=seed, mixture=mixture,
        config={"preset": preset, **how},
        metrics={"seconds": seconds, "provenance": provenance(seed=seed)},
    )  # fmt: skip
    shutil.rmtree(checkpoint, ignore_errors=True)
    sentence = (
        f"{100 * metrics['accuracy']:.1f} % of 1000 new trials are answered correctly, after"
        f" {metrics['steps']} updates in {seconds:.1f} s.\n"
        f"{folder / 'report.html'}"
    )
    print_result(metrics, sentence, as_json=as_json)


def _rank(given: str) -> int | None:
    """The rank of the connectivity, None for a full one."""
    if given == "full":
        return None
    try:
        return int(given)
    except ValueError:
        raise InputError(f"rank is {given!r}: give a whole number, full or mixture") from None


def _remark(advance: Callable[..., None]) -> "Progress":
    """Shows loss and accuracy beside the progress bar."""
    return lambda done, loss, accuracy: advance(done, f"loss {loss:.3g}, accuracy {accuracy:.3f}")


def _mixture(
    task: "Task", neurons: int, seed: int, checkpoint: Path, *, latents: int, populations: int,
    settings: dict[str, Any],
) -> "TrainedMixture":  # fmt: skip
    """A mixture, trained to give networks of this size."""
    from lowrnn.learning import train_mixture

    if "target_accuracy" in settings:
        raise InputError("target_accuracy is given for a mixture: give target_loss instead")
    with progress_bar("training", settings.get("updates", 300)) as advance:
        return train_mixture(
            task, rank=latents, populations=populations, neurons=neurons, **settings, seed=seed,
            checkpoint=checkpoint / "mixture.safetensors", progress=_remark(advance),
        )  # fmt: skip
