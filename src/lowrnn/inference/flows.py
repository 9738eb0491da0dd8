"""Neural posterior estimation: an ensemble of normalising flows, trained with `sbi`."""

import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.simulations import Simulations
from lowrnn.networks.threads import one_torch_thread

Array = NDArray[np.float64]

_FEWEST = 50
#: Passes in which the learning rate falls to 0.
_ANNEALED = 12
#: What units compute: posteriors depend on summaries smoothly.
_SMOOTH = torch.nn.SiLU


@dataclass(frozen=True, kw_only=True)
class FlowSettings:
    """How flows are built and trained.

    Attributes
    ----------
    members : int
        Flows in the ensemble; one alone tends to be too narrow.
    transforms, hidden, bins : int
        Spline transforms of a flow, which follow an affine one; units in each layer of their
        conditioners; pieces of a spline.
    embedding : int
        Numbers to which summaries are compressed before they condition a flow.
    course : (int, int), optional
        Channels and time steps, if `x` is a flattened course (channel, time): it is then embedded
        by convolutions over time, otherwise by a fully connected network.
    batch, patience, epochs : int
        Simulations in a batch; passes without improvement on a tenth that is held out, before
        training ends; passes at most.
    learning_rate : float
        Adam's.
    """

    members: int = 4
    transforms: int = 3
    hidden: int = 40
    bins: int = 8
    embedding: int = 16
    course: tuple[int, int] | None = None
    batch: int = 100
    patience: int = 12
    epochs: int = 500
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("members", "transforms", "hidden", "bins", "embedding", "batch", "epochs"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} is {value!r}: give an integer of at least 1")


@dataclass(frozen=True, eq=False)
class FlowPosterior:
    """An even mixture of normalising flows on the box of the prior; none leaves it.

    Attributes
    ----------
    prior : BoxPrior
        From which the simulations were drawn.
    mean, scale : array (feature,)
        By which summaries are standardised.
    flows : tuple of torch modules
        The members of the ensemble.
    settings : FlowSettings
        How they were built.
    """

    prior: BoxPrior
    mean: Array
    scale: Array
    flows: tuple[torch.nn.Module, ...]
    settings: FlowSettings

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """As `Posterior.sample`; each draw comes from a member drawn at random."""
        condition = self._condition(x)
        members = np.random.default_rng([seed, 6]).integers(
            len(self.flows), size=(len(condition), count)
        )
        draws = np.empty((len(condition), count, len(self.prior)))
        with one_torch_thread(), torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            for index, flow in enumerate(self.flows):
                wanted = members == index
                most = int(wanted.sum(axis=1).max(initial=0))
                if most:
                    own: torch.Tensor = flow.sample((most,), condition)  # type: ignore[operator]
                    first = np.arange(most) < wanted.sum(axis=1)[:, None]
                    draws[wanted] = own.transpose(0, 1).double().numpy()[first]
        # Single precision can round a draw out of the box.
        return np.clip(draws, self.prior.low, self.prior.high)

    def log_prob(self, theta: Array, x: Array) -> Array:
        """Log density of `theta` (sample, parameter) for one observation `x` (feature,)."""
        given = check_array("theta", theta, ("sample", len(self.prior)), dtype=np.float64)
        edge = 1e-6 * (self.prior.high - self.prior.low)
        inner = np.clip(given, self.prior.low + edge, self.prior.high - edge)
        points = torch.tensor(inner, dtype=torch.float32)[:, None]
        condition = self._condition(np.asarray(x, float)[None])
        with one_torch_thread(), torch.no_grad():
            each = torch.stack(
                [flow.log_prob(points, condition)[:, 0] for flow in self.flows]  # type: ignore[operator]
            )
            mixed = torch.logsumexp(each, dim=0) - np.log(len(self.flows))
        return np.where(self.prior.contains(given), mixed.double().numpy(), -np.inf)

    def _condition(self, x: ArrayLike) -> torch.Tensor:
        given = check_array("x", x, ("observation", len(self.mean)), dtype=np.float64)
        return torch.tensor((given - self.mean) / self.scale, dtype=torch.float32)


def fit_flows(
    simulations: Simulations,
    prior: BoxPrior,
    settings: FlowSettings | None = None,
    *,
    seed: int = 0,
) -> FlowPosterior:
    """Learn the posterior for every observation at once.

    Parameters
    ----------
    simulations : Simulations
        With parameters from `prior`, or beside these from parts of it. Flows are trained on those
        that are ok, so that the posterior is that of "ok and x": see `SelectedPosterior`.
    prior : BoxPrior
        The prior.
    settings : FlowSettings, optional
        Neural spline flows on parameters mapped from the box to all real numbers; an ensemble of 4.
    seed : int
        Determines initial weights, batches and held-out simulations.

    Raises
    ------
    InputError
        If `sbi` is not installed, or fewer than 50 simulations are ok.

    References
    ----------
    Papamakarios & Murray 2016; neural spline flows: Durkan, Bekasov, Murray & Papamakarios 2019.
    """
    chosen = settings or FlowSettings()
    ok = simulations.ok
    if ok.sum() < _FEWEST:
        raise InputError(
            f"simulations has {int(ok.sum())} that are ok ({simulations.counts()}): give at least"
            f" {_FEWEST}"
        )
    theta = prior.check("theta", simulations.theta[ok])
    x = simulations.x[ok]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    scale = np.where(sd > 1e-12 * (1 + np.abs(mean)), sd, 1.0)
    inputs = torch.tensor((x - mean) / scale, dtype=torch.float32)
    targets = torch.tensor(theta, dtype=torch.float32)
    with one_torch_thread():
        flows = [
            _train(targets, inputs, prior, chosen, seed=1000 * seed + member)
            for member in range(chosen.members)
        ]
    return FlowPosterior(prior, mean, scale, tuple(flows), chosen)


def state_of(posterior: FlowPosterior) -> dict[str, torch.Tensor]:
    """All numbers of the flows, by name."""
    return {
        f"{index}/{name}": value
        for index, flow in enumerate(posterior.flows)
        for name, value in flow.state_dict().items()
    }


def rebuilt(
    prior: BoxPrior,
    mean: Array,
    scale: Array,
    settings: Mapping[str, Any],
    state: Mapping[str, torch.Tensor],
) -> FlowPosterior:
    """The posterior whose numbers `state_of` gave."""
    course = settings["course"]
    chosen = FlowSettings(**{**settings, "course": None if course is None else tuple(course)})
    flows = []
    for index in range(chosen.members):
        build = _builder(prior, len(mean), chosen)
        flow = build(torch.zeros(2, len(prior)), torch.zeros(2, len(mean)))
        prefix = f"{index}/"
        own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        flow.load_state_dict(own)
        flows.append(flow.eval())
    return FlowPosterior(prior, mean, scale, tuple(flows), chosen)


def settings_of(posterior: FlowPosterior) -> dict[str, Any]:
    """The settings as plain data."""
    return asdict(posterior.settings)


def _box(prior: BoxPrior) -> Any:
    """The prior as `sbi` has it."""
    from sbi.utils import BoxUniform

    return BoxUniform(
        torch.tensor(prior.low, dtype=torch.float32), torch.tensor(prior.high, dtype=torch.float32)
    )


def _builder(prior: BoxPrior, features: int, settings: FlowSettings) -> Any:
    """What makes an untrained flow from example parameters and summaries."""
    try:
        from sbi.neural_nets.embedding_nets import CNNEmbedding, FCEmbedding
        from sbi.neural_nets.net_builders import build_zuko_nsf
        from zuko.flows.autoregressive import MaskedAutoregressiveTransform
    except ImportError:
        raise InputError(
            "method is 'npe', which needs sbi: `pip install 'lowrnn[inference]'`, or use 'abc'"
        ) from None
    if settings.course is None:
        embedding = FCEmbedding(
            features, settings.embedding, num_hiddens=2 * settings.hidden, activation=_SMOOTH
        )
    else:
        channels, steps = settings.course
        if channels * steps != features:
            raise InputError(
                f"course is {channels} channels of {steps} steps, and x has {features} features:"
                " give two numbers whose product this is"
            )
        embedding = CNNEmbedding(
            (steps,), in_channels=channels, output_dim=settings.embedding, kernel_size=5,
            out_channels_per_layer=[8, 16], num_linear_units=2 * settings.hidden,
        )  # fmt: skip

    def build(theta: torch.Tensor, x: torch.Tensor) -> torch.nn.Module:
        flow: torch.nn.Module = build_zuko_nsf(
            theta, x, z_score_x="transform_to_unconstrained", z_score_y="none",
            hidden_features=settings.hidden, num_transforms=settings.transforms,
            num_bins=settings.bins, embedding_net=embedding, x_dist=_box(prior), activation=_SMOOTH,
        )  # fmt: skip
        # Splines map a fixed interval to itself: alone they spread what lies beyond two standard
        # deviations of a narrow posterior over the rest of the box.
        flow.net.transform.transforms.insert(  # type: ignore[operator, union-attr]
            1,
            MaskedAutoregressiveTransform(
                len(prior), settings.embedding, hidden_features=[settings.hidden] * 2,
                activation=_SMOOTH,
            ),
        )  # fmt: skip
        return flow

    return build


def _train(
    theta: torch.Tensor, x: torch.Tensor, prior: BoxPrior, settings: FlowSettings, seed: int
) -> torch.nn.Module:
    """One flow; the split into training and validation is its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        builder = _builder(prior, x.shape[1], settings)
        from sbi.inference import NPE

        trainer = NPE(
            _box(prior), density_estimator=builder, show_progress_bars=False, tracker=_Silent()
        )
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            # Summaries are standardised in double precision before they come here, and ones that
            # do not vary are 0: what it says of its own standardisation, which is off, is not so.
            warnings.filterwarnings("ignore", "Data has (extreme outliers|constant values)")
            # It names an argument that its own callers have; ours is named below. It also prints
            # that it has ended, where results go.
            warnings.filterwarnings("ignore", "Maximum number of epochs")
            trainer.append_simulations(theta, x)
            flow: torch.nn.Module = trainer.train(
                training_batch_size=min(settings.batch, len(theta) // 10),
                learning_rate=settings.learning_rate, stop_after_epochs=settings.patience,
                max_num_epochs=settings.epochs, force_first_round_loss=True,
            )  # fmt: skip
        if len(trainer.summary["validation_loss"]) >= settings.epochs:
            warnings.warn(
                f"a flow still improved after {settings.epochs} passes: raise epochs", stacklevel=3
            )
        _anneal(flow, theta, x, trainer.train_indices, trainer.val_indices, settings)
    return flow.eval()


def _anneal(
    flow: torch.nn.Module,
    theta: torch.Tensor,
    x: torch.Tensor,
    training: torch.Tensor,
    validation: torch.Tensor,
    settings: FlowSettings,
) -> None:
    """Let the learning rate fall to 0, unless the held-out simulations say otherwise.

    At a constant rate the weights keep moving about their best values, which displaces posteriors.
    """
    before = {name: value.clone() for name, value in flow.state_dict().items()}

    def held_out() -> float:
        with torch.no_grad():
            return float(flow.loss(theta[validation], x[validation]).mean())  # type: ignore[operator]

    start = held_out()
    passes = min(_ANNEALED, settings.epochs)
    optimiser = torch.optim.Adam(flow.parameters(), lr=settings.learning_rate)
    batches = -(-len(training) // settings.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, passes * batches)
    for _ in range(passes):
        for batch in training[torch.randperm(len(training))].split(settings.batch):
            optimiser.zero_grad()
            flow.loss(theta[batch], x[batch]).mean().backward()  # type: ignore[operator]
            torch.nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
            optimiser.step()
            schedule.step()
    if held_out() > start:
        flow.load_state_dict(before)


class _Silent:
    """Takes what `sbi` would write to a folder of TensorBoard."""

    log_dir = None

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Nothing."""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Nothing."""

    def log_params(self, params: dict[str, Any]) -> None:
        """Nothing."""

    def add_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""
