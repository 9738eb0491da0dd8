"""`lowrnn theory fixed-points`: every state of the mean field."""

from typing import TYPE_CHECKING, Any

from lowrnn.cli.common import JsonOption, OutOption, print_result

if TYPE_CHECKING:
    from lowrnn.theory import State, TheorySpec


def fixed_points(spec: "TheorySpec", out: OutOption = None, as_json: JsonOption = False) -> None:
    """Every state of an infinite network: stationary and chaotic, stable or not.

    Per branch: kappa, mean mu and variance delta0 of the state over a population, its long-time
    covariance delta_inf, and psi0 and psi_inf, the part of both that random connections make; bulk
    radius and leading outlier of the spectrum around it (real and imaginary parts of all in
    outliers); and the readout z. For several latents or populations these are lists.
    """
    theory, u = spec.build()
    states = theory.states(u)
    branches = [_numbers(state) for state in states]
    result: dict[str, Any] = {
        "branches": branches,
        "residual": max(state.residual for state in states),
        "theory": spec.model_dump(exclude_none=True),
    }
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import states_figure

        figure = states_figure(theory, states, u)
        result["report"] = str(write_theory(out, "fixed-points", result["theory"], result, figure))
    print_result(result, _table(states), as_json=as_json)


def _numbers(state: "State") -> dict[str, Any]:
    """A state for JSON: plain numbers where there is one latent or one population."""
    numbers = state.to_dict()
    for name in ("kappa", "mu", "delta0", "delta_inf"):
        if len(numbers[name]) == 1:
            numbers[name] = numbers[name][0]
    return numbers


def _table(states: "list[State]") -> str:
    """A line for each state."""
    lines = [f"{'kappa':>18} {'psi0':>9} {'psi_inf':>9} {'radius':>8} {'outlier':>8}  state"]
    for state in states:
        kappa = " ".join(f"{value:.4f}" for value in state.kappa)
        lines.append(
            f"{kappa:>18} {state.psi0:9.4f} {state.psi_inf:9.4f} {state.bulk_radius:8.4f}"
            f" {state.outlier.real:8.4f}  {state.kind}{'' if state.stable else ', unstable'}"
        )
    return "\n".join(lines)
