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
        The environment.
    """

    name: ClassVar[str] = "gymnasium"

    env: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        missing = [each for each in ("new_trial", "seed", "dt") if not hasattr(self.env, each)]
        if missing:
            raise InputError(
                f"env has no {missing[0]}: give an environment with supervised trials, whose"
                " new_trial() sets ob and gt"
            )
        if not np.isclose(self.dt, self.env.dt / 1000):
            raise InputError(
                f"dt is {self.dt} s: make the environment with dt={1000 * self.dt:g} ms instead"
            )
        self._make(0)

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(f"observation_{i + 1}" for i in range(self._make(0)[0].shape[1]))

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(f"action_{i}" for i in range(self._make(0)[1].shape[1]))

    @property
    def _n_actions(self) -> int | None:
        """The number of actions to choose among; None where the action is a vector."""
        n = getattr(getattr(self.env, "action_space", None), "n", None)
        return None if n is None else int(n)

    def _make(self, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]:
        """Observations and targets, each (time, channel), and description of a trial."""
        self.env.seed(seed)
        described = self.env.new_trial()
        observed = check_array("ob of the environment", self.env.ob, ("time", "observation"))
        wanted = np.asarray(self.env.gt)
        if self._n_actions is not None:
            known = np.arange(self._n_actions)
            if wanted.shape != (len(observed),) or not np.isin(wanted, known).all():
                raise InputError(
                    f"gt of the environment has shape {wanted.shape}: give one of"
                    f" {self._n_actions} actions for each of {len(observed)} time steps"
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
        if self._n_actions is None:
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
    trial and may return its description as a dict; then `env.ob` holds its observations
    (time, observation) and `env.gt` its right actions, whole numbers (time,) where
    `env.action_space.n` says how many there are, vectors (time, action) otherwise. `env.dt` is the
    time step in milliseconds, and `env.seed(seed)` makes the next trial repeatable. Wrappers are
    taken off (`env.unwrapped`). Neither package is needed here.

    With actions to choose among, there is one output for each, asked for 1 at the right action and
    0 elsewhere, at every step. A trial is right if, averaged over the steps at its end that ask for
    one action, that output is the largest. Vectors are right if the output explains 90 % of their
    variance. Each trial is made on its own: what a block of trials has in common is lost.

    Parameters
    ----------
    env : environment
        Such as `neurogym.make("PerceptualDecisionMaking-v0", dt=20)`.

    Raises
    ------
    InputError
        If the environment does not speak so, or gives no finite arrays.
    """
    env = getattr(env, "unwrapped", env)
    dt = check_number("dt of env (in milliseconds)", getattr(env, "dt", None), above=0)
    return GymnasiumTask(env=env, dt=dt / 1000)
