"""The course of a fit over trials: a static network, then one that varies, from several starts."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.fitting.ltrnn_data import Trials
from lowrnn.fitting.ltrnn_model import Model, Values
from lowrnn.learning.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from lowrnn.learning.descent import SCHEDULES, Descent

if TYPE_CHECKING:
    from lowrnn.fitting.ltrnn import LTRNN

CHECKPOINT_SECONDS = 5.0

#: Updates between calls of `progress`.
_REPORT_EVERY = 25

#: How much faster the deviations of trial factors learn: their gradient is spread over trials.
_FASTER = 3.0


class Fit:
    """A fit in progress: everything that changes, and how to go on."""

    def __init__(self, settings: "LTRNN", trials: Trials) -> None:
        self.began, self.spent = time.perf_counter(), 0.0
        self.settings, self.trials = settings, trials
        self.model = Model(settings, trials)
        self.finished: list[Values] = []
        self.losses: list[list[float]] = [[]]
        self.due = time.monotonic() + CHECKPOINT_SECONDS

    @property
    def seconds(self) -> float:
        """Time spent on the fit, over interruptions."""
        return self.spent + time.perf_counter() - self.began

    @property
    def stage(self) -> int:
        """0 while the network is static, 1 while it varies."""
        return int(len(self.losses[-1]) >= self.settings.updates[0])

    def run(self) -> None:
        s = self.settings
        if self._saved():
            self.restore()
        else:
            self.begin()
        while len(self.finished) < s.starts:
            while len(self.losses[-1]) < sum(s.updates):
                self.update()
            self.finished.append({name: v.detach().clone() for name, v in self.values.items()})
            if len(self.finished) < s.starts:
                self.losses.append([])
                self.begin()
            self.save()

    def begin(self) -> None:
        """Parameters of the next start."""
        rng = np.random.default_rng([self.settings.seed, len(self.finished)])
        self.values = self.model.begin(rng)
        self.descend()

    def descend(self) -> None:
        """A descent for the present stage, which begins where the last one ended."""
        s = self.settings
        trained = [name for name in self.values if name != "xi" or self.stage]
        self.values = {name: v.detach() for name, v in self.values.items()}
        self.descent = Descent(
            self.values, trained, learning_rate=s.learning_rate, schedule="cosine",
            updates=max(s.updates[self.stage], 1), clip=s.clip, scales={"xi": _FASTER},
        )  # fmt: skip

    def update(self) -> None:
        s, losses = self.settings, self.losses[-1]
        if len(losses) == s.updates[0] > 0:
            self.descend()
        loss = self.model.loss(self.values)
        objective = loss
        if self.stage and s.prior:
            objective = loss + self.model.penalty(self.values, self.noise)
        self.descent.update(len(losses) - self.stage * s.updates[0], objective)
        losses.append(float(loss.detach()))
        if time.monotonic() >= self.due:
            self.save()
        if s.progress is not None and len(losses) % _REPORT_EVERY == 0:
            done = sum(len(start) for start in self.losses)
            s.progress(done, s.starts * sum(s.updates), losses[-1])

    @property
    def noise(self) -> float:
        """Variance of what the static network left over, which is at least that of the noise."""
        before = self.settings.updates[0]
        share = min(self.losses[-1][before - 1], 1.0) if before else 1.0
        return share * self.model.variance / self.model.count

    @property
    def order(self) -> list[int]:
        """Starts from the lowest final loss to the highest."""
        return sorted(range(len(self.finished)), key=lambda start: self.losses[start][-1])

    def rates(self) -> NDArray[np.float64]:
        """Learning rate of each update of a start."""
        s = self.settings
        return np.array(
            [
                s.learning_rate * SCHEDULES["cosine"](done / updates)
                for updates in s.updates
                for done in range(updates)
            ]
        )

    def _saved(self) -> bool:
        return self.settings.checkpoint is not None and Path(self.settings.checkpoint).exists()

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint must agree on to be continued."""
        skipped = ("checkpoint", "progress")
        own = {k: v for k, v in self.settings.get_params().items() if k not in skipped}
        trials = self.trials
        arrays = {"u": self.model.u, "y": self.model.y}
        arrays |= {"conditions": self.model.condition, "ids": torch.from_numpy(trials.ids)}
        if trials.epochs is not None:
            arrays["epochs"] = torch.from_numpy(trials.epochs)
        return own | {"bin": trials.data.dt, "data": fingerprint(arrays)}

    def save(self) -> None:
        self.due = time.monotonic() + CHECKPOINT_SECONDS
        if self.settings.checkpoint is None:
            return
        # Adam has no moments of what it has not moved yet.
        state = self.descent.state()
        state |= {f"value/{name}": value.detach() for name, value in self.values.items()}
        for start, values in enumerate(self.finished):
            state |= {f"finished/{start}/{name}": value for name, value in values.items()}
        for start, losses in enumerate(self.losses):
            state[f"loss/{start}"] = torch.tensor(losses, dtype=torch.float64)
        state["spent"] = torch.tensor([self.seconds], dtype=torch.float64)
        write_checkpoint(Path(self.settings.checkpoint), self._identity(), state)

    def restore(self) -> None:
        state = read_checkpoint(Path(str(self.settings.checkpoint)), self._identity())
        self.spent = float(state["spent"][0])
        starts = sum(name.startswith("loss/") for name in state)
        self.losses = [state[f"loss/{start}"].tolist() for start in range(starts)]
        values = _named(state, "value/")
        count = len({name.split("/")[1] for name in state if name.startswith("finished/")})
        self.finished = [_named(state, f"finished/{start}/") for start in range(count)]
        self.values = values
        self.descend()
        # At the border of two stages the moments are still those of the first.
        if not len(self.losses[-1]) == self.settings.updates[0] > 0:
            self.descent.restore(state)


def _named(state: dict[str, Tensor], prefix: str) -> Values:
    """The entries under a prefix, without it."""
    return {
        name.removeprefix(prefix): value.clone()
        for name, value in state.items()
        if name.startswith(prefix)
    }
