"""`lowrnn theory spectrum`: the eigenvalues of a connectivity, or around a state."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import JsonOption, OutOption, print_result
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.theory import TheorySpec


def spectrum(
    spec: "TheorySpec",
    neurons: Annotated[int, typer.Option(help="Neurons of the network that is drawn.")] = 1000,
    state: Annotated[
        int | None,
        typer.Option(
            help="Linearise around this branch of fixed-points, from 0; by default J itself.",
            show_default=False,
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Draw loadings with exact mean and covariance.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Determines the network.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bulk radius and outliers of J, or of J diag(phi') around a state, and those of a network."""
    import numpy as np

    from lowrnn.theory import expected_spectrum, jacobian_eigenvalues
    from lowrnn.theory import spectrum as spectrum_of

    theory, u = spec.build()
    settings: dict[str, Any] = {"g": theory.g, "nonlinearity": theory.nonlinearity}
    rnn = theory.mixture.sample(neurons, seed, exact=exact, **settings)
    std = None
    if state is None:
        expected = expected_spectrum(theory.mixture, neurons, theory.g)
        radius, outliers, std = expected.bulk_radius, expected.outliers, expected.std
        eigenvalues, what = spectrum_of(rnn).eigenvalues, "J"
    else:
        states = theory.states(u)
        if not 0 <= state < len(states):
            raise InputError(f"state is {state}: give one of 0 to {len(states) - 1}")
        chosen = states[state]
        if chosen.fluctuating:
            raise InputError(
                f"state {state} is {chosen.kind}: give a stationary one, whose spectrum is constant"
            )
        radius, outliers = chosen.bulk_radius, chosen.outliers
        eigenvalues = jacobian_eigenvalues(rnn, chosen, theory.equations(u).u)
        what = f"J diag(φ′) at the {chosen.kind} state {state}"
    largest = eigenvalues[: 2 * theory.mixture.rank]
    result: dict[str, Any] = {
        "of": what,
        "bulk_radius": radius,
        "outliers": [
            {
                "real": value.real,
                "imag": value.imag,
                "visible": bool(abs(value) > radius),
                "sd": None if std is None or not np.isfinite(std[i]) else float(std[i]),
            }
            for i, value in enumerate(outliers)
        ],
        "neurons": neurons,
        "seed": seed,
        "largest_eigenvalues": [[value.real, value.imag] for value in largest],
        "measured_radius": float(
            np.abs(eigenvalues[int(np.sum(np.abs(outliers) > radius)) :]).max()
        )
        if theory.g > 0
        else 0.0,
        "theory": spec.model_dump(exclude_none=True),
    }
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import spectrum_figure

        config = result["theory"] | {
            "command": {"neurons": neurons, "state": state, "exact": exact, "seed": seed}
        }
        figure = spectrum_figure(radius, outliers, eigenvalues, std=std, title=what)
        result["report"] = str(write_theory(out, "spectrum", config, result, figure, rnn=rnn))
    shown = ", ".join(f"{value:.4f}" for value in outliers)
    print_result(
        result, f"{what}: bulk radius {radius:.4f}, outliers {shown or 'none'}", as_json=as_json
    )
