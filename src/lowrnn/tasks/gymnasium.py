"""Tasks from environments of the Gymnasium kind that know the right answers, such as NeuroGym's."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.tasks.base import Task
from lowrnn.tasks.tracking import followed
from lowrnn.tasks.trials import Trials

#: How many trials `conditions` looks at to find those of the environment.
EXPLORED = 200
#: Trials of a few seeds in random order, by which an environment shows that its seed decides.
REPEATED, SEEDS = 60, 6


@dataclass(frozen=True, kw_only=True)
class GymnasiumTask(Task):
    """An environment with supervised targets as a task; see `from_gymnasium`.

    The table of conditions holds what the environment says of each trial (numbers, words, truth
    values), and `env_seed`, from which it makes the trial anew. `conditions` gives the first trial
    of each kind among 200; the noise of the environment is in it.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds: that of the environment.
    env : environment
        The environment, or a wrapper that makes trials.
    """

    name: ClassVar[str] = "gymnasium"

    env: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        for layer, needed in ((self.env, "new_trial"), (self._core, "seed"), (self._core, "dt")):
            if not hasattr(layer, needed):
                raise InputError(
                    f"env has no {needed}: give an environment with supervised trials, whose"
                    " new_trial() sets ob and gt"
                )
        if not np.isclose(self.dt, self._core.dt / 1000):
            raise InputError(
                f"dt is {self.dt} s: make the environment with dt={1000 * self.dt:g} ms instead"
            )
        self._check_repeatable()

    def _check_repeatable(self) -> None:
        """Refuse an environment whose trials depend on those before."""
        first: dict[int, Any] = {}
        for seed in np.random.default_rng(0).integers(SEEDS, size=REPEATED).tolist():
            made = self._make(seed)
            before = first.setdefault(seed, made)
            if not all(np.array_equal(a, b) for a, b in zip(before[:2], made[:2], strict=True)):
                raise InputError(
                    "env makes another trial from the same seed after other trials, as with blocks"
                    " of trials: give an environment whose trials are independent, or several with"
                    " multitask"
                )

    @property
    def _core(self) -> Any:
        """The environment without wrappers, which holds `ob` and `gt` of the trial."""
        return getattr(self.env, "unwrapped", self.env)

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(f"observation_{i + 1}" for i in range(self._make(0)[0].shape[1]))

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(f"action_{i}" for i in self._action_numbers())

    def _action_numbers(self) -> list[int]:
        known = self._actions
        return list(range(self._make(0)[1].shape[1])) if known is None else known.tolist()

    @property
    def _actions(self) -> NDArray[np.int64] | None:
        """The actions to choose among; None where the action is a vector."""
        space: Any = getattr(self._core, "action_space", None)
        # A MultiBinary space has an n, too, but its actions are vectors.
        if not hasattr(space, "n") or getattr(space, "shape", ()) != ():
            return None
        return int(getattr(space, "start", 0)) + np.arange(int(space.n))

    def _make(self, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]:
        """Observations and targets, each (time, channel), and description of a trial."""
        (self.env if hasattr(type(self.env), "seed") else self._core).seed(seed)
        described = self.env.new_trial()
        for name in ("ob", "gt"):
            if not hasattr(self._core, name):
                raise InputError(
                    f"new_trial() of env sets no {name}: give an environment with supervised"
                    " trials, whose new_trial() sets ob and gt"
                )
        observed = check_array("ob of the environment", self._core.ob, ("time", "observation"))
        wanted = np.asarray(self._core.gt)
        known = self._actions
        if known is not None:
            if wanted.shape != (len(observed),):
                raise InputError(
                    f"gt of the environment has shape {wanted.shape}: give an action for each of"
                    f" {len(observed)} time steps"
                )
            if not np.isin(wanted, known).all():
                found = wanted[~np.isin(wanted, known)][0]
                raise InputError(
                    f"gt of the environment holds {found}: give one of the {len(known)} actions"
                    f" {known[0]} to {known[-1]}"
                )
            wanted = (wanted[:, None] == known).astype(float)
        elif wanted.ndim == 1:
            wanted = wanted[:, None]
        targets = check_array("gt of the environment", wanted, (len(observed), "action"))
        described = described if isinstance(described, dict) else {}
        plain = (bool, int, float, str, np.generic)
        return observed, targets, {k: v for k, v in described.items() if isinstance(v, plain)}

    def grid(self) -> pd.DataFrame:
        found = pd.DataFrame([self._make(seed)[2] for seed in range(EXPLORED)])
        if found.columns.empty:
            return pd.DataFrame({"env_seed": np.arange(EXPLORED)})
        kinds = found.drop_duplicates()
        return pd.DataFrame({"env_seed": kinds.index})

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """Random trials, as the environment draws them."""
        # NeuroGym seeds a generator that takes 32 bits.
        return pd.DataFrame({"env_seed": rng.integers(2**32, size=n_trials)})

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        seeds = conditions["env_seed"].to_numpy()
        made = [self._make(int(seed)) for seed in seeds]
        time = max(len(observed) for observed, _, _ in made)
        shape = (len(made), time)
        inputs = np.zeros((*shape, made[0][0].shape[1]))
        targets = np.zeros((*shape, made[0][1].shape[1]))
        mask = np.zeros(shape)
        for trial, (observed, wanted, _) in enumerate(made):
            inputs[trial, : len(observed)] = observed
            targets[trial, : len(observed)] = wanted
            mask[trial, : len(observed)] = 1
        table = pd.DataFrame([described for _, _, described in made]).assign(env_seed=seeds)
        return Trials(inputs, targets, mask, table, self.dt)

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        if self._actions is None:
            return followed(outputs, trials)
        values = check_array("outputs", outputs, trials.targets.shape)
        last = (trials.mask.sum(axis=1) - 1).astype(np.int64)
        answer = trials.targets[np.arange(len(trials)), last]
        # The answer is what is asked for without a break until the trial ends.
        same = np.all(trials.targets == answer[:, None, :], axis=2) | (trials.mask == 0)
        window = np.flip(np.logical_and.accumulate(np.flip(same, axis=1), axis=1), axis=1)
        made = np.sum(values * (window * trials.mask)[:, :, None], axis=1)
        right: NDArray[np.floating] = (made.argmax(axis=1) == answer.argmax(axis=1)).astype(float)
        return right

    def psychometric_trials(self, repeats: int = 10, seed: int = 0) -> Trials:
        """Random trials, `repeats` times as many as there are kinds."""
        return self.sample(repeats * len(self.grid()), seed)

    def _curve(self, by: Any) -> list[str]:
        """The variables of the environment, unless asked for some."""
        if by is not None:
            return list(by)
        return list(self._make(0)[2]) or ["env_seed"]

    def to_dict(self) -> dict[str, Any]:
        """The name, the kind of environment and the time step; an environment is not stored."""
        return {"name": self.name, "env": type(self.env).__name__, "dt": self.dt}


def from_gymnasium(env: Any) -> GymnasiumTask:
    """A task from an environment of the Gymnasium kind with supervised targets.

    The environment speaks as NeuroGym's do (Molano-Mazón et al. 2022): `env.new_trial()` makes a
    trial and may return its description as a dict; then `env.unwrapped` holds its observations
    `ob` (time, observation) and its right actions `gt`, whole numbers (time,) where `action_space`
    is `Discrete`, vectors (time, action) otherwise. `dt` is the time step in milliseconds, and
    `seed(seed)` makes the next trial repeatable. Neither package is needed here.

    A trial is what the outermost wrapper with a `new_trial` of its own makes. Wrappers that act
    on `step` alone, such as those that add noise or the last reward to the observation, have no
    effect.

    With actions to choose among, there is one output for each, asked for 1 at the right action and
    0 elsewhere, at every step. A trial is right if, averaged over the steps at its end that ask for
    one action, that output is the largest. Vectors are right if the output explains 90 % of their
    variance. Each trial is made on its own, from its seed.

    Checked with NeuroGym 2.3.1 and Gymnasium 0.29.1: of its 30 environments, the 22 with right
    answers and independent trials are tasks. Those without `ob` or `gt` (Bandit, DawTwoStep,
    EconomicDecisionMaking, Null), those whose `gt` is not an action (Reaching1D and its variant)
    and those whose trials do not follow from the seed alone (HierarchicalReasoning, AnnubesEnv) are
    refused.

    Parameters
    ----------
    env : environment
        Such as `neurogym.make("PerceptualDecisionMaking-v0", dt=20)`.

    Raises
    ------
    InputError
        If the environment does not speak so, gives no finite arrays, or makes different trials
        from the same seed.
    """
    dt = getattr(getattr(env, "unwrapped", env), "dt", None)
    dt = check_number("dt of env (in milliseconds)", dt, above=0)
    return GymnasiumTask(env=_trial_maker(env), dt=dt / 1000)


def _trial_maker(env: Any) -> Any:
    """The outermost wrapper that makes trials itself, or the environment."""
    core = getattr(env, "unwrapped", env)
    while env is not core and not hasattr(type(env), "new_trial"):
        env = getattr(env, "env", core)
    return env
