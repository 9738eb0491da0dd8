"""From a run folder to its report."""

from pathlib import Path

from lowrnn.errors import InputError
from lowrnn.files import write_text
from lowrnn.report.conditions import Conditions, conditions
from lowrnn.report.data import data_section
from lowrnn.report.dynamics import dynamics_section
from lowrnn.report.gains import gains_section
from lowrnn.report.inactivation import inactivation_section
from lowrnn.report.inference.page import INFERENCE
from lowrnn.report.inference.rules_page import COMPARISON
from lowrnn.report.latents import latents_section
from lowrnn.report.learning.page import SWEEP
from lowrnn.report.loadings import loadings_section
from lowrnn.report.neurons import neurons_section
from lowrnn.report.outputs import outputs_section
from lowrnn.report.over_trials.page import OVER_TRIALS
from lowrnn.report.page import Section, render
from lowrnn.report.populations import find_populations, populations_section
from lowrnn.report.provenance import provenance_section
from lowrnn.report.psychometrics import psychometrics_section
from lowrnn.report.ranks import ranks_section
from lowrnn.report.run import Run
from lowrnn.report.style import counted
from lowrnn.report.summary import fit_summary, train_summary
from lowrnn.report.theory.page import THEORY
from lowrnn.report.training import training_section
from lowrnn.tasks import Task

#: Fits and trainings apart, which share most of their sections.
_KINDS = (THEORY, SWEEP, INFERENCE, COMPARISON, OVER_TRIALS)


def write_report(folder: str | Path, task: Task | None = None) -> Path:
    """Write `report.html` into a run folder: one file that works without a network.

    Parameters
    ----------
    folder : path
        What `lowrnn fit`, `lowrnn train`, `lowrnn learn`, `lowrnn infer` or a command of `lowrnn
        theory` wrote.
    task : Task, optional
        The task of a training, if `tasks.task` cannot make it from `config.yaml`: one of your own
        that is not in the registry, or an environment.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    InputError
        If a file of the run is missing, damaged or lacks a variable.
    """
    for kind in _KINDS:
        if kind.wrote(Path(folder)):
            return kind.write(Path(folder))
    run = Run.load(folder, task)
    provenance = run.metrics.get("provenance") or {}
    groups = conditions(run)
    if run.kind == "fit":
        title = f"Low-rank network fitted to {_data_name(provenance)}"
        sections = _fit_sections(run, groups)
    else:
        title = f"Network trained on {run.metrics.get('task', 'a task')}"
        sections = _train_sections(run, groups)
    shown = run.results.sizes["trial"]
    what = f"{shown} trials or conditions" if run.kind == "fit" else counted(shown, "condition")
    about = [f"{run.rnn.neurons} neurons", what]
    about += [str(provenance["date"])] if provenance.get("date") else []
    about += [f"lowrnn {provenance['version']}"] if provenance.get("version") else []
    path = run.folder / "report.html"
    write_text(path, render(title, " · ".join(about), sections, groups))
    return path


def _data_name(provenance: dict[str, object]) -> str:
    name = provenance.get("data_file") or provenance.get("data")
    return Path(str(name)).name if name else "a recording"


def _fit_sections(run: Run, groups: Conditions) -> list[Section]:
    return [
        fit_summary(run),
        data_section(run, groups),
        ranks_section(run),
        neurons_section(run, groups),
        latents_section(run, groups),
        dynamics_section(run, groups),
        loadings_section(run),
        training_section(run),
        provenance_section(run),
    ]


def _train_sections(run: Run, groups: Conditions) -> list[Section]:
    return [
        train_summary(run),
        outputs_section(run, groups),
        psychometrics_section(run),
        *(_mechanism(run, groups) if run.rnn.rank else [_full_rank()]),
        training_section(run),
        provenance_section(run),
    ]


def _full_rank() -> Section:
    """Where the mechanism of a full-rank network is to be found."""
    text = (
        "A network of full rank has no latents of its own, and no loadings by which neurons could"
        " be told apart. lowrnn.analysis.low_rank_equivalent finds the low-rank network that does"
        " the same with the same neurons, and silencing_predictions tests its mechanism in this"
        " one."
    )
    return Section("Mechanism", [text])


def _mechanism(run: Run, groups: Conditions) -> list[Section]:
    """Latents, flow and populations of a trained network, or why these are not known."""
    moving = [latents_section(run, groups), dynamics_section(run, groups)]
    try:
        found = find_populations(run)
    except InputError as error:
        return [*moving, Section("Populations", [f"Populations were not sought: {error}."])]
    return [
        *moving,
        populations_section(run, found),
        gains_section(run, found),
        inactivation_section(run, found),
    ]
