"""Which network's rule is asked for, as YAML says it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from lowrnn.errors import InputError
from lowrnn.inference.spec import Finite, Positive
from lowrnn.recordings.schema import Strict


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]

#: What a teacher can be, of which one must be given.
_KINDS = ("theta", "updates", "networks", "fit", "recording")
_OF_RECORDING = ("tensor_rank", "condition", "trial", "epochs", "ltrnn")


class Teacher(Strict):
    """The network whose rule is asked for: `theta`, or a course of networks.

    A course is the network before learning, half way, and after it. Students start from the first,
    see the same inputs, and are compared with the three in their first, middle and last epoch.
    What a posterior then means rests on this:

    - An epoch of students is no trial, nor update, of the teacher: only the products of
      coefficients with `student.rate` and the number of epochs are compared with it. Ratios and
      signs of coefficients can be read, their size only as far as that scale is known.
    - Rules change J alone. Input weights, biases or initial states that changed in the teacher
      count against every rule. The random part, if there is one, is drawn anew for each student.
    - A fit to a recording is no network that was recorded. Its weights are determined on visited
      states only, its rates up to a scale and an offset for each neuron, its connectivity changes
      within the components of the fit, out of which a rule's change leads, and its errors are in
      no student: intervals are too narrow. Units that drift look like learning.

    Attributes
    ----------
    theta : mapping from str to float, optional
        A known rule, a coefficient for each parameter: the teacher is a student that learned by it.
    updates : int, optional
        The teacher learns `student.task` by so many gradient updates instead, from where students
        start: no rule need make such a network.
    networks : path or sequence of path, optional
        A run folder of `lowrnn train`, or of `lowrnn learn --rule` with a low rank; or saved
        networks in their order, two or more: the first low-rank, the others of any connectivity.
        With two the middle is not compared.
    fit : path, optional
        A run folder of `lowrnn fit --over-trials`: averages over the first, middle and last tenth
        of its trials, shown the mean inputs of each condition.
    recording : path, optional
        A recording over learning, or the YAML file that describes it: a fit is made first, with
        `tensor_rank` components. See `fit_recording` for `condition` (columns), `trial`, `epochs`
        and `ltrnn` (further settings).
    learning_rate : float
        Of gradient descent.
    seed : int
        Determines random connectivity, and the initial state or the trials, of `theta` and
        `updates`.
    """

    theta: dict[str, Finite] | None = None
    updates: Annotated[int, Field(ge=2)] | None = None
    networks: Names | None = None
    fit: str | None = None
    recording: str | None = None
    tensor_rank: Annotated[int, Field(ge=1)] | None = None
    condition: Names = ()
    trial: str | None = None
    epochs: str | None = None
    ltrnn: dict[str, Any] = Field(default_factory=dict)
    learning_rate: Positive = 0.01
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one(self) -> "Teacher":
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give either theta, a known rule, or one of {', '.join(_KINDS[1:])}")
        if self.networks == ():
            raise ValueError("networks is empty: give a run folder, or at least two networks")
        if (self.recording is None) != (self.tensor_rank is None):
            raise ValueError("give recording and tensor_rank, the number of components, together")
        if self.recording is None and (other := [k for k in _OF_RECORDING if getattr(self, k)]):
            raise ValueError(f"{other[0]} belongs to a recording: leave it out")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the networks of a course are read from; empty if they are made."""
        if self.recording is not None:
            raise InputError(
                f"teacher.recording is {self.recording}, to which no network is fitted yet: give"
                " the experiment to `fitted`"
            )
        return (self.fit,) if self.fit is not None else self.networks or ()
