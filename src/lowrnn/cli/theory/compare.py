"""`lowrnn theory compare`: theory beside networks of finite size."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import JsonOption, OutOption, print_result, progress_bar
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.theory import TheorySpec


def compare(
    spec: "TheorySpec",
    neurons: Annotated[
        str, typer.Option(metavar="N,N,…", help="Sizes of the networks.")
    ] = "250,500,1000,2000",
    draws: Annotated[int, typer.Option(help="Networks of each size.")] = 5,
    iid: Annotated[
        bool, typer.Option("--iid", help="Draw loadings without correcting their moments.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Determines the networks.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every stable state beside simulations that start there, and their scatter against size."""
    from lowrnn.theory import compare as compare_with

    theory, u = spec.build()
    try:
        sizes = [int(size) for size in neurons.split(",")]
    except ValueError:
        raise InputError(f"neurons is {neurons!r}: give sizes such as 250,1000") from None
    with progress_bar("simulating", len(sizes) * draws) as advance:
        table = compare_with(
            theory,
            u=u,
            neurons=sizes,
            draws=draws,
            exact=not iid,
            seed=seed,
            progress=lambda done, total: advance(done, "", total),
        )
    # NaN is no JSON: what is unknown is null.
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    result: dict[str, Any] = {"rows": rows, "theory": spec.model_dump(exclude_none=True)}
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import comparison_figure

        config = result["theory"] | {
            "command": {"neurons": sizes, "draws": draws, "iid": iid, "seed": seed}
        }
        figure = comparison_figure(table)
        result["report"] = str(write_theory(out, "compare", config, result, figure))
    columns = ["state", "neurons", "quantity", "theory", "simulated", "sem", "expected_sd", "kept"]
    text = table[columns].to_string(index=False, float_format="{:.4f}".format, na_rep="-")
    print_result(result, text, as_json=as_json)
