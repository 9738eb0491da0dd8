"""What local rules are equal to, and what they learn, on the vectors of low-rank networks."""

from functools import cache
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    from lowrnn.learning import Trained
    from lowrnn.networks import RNN
    from lowrnn.tasks import Task

NEURONS, BATCH = 128, 32


def _task(name: str) -> "Task":
    """The tasks of this project's first runs, as far as the library has them: tau is 0.1 s."""
    from lowrnn.tasks import FlipFlop, MatchToSample, PerceptualDecision

    if name == "decision":
        return PerceptualDecision(
            dt=0.01, fixation=0.2, stimulus=0.4, delay=0.05, decision=0.15, noise_std=0.3
        )
    if name == "flip_flop":
        return FlipFlop(
            dt=0.01, bits=1, duration=1.2, start=0.0, pulse=0.04, settle=0.08, hold=(0.05, 0.5),
            target_amplitude=1.0,
        )  # fmt: skip
    return MatchToSample(
        dt=0.01, fixation=0.05, stimulus=0.2, delay=(0.2, 0.2), decision=0.25, noise_std=0.0
    )


def _start(task: "Task", rank: int, seed: int, neurons: int = NEURONS) -> "RNN":
    """Vectors of variance 1, of overlap 0.8, in double precision."""
    import numpy as np

    from lowrnn.networks import RNN, LowRank

    rng = np.random.default_rng(seed)
    m, n = rng.standard_normal((2, neurons, rank))
    return RNN(
        LowRank(m, n + 0.8 * m),
        inputs=rng.standard_normal((neurons, task.n_inputs)),
        readout=rng.standard_normal((neurons, task.n_outputs)),
        dt=task.dt,
        tau=0.1,
    )


@cache
def _learned(
    name: str,
    rule: str,
    updates: int,
    *,
    seed: int = 0,
    rate: float = 0.1,
    norm_clip: float = 0.5,
    until: float | None = None,
) -> "Trained":
    """A network whose m, n and readout learnt by a rule."""
    import numpy as np

    from lowrnn.learning import RULES, simulate_learning
    from lowrnn.networks import LowRank

    task = _task(name)
    rnn = _start(task, 3 if name == "dnms" else 2, seed)
    low = rnn.connectivity.parameters
    single = LowRank(*(low[key].astype(np.float32) for key in ("m", "n")))
    chosen = RULES[rule].replace(  # type: ignore[union-attr]
        rate=rate, readout_rate=rate, norm_clip=norm_clip
    )
    return simulate_learning(
        chosen, rnn.replace(connectivity=single), task, updates * BATCH, on="mn",
        evaluate_every=25, target_accuracy=until, seed=seed,
    )  # fmt: skip


def _factor_error(full: bool) -> float:
    """Largest difference of traces, decay and Oja's rule between factors and matrices."""
    import numpy as np

    from lowrnn.learning import FactoredChange
    from lowrnn.learning.plasticity.factors import reversed_filter

    neurons, steps, keep = 120, 60, 0.9
    rng = np.random.default_rng(0)
    post, pre, modulator = rng.standard_normal((3, steps, neurons))
    trace, change = np.zeros((2, neurons, neurons))
    factored, oja = FactoredChange(neurons), np.zeros((neurons, neurons))
    for t in range(steps):
        trace = keep * trace + np.outer(post[t], pre[t])
        change += modulator[t][:, None] * trace
        r = np.tanh(post[t])[:, None]
        oja = 0.99 * (oja + 0.01 * (r @ r.T - r**2 * oja))
        factored.scale(1 - 0.01 * r**2)
        factored.add(0.01 * r, r)
        factored.scale(0.99)
    weighed = reversed_filter(modulator[None], keep)[0]
    return float(
        max(
            np.abs((weighed * post).T @ pre - change).max(),
            np.abs(factored.dense() - oja).max(),
        )
    )


def _latent_error(full: bool) -> float:
    """Largest relative difference to backpropagation at three points of learning."""
    import numpy as np
    import torch

    from lowrnn.learning import RULES, simulate_learning
    from lowrnn.learning.plasticity import latent_gradient
    from lowrnn.learning.score import step_weights
    from lowrnn.networks import Noise
    from lowrnn.networks.kernels import squared_error

    task = _task("dnms")
    rnn, worst = _start(task, 3, 0, neurons=NEURONS if full else 40), 0.0
    for point in range(3):
        trials = task.sample(8, point)
        weight = step_weights(trials) / len(trials)
        tensors = rnn.tensors()
        exact = [tensors[name].requires_grad_() for name in ("m", "n")]
        loss = squared_error(
            tensors, torch.from_numpy(trials.inputs), torch.from_numpy(trials.targets),
            torch.from_numpy(weight), on="output", alpha=rnn.alpha, nonlinearity="tanh",
            noise=Noise(0.0),
        )  # fmt: skip
        gradients = torch.autograd.grad(loss, exact)
        miss = rnn.simulate(trials.inputs).z - trials.targets
        found = latent_gradient(rnn, trials.inputs, 2 * weight[:, :, None] * miss)
        for ours, gradient in zip(found, gradients, strict=True):
            theirs = gradient.numpy()
            worst = max(worst, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))
        rule = RULES["bptt"]
        rnn = simulate_learning(rule, rnn, task, 20 * 8, on="mn", batch_size=8, seed=point).rnn
    return worst


def _loss(name: str, rule: str, updates: int) -> float:
    """The least loss on other trials that learning met."""
    return float(min(_learned(name, rule, updates).history.metrics["validation_loss"][1:]))


def _accuracy(name: str, rule: str, updates: int) -> float:
    """The best accuracy on other trials that learning met."""
    return float(max(_learned(name, rule, updates).history.metrics["accuracy"]))


def _delayed(rule: str, updates: int, rate: float) -> float:
    """Of three networks, how many reach 95 % of delayed match to sample."""
    runs = (
        _learned("dnms", rule, updates, seed=seed, rate=rate, norm_clip=0.4, until=0.95)
        for seed in range(3)
    )
    return float(sum(max(run.history.metrics["accuracy"]) >= 0.95 for run in runs))


_OWN = (
    "The bound is this project's own. m, n and readout of 128 neurons learn; batches of 32 trials;"
)
_DELAYED = (
    "Rate and clip are those of this project's first runs, of half the squared error; learning"
    " stops at 95 %."
)
_SETTING = f"{_OWN} the library's tasks with windows like those of this project's first runs."

CLAIMS = (
    Claim(
        id="crespo2024.R4",
        figure="-",
        statement="Factors are exact: largest difference from dense traces, decay and Oja's rule.",
        published=0.0,
        tolerance=1e-10,
        relation="equal",
        measure=_factor_error,
        remark="120 neurons, 60 steps, double precision.",
    ),
    Claim(
        id="crespo2024.R10a",
        figure="Lillicrap et al. 2016",
        statement="Random feedback works on factors: loss of a decision task after 200 updates,"
        " with symmetric or random feedback, the larger.",
        published=0.15,
        tolerance=0.0,
        relation="at most",
        measure=lambda full: max(_loss("decision", r, 200) for r in ("eprop", "eprop_random")),
        remark=_SETTING,
    ),
    Claim(
        id="crespo2024.R10b",
        figure="-",
        statement="Before learning, the loss of the decision task is near 1.",
        published=0.9,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: float(
            _learned("decision", "eprop", 200).history.metrics["validation_loss"][0]
        ),
        remark=_SETTING,
    ),
    Claim(
        id="crespo2024.R11a",
        figure="Bellec et al. 2020",
        statement="Truncated credit suffices for memory: accuracy of e-prop on a flip-flop.",
        published=0.9,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: _accuracy("flip_flop", "eprop", 400 if full else 100),
        remark=f"{_SETTING} 100 updates in the quick form, 400 in the full one.",
    ),
    Claim(
        id="crespo2024.R11b",
        figure="-",
        statement="Backpropagation through time on the same flip-flop: accuracy.",
        published=0.94,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: _accuracy("flip_flop", "bptt", 400 if full else 100),
        remark=f"{_SETTING} 100 updates in the quick form, 400 in the full one.",
    ),
    Claim(
        id="crespo2024.R12a",
        figure="-",
        statement="Delayed match to sample, of three networks: how many learn it by gradient"
        " descent in 250 updates.",
        published=3.0,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: _delayed("bptt", 250, 0.05),
        quick=False,
        remark=f"{_SETTING} {_DELAYED} All three, after 75, 125 and 125 updates. With a norm clip"
        " of 0.5, without learning of the readout, or with a pause of one tau after the second"
        " stimulus, two or fewer do.",
    ),
    Claim(
        id="crespo2024.R12b",
        figure="-",
        statement="Of the same, how many learn it by e-prop in 1200 updates.",
        published=2.0,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: _delayed("eprop", 1200, 0.015),
        quick=False,
        remark=f"{_SETTING} {_DELAYED} All three, after 400, 450 and 800 updates, at 0.3 times the"
        " rate. With a pause of one tau after the second stimulus all three do so too, after 775 to"
        " 975 updates.",
    ),
    Claim(
        id="crespo2024.R13",
        figure="-",
        statement="Real-time recurrent learning of latents is the exact gradient: largest"
        " difference from backpropagation at three points of learning, over the largest entry.",
        published=0.0,
        tolerance=1e-10,
        relation="equal",
        measure=_latent_error,
        remark="Delayed match to sample, rank 3; 40 neurons, in the full form 128.",
    ),
)
