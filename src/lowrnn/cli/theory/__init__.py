"""`lowrnn theory`: what a connectivity will do, and which connectivity does what is wanted."""

import typer

from lowrnn.cli.theory.compare import compare
from lowrnn.cli.theory.design import design
from lowrnn.cli.theory.fixed_points import fixed_points
from lowrnn.cli.theory.options import takes_theory
from lowrnn.cli.theory.phase_diagram import phase_diagram
from lowrnn.cli.theory.spectrum import spectrum

theory = typer.Typer(
    help="Mean-field theory: fixed points, chaos, phase diagrams, spectra, and design.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for command in (fixed_points, phase_diagram, spectrum, compare):
    theory.command()(takes_theory(command))
theory.command()(design)
