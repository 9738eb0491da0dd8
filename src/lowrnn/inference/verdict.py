"""What the diagnostics of an inference say, in plain words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lowrnn.inference.calibration import LEVELS, SIGNIFICANT, Calibration
from lowrnn.inference.checks import PILED
from lowrnn.inference.selection import SelectedPosterior

if TYPE_CHECKING:
    from lowrnn.inference.infer import Inference, Rounds

#: Above this, the data have said next to nothing about a parameter.
_FLAT = 0.9
_WIDE_OFF = 0.02
#: A region that leaves out more of the posterior than this was drawn too narrowly.
_LEFT_OUT = 0.02


def verdict(found: "Inference") -> tuple[str, ...]:
    """One sentence for each thing that a reader of the posterior must know; the first sums up."""
    names = found.prior.names
    said = [*calibration_verdict(found.calibration, names)]
    off = [
        f"{name} (p = {p:.2g})"
        for name, p in zip(names, found.local, strict=True)
        if p * len(names) < SIGNIFICANT
    ]
    if off:
        said.append(
            "Among the held-out simulations most like the observation, posteriors are displaced,"
            f" too narrow or too wide: {', '.join(off)}."
        )
    said += _teacher(found.teacher)
    if found.rounds is not None:
        said += _rounds(found.rounds)
    if found.misspecification < 0.05:
        said.append(
            f"The observation is unusual for every rule in the prior (p = "
            f"{found.misspecification:.3f}): the posterior shows the rules that come nearest, not"
            " one that made it."
        )
    for name, shares in zip(names, found.edges, strict=True):
        for share, side in zip(shares, ("lower", "upper"), strict=True):
            if share > PILED:
                said.append(
                    f"{share:.0%} of the posterior of {name} lies at the {side} end of its prior:"
                    " its interval is set by the prior, widen it."
                )
    flat = [n for n, s in zip(names, found.calibration.shrinkage, strict=True) if s > _FLAT]
    if flat:
        said.append(f"These summaries say next to nothing about {', '.join(flat)}.")
    if found.simulations.failed:
        said.append(_failures(found))
    if found.predictive.failed > 0.5:
        said.append(
            f"{found.predictive.failed:.0%} of the students with parameters from the posterior"
            " failed: do not use it."
        )
    elif found.predictive.ratio > 0.9:
        said.append(
            "Students with parameters from the posterior come hardly nearer to the observation than"
            f" those from the prior (distance {found.predictive.posterior:.2f} against"
            f" {found.predictive.prior:.2f})."
        )
    return tuple(said)


def calibration_verdict(found: Calibration, names: tuple[str, ...]) -> tuple[str, ...]:
    """Whether the posteriors are calibrated, and where not, in which way."""
    tests = len(found.ranks)
    p = found.parameter_pvalues
    wrong = [k for k, value in enumerate(p) if value * len(p) < SIGNIFICANT]
    said = [_parameter(found, k, names[k]) for k in wrong]
    if found.tarp_pvalue < SIGNIFICANT and not wrong:
        way = "displaced"
        if abs(found.area_to_curve) > _WIDE_OFF:
            way = "too narrow" if found.area_to_curve < 0 else "too wide"
        said.append(
            f"The parameters together are not calibrated: posteriors are {way} (p ="
            f" {found.tarp_pvalue:.2g})."
        )
    if said:
        return (
            "The posterior is NOT calibrated: do not take its intervals at face value; give more"
            " simulations or more members.",
            *said,
        )
    return (
        f"The posterior is calibrated as far as {tests} held-out simulations can tell: coverage is"
        f" within {found.coverage_error:.2f} of its nominal values.",
    )


def _parameter(found: Calibration, k: int, name: str) -> str:
    """In which way one parameter is not calibrated."""
    covered, nominal = found.coverage[-1, k], LEVELS[-1]
    mean = float(found.ranks[:, k].mean())
    error = float(np.sqrt(1 / 12 / len(found.ranks)))
    if abs(mean - 0.5) > 3 * error:
        way = f"posteriors are too {'low' if mean > 0.5 else 'high'}"
    elif found.coverage[:, k].sum() < sum(LEVELS):
        way = "posteriors are too narrow"
    else:
        way = "posteriors are too wide"
    return (
        f"{name}: {way}; {nominal:.0%} intervals hold the truth in {covered:.0%} of cases (p ="
        f" {found.parameter_pvalues[k]:.2g})."
    )


def _rounds(found: "Rounds") -> list[str]:
    """Of which part of the prior the calibration speaks, and whether it holds the posterior."""
    said = [
        "The held-out simulations are those of the last round, from"
        f" {100 * found.prior_share:.2g}% of the prior: the posterior is that of this observation"
        " within that region, and nothing was tested outside it or for other observations."
    ]
    if found.outside > _LEFT_OUT:
        said.append(
            f"{found.outside:.0%} of what was learned lies outside that region and was left out:"
            " an earlier round may have been too certain, give fewer rounds or more simulations."
        )
    return said


def _failures(found: "Inference") -> str:
    """How often students failed, in the prior and where the posterior is, and what that counts."""
    total, failed = len(found.simulations), found.simulations.failed
    counts = {k: v for k, v in found.simulations.counts().items() if k != "ok" and v}
    kinds = ", ".join(f"{count} {state}" for state, count in counts.items())
    sentence = f"{failed} of {total} simulations failed ({kinds})"
    if found.success is not None:
        unit = found.prior.to_unit(found.draws)
        at = float(found.success.probabilities(unit)[:, 0].mean())
        sentence += f"; of students from the posterior, {at:.0%} are expected to"
    if isinstance(found.posterior, SelectedPosterior):
        return (
            f"{sentence}. That the observed network did not fail is taken as given, not as evidence"
            " of its rule (failures: selection)."
        )
    return (
        f"{sentence}. That the observed network did not fail counts as evidence of its rule"
        " (failures: evidence)."
    )


def _teacher(known: Mapping[str, Any]) -> list[str]:
    """What the teacher was, and what follows for the coefficients; nothing of a known rule."""
    said = []
    if "accuracy_after" in known:
        said.append(
            f"The teacher answered {known['accuracy_before']:.0%} of trials correctly before"
            f" learning and {known['accuracy_after']:.0%} after it."
        )
    if known.get("kind") == "fit":
        change, r2 = known["change"], known.get("learning_r2")
        explained = "" if r2 is None else f", which explains {r2:.0%} of what differs over trials"
        said.append(
            "The teacher was not recorded but fitted to a recording: its connectivity changes by"
            f" {change:.0%} of what it was{explained}. Units that drift and states that fluctuate"
            " give such changes too, and errors of the fit are not in the posterior: its intervals"
            " are too narrow, and displaced."
        )
        if {"steady", "steady_shuffled"} <= known.keys():
            steady, shuffled = known["steady"], known["steady_shuffled"]
            said.append(
                f"Without each neuron's slow drift that fit predicts held-out entries with R²"
                f" {steady:.3f}, and with {shuffled:.3f} if trials are shuffled: only by the"
                " difference did connectivity change in an order, as learning does."
            )
        else:
            said.append(
                "Whether that change has an order that outlasts drift was not asked: lowrnn fit"
                " --over-trials tells, and its run folder can be the teacher."
            )
    if known.get("kind") in ("fit", "networks"):
        said.append(
            "Only signs and ratios of coefficients can be read: their size counts in epochs of"
            " students, which are no trials of the teacher."
        )
    return said
