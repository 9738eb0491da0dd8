"""The course of a LINT fit: a start, then Adam on all trials, the best weights kept."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.fitting.data import Data, squared_deviations
from lowrnn.fitting.gauss_newton import gauss_newton, noise_variance
from lowrnn.fitting.visited import shortest
from lowrnn.learning import History
from lowrnn.learning.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from lowrnn.learning.descent import Descent
from lowrnn.networks import RNN, LowRank, Noise
from lowrnn.networks.kernels import squared_error
from lowrnn.networks.kernels.evaluate import evaluate

if TYPE_CHECKING:
    from lowrnn.fitting.lint import LINT

Array = NDArray[np.floating]

CHECKPOINT_SECONDS = 5.0


class Fit:
    """A fit in progress: everything that changes, and how to go on."""

    def __init__(self, settings: "LINT", data: Data) -> None:
        self.spent = 0.0
        self.began = time.perf_counter()
        self.settings, self.data = settings, data
        self.trials, self.steps, self.neurons = data.activity.shape
        self.alpha = data.dt / settings.tau
        self.u, self.y = torch.from_numpy(data.inputs), torch.from_numpy(data.activity)
        self.variance = squared_deviations(data.activity)
        dimensions = settings.rank + data.inputs.shape[2] + (settings.initial_state != "zero")
        self.ridge = settings.penalty * noise_variance(data.activity, dimensions)
        self.loss: list[float] = []
        self.evaluated: list[int] = []
        self.r2: list[float] = []
        self.elapsed: list[float] = []
        self.penalised: list[float] = []
        self.best: dict[str, Tensor] = {}

    @property
    def seconds(self) -> float:
        """Time spent on the fit, over interruptions."""
        return self.spent + time.perf_counter() - self.began

    @property
    def best_r2(self) -> float:
        """R² of the weights that are kept."""
        return self.r2[int(np.argmax(self.penalised))]

    @property
    def trained(self) -> tuple[str, ...]:
        optional = {
            "bias": self.settings.bias,
            "initial_state": self.settings.initial_state != "zero",
            "kappa0": self.settings.initial_state == "trial",
        }
        return ("m", "n", "B", *(name for name, wanted in optional.items() if wanted))

    def begin(self) -> dict[str, Tensor]:
        """The parameters before the first update."""
        s = self.settings
        rng = np.random.default_rng(s.seed)
        if s.start == "random":
            columns = {"m": s.rank, "n": s.rank, "B": self.data.inputs.shape[2]}
            arrays = {name: rng.standard_normal((self.neurons, k)) for name, k in columns.items()}
            arrays |= {name: np.zeros(self.neurons) for name in ("bias", "initial_state")}
        else:
            chosen = np.sort(rng.permutation(self.trials)[:64])
            found = gauss_newton(
                self.data.inputs[chosen], self.data.activity[chosen], rank=s.rank,
                alpha=self.alpha, nonlinearity=s.nonlinearity, on=s.on, bias=s.bias,
                initial_state=s.initial_state != "zero",
                penalty=self.ridge * len(chosen) / self.trials, target_r2=s.target_r2,
            )  # fmt: skip
            names = ("m", "n", "B", "bias", "initial_state")
            arrays = {name: getattr(found, name) for name in names}
        arrays["kappa0"] = np.zeros((self.trials, s.rank))
        return {
            name: torch.tensor(np.ascontiguousarray(arrays[name], np.float32))
            for name in self.trained
        }

    def run(self) -> None:
        s = self.settings
        self.tensors = self.begin() if not self._saved() else self._blank()
        self.descent = Descent(
            self.tensors, self.trained, learning_rate=s.learning_rate, schedule="cosine",
            updates=max(s.updates, 1), clip=s.clip,
        )  # fmt: skip
        if self._saved():
            self.restore()
        else:
            self.evaluate()
            self.save()
        due = time.monotonic() + CHECKPOINT_SECONDS
        while not self.over:
            for _ in range(min(s.evaluate_every, s.updates - len(self.loss))):
                self.update()
            self.evaluate()
            if self.over or time.monotonic() >= due:
                self.save()
                due = time.monotonic() + CHECKPOINT_SECONDS
            if s.progress is not None:
                s.progress(
                    len(self.loss), float(np.mean(self.loss[-s.evaluate_every :])), self.r2[-1]
                )

    @property
    def over(self) -> bool:
        s = self.settings
        stale = len(self.r2) - 1 - int(np.argmax(self.penalised))
        return (
            len(self.loss) >= s.updates
            or (s.target_r2 is not None and self.r2[-1] >= s.target_r2)
            or (s.patience is not None and stale >= s.patience)
        )

    def network_tensors(
        self, trials: Tensor | None, values: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Parameters as the kernels take them, for some trials."""
        tensors = {name: value for name, value in values.items() if name != "kappa0"}
        if "kappa0" in values:
            kappa0 = values["kappa0"] if trials is None else values["kappa0"][trials]
            tensors["initial_state"] = values["initial_state"] + kappa0 @ values["m"].T
        return tensors

    def update(self) -> None:
        s, done = self.settings, len(self.loss)
        rng = np.random.default_rng([s.seed, done])
        size = min(s.batch_size, self.trials)
        batch = torch.from_numpy(np.sort(rng.choice(self.trials, size, replace=False)))
        target = self.y[batch]
        weight = torch.full((size, self.steps), 1 / target.numel())
        loss = squared_error(
            self.network_tensors(batch, self.tensors), self.u[batch], target, weight, on=s.on,
            alpha=self.alpha, nonlinearity=s.nonlinearity, noise=Noise(0.0),
        )  # fmt: skip
        self.descent.update(done, loss + self.penalty(self.tensors) / self.y.numel())
        self.loss.append(float(loss.detach()))

    def penalty(self, values: dict[str, Tensor]) -> Tensor:
        """What large parameters add to the sum of squared errors over all trials."""
        return self.ridge * torch.stack([(v**2).sum() for v in values.values()]).sum()

    def score(self, values: dict[str, Tensor]) -> float:
        """R² on all trials."""
        plain = {name: value.detach() for name, value in values.items()}
        arrays = {n: v.numpy() for n, v in self.network_tensors(None, plain).items()}
        zero = np.zeros(self.neurons, np.float32)
        loss, _ = evaluate(
            arrays["m"], arrays["n"], arrays["B"], arrays.get("bias", zero),
            arrays.get("initial_state", zero), self.data.inputs, self.data.activity,
            alpha=self.alpha, nonlinearity=self.settings.nonlinearity, on=self.settings.on,
        )  # fmt: skip
        return 1 - loss / self.variance if self.variance > 0 else float("nan")

    def evaluate(self) -> None:
        """Score the present parameters and keep them if their penalised R² is the best so far."""
        found = self.score(self.tensors)
        size = float(self.penalty(self.tensors).detach())
        self.evaluated.append(len(self.loss))
        self.r2.append(found)
        penalised = found - size / self.variance if self.variance > 0 else found
        self.penalised.append(penalised if np.isfinite(penalised) else -np.inf)
        self.elapsed.append(self.seconds)
        if not self.best or self.penalised[-1] > max(self.penalised[:-1]):
            self.best = {name: value.detach().clone() for name, value in self.tensors.items()}

    def history(self) -> History:
        return History(
            loss=np.array(self.loss),
            learning_rate=np.array([self.descent.rate(update) for update in range(len(self.loss))]),
            evaluated=np.array(self.evaluated),
            metrics={"r2": np.array(self.r2), "seconds": np.array(self.elapsed)},
        )

    def network(self) -> tuple[RNN, Array]:
        """The best network in canonical gauge with the shortest n, and where its trials start."""
        s = self.settings
        arrays = {n: v.numpy() for n, v in self.network_tensors(None, self.best).items()}
        start = arrays.pop("initial_state", np.zeros(self.neurons, np.float32))
        starts = np.ascontiguousarray(np.broadcast_to(start, (self.trials, self.neurons)))
        rnn = RNN(
            LowRank(arrays["m"], arrays["n"]),
            arrays["B"] if arrays["B"].shape[1] else None,
            dt=self.data.dt, tau=s.tau, nonlinearity=s.nonlinearity, bias=arrays.get("bias"),
            initial_state=starts.mean(axis=0),
        )  # fmt: skip
        return shortest(rnn, self.data, starts, s.on), starts

    def _saved(self) -> bool:
        return self.settings.checkpoint is not None and Path(self.settings.checkpoint).exists()

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint must agree on to be continued."""
        skipped = ("checkpoint", "progress")
        own = {k: v for k, v in self.settings.get_params().items() if k not in skipped}
        return own | {"bin": self.data.dt, "data": fingerprint({"u": self.u, "y": self.y})}

    def _blank(self) -> dict[str, Tensor]:
        state = read_checkpoint(Path(str(self.settings.checkpoint)), self._identity())
        return {name: state[f"value/{name}"].clone() for name in self.trained}

    def save(self) -> None:
        if self.settings.checkpoint is None:
            return
        state = self.descent.state() | {f"best/{name}": value for name, value in self.best.items()}
        numbers = {
            "loss": self.loss,
            "r2": self.r2,
            "penalised": self.penalised,
            "seconds": self.elapsed,
            "spent": [self.seconds],
        }
        state |= {name: torch.tensor(v, dtype=torch.float64) for name, v in numbers.items()}
        state["evaluated"] = torch.tensor(self.evaluated)
        write_checkpoint(Path(self.settings.checkpoint), self._identity(), state)

    def restore(self) -> None:
        state = read_checkpoint(Path(str(self.settings.checkpoint)), self._identity())
        self.descent.restore(state)
        self.best = {name: state[f"best/{name}"] for name in self.trained}
        self.loss, self.r2 = state["loss"].tolist(), state["r2"].tolist()
        self.penalised = state["penalised"].tolist()
        self.elapsed, self.evaluated = state["seconds"].tolist(), state["evaluated"].tolist()
        self.spent = float(state["spent"][0])
