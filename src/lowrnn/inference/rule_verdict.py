"""What a comparison of rules says, in plain words."""

from typing import TYPE_CHECKING

from lowrnn.inference.simulations import OK

if TYPE_CHECKING:
    from lowrnn.inference.comparison import RulePosterior

#: Above this expected calibration error, probabilities are not to be read as such.
_OFF = 0.1
#: Below this, the observation is unusual.
_UNUSUAL = 0.05
#: Rules whose success differs by more than this are told apart by it, too.
_UNEVEN = 0.1


def rule_verdict(found: "RulePosterior") -> tuple[str, ...]:
    """One sentence for each thing that a reader must know; the first sums up."""
    compared = found.comparison
    p = dict(zip(compared.rules, found.probabilities, strict=True))
    best = max(p, key=lambda name: p[name])
    worst = float(found.misspecification.max())
    said = []
    groups = sorted(compared.equivalence_classes(), key=lambda group: best not in group)
    if len(groups) == 1:
        said.append(
            f"These summaries tell none of {_listed(groups[0])} apart: their probabilities say"
            " little."
        )
    elif len(groups[0]) > 1:
        said.append(
            f"The most probable rule is one of {_listed(groups[0])}: {_as_one(groups[0], p)}"
        )
    else:
        said.append(f"The most probable rule is {best}, with probability {_told(p[best])}.")
    said += [f"Read {_listed(g)} as one: {_as_one(g, p)}" for g in groups[1:] if len(g) > 1]
    if worst < _UNUSUAL:
        said.insert(
            0,
            f"The observation is unusual for every rule (p = {worst:.3f} at most): none of them"
            " need have made it, though their probabilities add up to 1.",
        )
    unusual = dict(zip(compared.rules, found.misspecification, strict=True))
    if worst >= _UNUSUAL > unusual[best]:
        said.append(
            f"Yet the observation is unusual for {best} (p = {unusual[best]:.3f}), and less so for"
            f" {max(unusual, key=lambda name: unusual[name])}."
        )
    error = compared.calibration_error
    if error > _OFF:
        said.append(
            f"The probabilities are NOT calibrated: on students whose rule is known they are off by"
            f" {error:.2f} on average; give more simulations."
        )
    else:
        said.append(
            f"On students whose rule is known, {compared.accuracy:.0%} are assigned to it (chance"
            f" {1 / len(p):.0%}), and probabilities are off by {error:.2f} on average."
        )
    said += _failures(found)
    return tuple(said)


def _failures(found: "RulePosterior") -> list[str]:
    """How often students failed, and what that does to the probabilities."""
    shares = dict(zip(found.comparison.rules, found.comparison.success, strict=True))
    total = sum(len(part) for part in found.simulations.values())
    failed = sum(part.failed for part in found.simulations.values())
    if not failed:
        return []
    kinds: dict[str, int] = {}
    for part in found.simulations.values():
        for state, count in part.counts().items():
            if state != OK:
                kinds[state] = kinds.get(state, 0) + count
    told = ", ".join(f"{count} {state}" for state, count in sorted(kinds.items()))
    said = [f"{failed} of {total} simulations failed ({told})."]
    low, high = min(shares, key=lambda k: shares[k]), max(shares, key=lambda k: shares[k])
    if shares[high] - shares[low] > _UNEVEN:
        said.append(
            f"Students of {low} end well in {shares[low]:.0%} of cases and of {high} in"
            f" {shares[high]:.0%}: that the observed network did not fail counts against {low}."
        )
    return said


def _as_one(names: tuple[str, ...], p: dict[str, float]) -> str:
    """What is known of rules that are not told apart."""
    total = _told(sum(p[name] for name in names))
    return f"these summaries do not tell them apart, and together they have probability {total}."


def _told(probability: float) -> str:
    """Two digits, and no probability of 1."""
    return f"{probability:.2f}" if probability < 0.995 else "above 0.99"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"
