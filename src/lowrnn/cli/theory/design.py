"""`lowrnn theory design`: connectivity for a computation, and a network that performs it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import JsonOption, OutOption, print_result
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.theory.design import Design

NAMES = ("go-nogo", "detection", "context-go-nogo", "context-integration")


def design(
    what: Annotated[
        str,
        typer.Argument(
            metavar="COMPUTATION|FLOW.npz",
            help=f"One of {', '.join(NAMES)}; or an NPZ file with the arrays points"
            " (point, rank) and velocities (point, rank) of a wanted flow, and input_values"
            " (point, input) if it depends on inputs.",
        ),
    ],
    neurons: Annotated[int, typer.Option(help="Neurons of the network.")] = 1000,
    populations: Annotated[
        int, typer.Option(help="For a flow: number of populations of loadings, at most.")
    ] = 20,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="For a flow: use the fewest populations that keep the relative error below.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(help="For a computation with noise: trials of each condition.")
    ] = 20,
    iid: Annotated[
        bool, typer.Option("--iid", help="Draw loadings without correcting their moments.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Determines the network and the trials.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connectivity statistics that compute what is wanted, what theory expects, and a network.

    The published designs of Mastrogiuseppe & Ostojic 2018 by name, or any flow of the latents.
    With --out, the run folder holds network.safetensors beside the report.
    """
    if what in NAMES:
        _computation(what, neurons, trials, iid, seed, out, as_json)
    elif Path(what).suffix == ".npz":
        _flow(Path(what), neurons, populations, tolerance, iid, seed, out, as_json)
    else:
        raise InputError(f"the computation is {what!r}: give one of {', '.join(NAMES)} or FLOW.npz")


def _computation(
    name: str, neurons: int, trials: int, iid: bool, seed: int, out: Path | None, as_json: bool
) -> None:
    from lowrnn.theory import design as designs

    builders: dict[str, Callable[[], Design]] = {
        "go-nogo": designs.go_nogo,
        "detection": designs.detection,
        "context-go-nogo": designs.context_go_nogo,
        "context-integration": designs.context_integration,
    }
    chosen = builders[name]()
    rnn = chosen.sample(neurons, seed, exact=not iid)
    curves = None
    if chosen.noise.any():
        curves = {
            "reduced model": designs.psychometric(chosen, 1000, seed),
            f"network, N = {neurons}": designs.psychometric(chosen, trials, seed, rnn=rnn),
        }
    plain = chosen.trials()
    z = rnn.simulate(plain.inputs).z[range(len(chosen)), chosen.answer_step(), chosen.output]
    table = chosen.predict().assign(z_network=z)
    if curves is not None:
        table["p_positive"], table["p_positive_network"] = (
            curve["p_positive"].to_numpy() for curve in curves.values()
        )
    result: dict[str, Any] = {
        "design": name,
        "neurons": neurons,
        "seed": seed,
        "g": chosen.g,
        "rank": chosen.mixture.rank,
        "conditions": table.to_dict("records"),
    }
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import design_figure

        config = {"design": name, "neurons": neurons, "trials": trials, "iid": iid, "seed": seed}
        figure = design_figure(chosen, rnn, curves)
        result["report"] = str(write_theory(out, "design", config, result, figure, rnn=rnn))
    print_result(
        result, table.to_string(index=False, float_format="{:.4f}".format), as_json=as_json
    )


def _flow(
    path: Path,
    neurons: int,
    populations: int,
    tolerance: float | None,
    iid: bool,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np

    from lowrnn.theory.design import design_flow

    points, velocities, inputs = _samples(path)
    rank = velocities.shape[1]
    found = design_flow(
        (np.concatenate([points, inputs], axis=1), velocities),
        rank=rank,
        inputs=inputs.shape[1],
        populations=populations,
        tolerance=tolerance,
        neurons=neurons,
        exact=not iid,
        seed=seed,
    )
    rnn = found.sample(seed)
    reached = found.network_flow(rnn, points, inputs)
    scale = np.sqrt(np.mean(velocities**2))
    result: dict[str, Any] = {
        "design": "flow",
        "neurons": neurons,
        "seed": seed,
        "rank": rank,
        "populations": found.mixture.populations,
        "error": found.error,
        "held_out_error": found.held_out_error,
        "expected_network_error": found.network_error,
        "network_error": float(np.sqrt(np.mean((reached - velocities) ** 2)) / scale),
        "largest_coefficient": found.largest_coefficient,
        "n_std": found.n_std.tolist(),
    }
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import flow_design_figure

        figure = None
        if rank <= 2 and not inputs.shape[1]:
            figure = flow_design_figure(found, rnn, points, velocities)
        config = {
            "design": str(path), "neurons": neurons, "populations": populations,
            "tolerance": tolerance, "iid": iid, "seed": seed,
        }  # fmt: skip
        result["report"] = str(write_theory(out, "design", config, result, figure, rnn=rnn))
    sentence = (
        f"{found.mixture.populations} populations: relative error {found.error:.3g} of the infinite"
        f" network, {result['network_error']:.3g} of one of {neurons} neurons"
        f" (expected {found.network_error:.3g})"
    )
    print_result(result, sentence, as_json=as_json)


def _samples(path: Path) -> tuple[Any, Any, Any]:
    """Points, velocities and inputs of a wanted flow."""
    import numpy as np

    from lowrnn.errors import check_array

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as NPZ ({error}): check the file") from None
    missing = {"points", "velocities"} - arrays.keys()
    if missing:
        raise InputError(f"{path} has no array {min(missing)}: add it")
    points = check_array("points", arrays["points"], ("point", "rank"))
    velocities = check_array("velocities", arrays["velocities"], points.shape)
    inputs = arrays.get("input_values", np.zeros((len(points), 0)))
    return points, velocities, check_array("input_values", inputs, (len(points), inputs.shape[-1]))
