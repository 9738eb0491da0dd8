"""What a plasticity rule is made of, and how local it is."""

import math
from dataclasses import dataclass, replace
from typing import Any

from lowrnn.errors import InputError, check_number
from lowrnn.learning.plasticity.terms import Term, format_terms, parse_terms

PRE = ("rate", "filtered", "centred", "noise")
POST = ("rate", "centred", "fluctuation", "gain", "noise")
MODULATORS = ("none", "reward", "scaled_reward", "error", "backpropagated")
FEEDBACK = ("symmetric", "random", "adaptive")
_SCALAR = ("reward", "scaled_reward")


@dataclass(frozen=True, kw_only=True)
class PlasticityRule:
    """A sum of terms of what the two neurons of a synapse, the synapse and a third factor do.

    After each batch of trials `J` changes by

        `ΔJ_ij = (rate / N) Σ_terms θ < Σ_t R_i(t) e_ij(t) >_trials`,

    with the eligibility `e` a trace of `X_j^a Y_i^b W_ij^c T_i^d`. Terms without R take the mean
    over time steps and trials in place of the sum. A rule on `m` and `n` changes them as that
    change of `J` would by the chain rule, `Δm = ΔJ n`, `Δn = ΔJᵀ m`, so that it moves at the same
    rate in networks of any size.

    Parameters
    ----------
    terms : str or tuple of Term
        For instance `"X1Y1 - Y2W1"`; see `parse_terms`.
    pre : {"rate", "filtered", "centred", "noise"}
        X_j: the rate that the step reads; the same low-pass filtered with the time constant of the
        network; without its mean over the batch; or what perturbs the outgoing weights in a trial.
    post : {"rate", "centred", "fluctuation", "gain", "noise"}
        Y_i: the rate after the step; without its mean over the batch; the state less its running
        mean; the slope of phi; or the kick that the neuron got (with `pre="noise"`, what perturbs
        its incoming weights).
    average : float
        Time constant of that running mean in seconds; 0 for the state one step before.
    trace : float
        Time constant of the eligibility trace in seconds: 0 for none, `inf` for the sum over the
        trial so far, and otherwise the low-pass filter `e += (dt / trace) (f - e)`.
    modulator : {"none", "reward", "scaled_reward", "error", "backpropagated"}
        R: nothing; minus the loss of the trial, less its running mean for the condition, at the end
        of the trial; the same times that mean loss; the gradient of the loss for the outputs, sent
        to the neurons; or that for the input of each neuron, sent on through the recurrent weights
        and through time, which no local rule can know.
    feedback : {"symmetric", "random", "adaptive"}
        The weights that send an error to the neurons: the readout; fixed random ones; or random
        ones that change as the readout does.
    hop_gain : float, optional
        What stands for the slope of phi in a backpropagated error from its second recurrent
        synapse on: by default the slope at that time, which makes the gradient exact; 0 ends the
        way after one synapse (Liu et al. 2021); a constant leaves the weights as all that must be
        known (Liu et al. 2022): in a network of rank R, R numbers that all neurons hear.
    baseline : float
        How much of the mean reward of a condition stays when a trial of it ends.
    threshold : float
        Time constant of the sliding threshold T in seconds.
    kick : float
        Perturbations are even between plus and minus this, in units of the state. With
        `pre="noise"` the weights of a trial are perturbed by `kick u vᵀ / N`, u and v normal.
    kicked : float
        The share of neurons and steps that are kicked.
    decay : float
        The share of `ΔJ` that each update takes back.
    rate : float
        η.
    momentum : float
        The share of an update that goes into the next one.
    clip : float, optional
        The largest change of an entry of `N J` in an update. Needs the dense matrix.
    norm_clip : float, optional
        The largest root mean square of what `rate` multiplies, before momentum.
    readout_rate : float
        Rate of the delta rule `Δw = -(rate) < Σ_t (dL/dz) r >_trials` of the readout, with momentum
        and norm clip as above; 0 to keep it.
    readout_decay : float
        The share that each update takes back of the readout, and of adaptive feedback: after k
        updates the two differ by `(1 - decay)^k` of what they differed by at first.
    max_rank : int, optional
        The largest rank of the change of `J`. What exceeds it is kept apart, and enters once it
        has grown: a truncation that forgets it would erase every new direction. Needs the dense
        matrix.
    keep_signs : bool
        Whether a weight that would change its sign stops at 0, and one that is 0 stays so: a
        network goes on obeying Dale's law, and a sparse one stays sparse. Needs the dense matrix.
    source : str
        Where the rule comes from.

    Raises
    ------
    InputError
        If a setting is unknown or out of range, or the parts do not fit each other.

    Examples
    --------
    A rule of your own: Hebbian learning where a kick made the reward larger, and weights decay.

    >>> from lowrnn.learning import RULES, PlasticityRule, learn_by_rule
    >>> from lowrnn.tasks import task
    >>> rule = PlasticityRule(
    ...     terms="X1Y1R1 - 1e-5*W1",
    ...     post="noise",
    ...     trace=0.5,
    ...     modulator="reward",
    ...     kick=0.5,
    ...     kicked=0.1,
    ...     rate=200.0,
    ... )
    >>> rule.locality
    'three-factor scalar'
    >>> RULES["mine"] = rule                                     # doctest: +SKIP
    >>> learn_by_rule("mine", task("perceptual_decision"))       # doctest: +SKIP
    """

    terms: str | tuple[Term, ...]
    pre: str = "rate"
    post: str = "rate"
    average: float = 0.0
    trace: float = 0.0
    modulator: str = "none"
    feedback: str = "symmetric"
    hop_gain: float | None = None
    baseline: float = 0.75
    threshold: float = 1.0
    kick: float = 0.0
    kicked: float = 1.0
    decay: float = 0.0
    rate: float = 0.1
    momentum: float = 0.0
    clip: float | None = None
    norm_clip: float | None = None
    readout_rate: float = 0.0
    readout_decay: float = 0.0
    max_rank: int | None = None
    keep_signs: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        terms = parse_terms(self.terms) if isinstance(self.terms, str) else tuple(self.terms)
        if not terms:
            raise InputError("terms are empty: write them like 0.5*X1Y1W0 - 0.5*X0Y2W1")
        object.__setattr__(self, "terms", terms)
        choices = {"pre": PRE, "post": POST, "modulator": MODULATORS, "feedback": FEEDBACK}
        for field, known in choices.items():
            if getattr(self, field) not in known:
                raise InputError(
                    f"{field} is {getattr(self, field)!r}: choose among {', '.join(known)}"
                )
        for field in ("average", "kick", "decay", "momentum", "baseline", "readout_rate"):
            check_number(field, getattr(self, field), at_least=0)
        check_number("rate", self.rate)
        if self.hop_gain is not None:
            check_number("hop_gain", self.hop_gain)
        if self.max_rank is not None:
            check_number("max_rank", self.max_rank, at_least=1)
        check_number("threshold (in seconds)", self.threshold, above=0)
        if self.trace != math.inf:
            check_number("trace (in seconds)", self.trace, at_least=0)
        for field in ("clip", "norm_clip"):
            if getattr(self, field) is not None:
                check_number(field, getattr(self, field), above=0)
        for field in ("decay", "momentum", "baseline", "kicked", "readout_decay"):
            if not 0 <= getattr(self, field) <= 1:
                raise InputError(f"{field} is {getattr(self, field)}: give 0 to 1")
        modulated = any(term.modulator for term in terms)
        if modulated != (self.modulator != "none"):
            raise InputError(
                f"modulator is {self.modulator!r} and terms are {format_terms(terms)!r}: R stands"
                " in the terms of a rule that has a modulator, and of no other"
            )
        if self.modulator in _SCALAR and not self.trace > 0:
            raise InputError(
                "trace is 0 with a reward at the end of the trial: give its time constant, or inf"
            )
        if not self.kick and "noise" in (self.pre, self.post):
            raise InputError("kick is 0 in a rule of perturbations: give their size")
        if self.pre == "noise" and self.post != "noise":
            raise InputError(f"post is {self.post!r} with pre 'noise': perturb weights by both")
        if self.post == "gain" and self.modulator not in (*_SCALAR, "error"):
            raise InputError("post is 'gain' without a learning signal: give a modulator")
        if self.feedback != "symmetric" and self.modulator not in ("error", "backpropagated"):
            raise InputError(
                f"feedback is {self.feedback!r} with modulator {self.modulator!r}: nothing is sent"
                " back, make the modulator 'error' or 'backpropagated'"
            )
        if self.max_rank is not None and self.keep_signs:
            raise InputError(
                f"max_rank is {self.max_rank} and keep_signs is true: choose one, for weights that"
                " stop at 0 raise the rank"
            )
        if self.hop_gain is not None and self.modulator != "backpropagated":
            raise InputError(
                f"hop_gain is {self.hop_gain} with modulator {self.modulator!r}: make it"
                " 'backpropagated'"
            )

    @property
    def locality(self) -> str:
        """What a synapse must know, from least to most.

        "two-factor" (its neurons), "three-factor scalar" (and one number for all), "three-factor
        vector" (and a number for each output), or "non-local".
        """
        if self.modulator == "backpropagated":
            return "non-local"
        if self.modulator == "none":
            return "two-factor"
        return "three-factor scalar" if self.modulator in _SCALAR else "three-factor vector"

    @property
    def factorable(self) -> bool:
        """Whether every update of `J` is of low rank, or scales its rows or columns."""
        assert not isinstance(self.terms, str)
        dense = self.clip is not None or self.max_rank is not None or self.keep_signs
        return not dense and all(
            t.weight == 0 or (t.weight == 1 and not (t.pre and (t.post or t.threshold)))
            for t in self.terms
        )

    @property
    def rank_per_step(self) -> int:
        """The rank that a time step of one trial adds at most, without scaled rows or columns."""
        assert not isinstance(self.terms, str)
        return len({term.pre for term in self.terms if term.weight == 0})

    def replace(self, **changes: Any) -> "PlasticityRule":
        """The rule with these fields changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        assert not isinstance(self.terms, str)
        return format_terms(self.terms)
