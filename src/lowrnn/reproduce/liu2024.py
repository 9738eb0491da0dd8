"""Liu, Baratin, Cornford, Mihalas, Shea-Brown & Lajoie 2024: initial rank, and rich learning.

Networks that learn to choose between two alternatives from a matrix of full rank, or from its
leading part at the same norm.
"""

from functools import cache
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lowrnn.analysis import RichLazy

    Array = NDArray[np.float64]

#: Published: 700 ms of stimulus and 100 ms to decide, in steps of 100 ms.
STEPS = 8
SEEDS = (0, 1, 2)
MEAN, DIFFERENCE, NOISE = 0.5, 0.5, 0.5


def _choices(rng: "np.random.Generator", trials: int) -> "tuple[Array, NDArray[np.intp]]":
    """Fixation and two stimuli (trial, time, 3); the class to name (trial, time), 0 to wait."""
    import numpy as np

    side = rng.integers(2, size=trials)
    u, label = np.zeros((trials, STEPS, 3)), np.zeros((trials, STEPS), np.intp)
    u[:, :-1, 0] = 1.0
    sign = np.stack([1 - 2 * side, 2 * side - 1], axis=1)
    u[:, :-1, 1:] = (MEAN + MEAN * DIFFERENCE * sign)[:, None]
    u[:, :, 1:] += NOISE * rng.standard_normal((trials, STEPS, 2))
    label[:, -1] = 1 + side
    return u, label


@cache
def _learned(rank: int, neurons: int, updates: int, rate: float) -> "tuple[RichLazy, ...]":
    """What learning changed in one network for each seed; all learn side by side."""
    import numpy as np
    import torch

    from lowrnn.analysis import from_weights, rank_r_start, rich_lazy
    from lowrnn.learning import one_torch_thread

    starts: list[list[Array]] = [[], [], []]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        J = 1.25 * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)
        starts[0].append(rank_r_start(J, rank))
        starts[1].append(rng.uniform(-1, 1, (neurons, 3)) / np.sqrt(3))
        starts[2].append(rng.uniform(-1, 1, (3, neurons)) / np.sqrt(neurons))
    weights = [torch.tensor(np.stack(one), dtype=torch.float32) for one in starts]
    J, U, V = (one.clone().requires_grad_() for one in weights)
    sources = [np.random.default_rng(1000 + seed) for seed in SEEDS]
    with one_torch_thread():
        descent = torch.optim.SGD([J, U, V], lr=rate, momentum=0.9)
        for _ in range(updates):
            batches = [_choices(source, 32) for source in sources]
            u = torch.from_numpy(np.stack([one for one, _ in batches]).astype(np.float32))
            label = torch.from_numpy(np.stack([other for _, other in batches]))
            drive = torch.einsum("sbti,sni->tsbn", u, U)
            rates, outputs = torch.zeros_like(drive[0]), []
            for step in range(STEPS):
                rates = torch.relu(torch.baddbmm(drive[step], rates, J.mT))
                outputs.append(torch.bmm(rates, V.mT))
            logits = torch.stack(outputs, dim=2).reshape(-1, 3)
            loss = torch.nn.functional.cross_entropy(logits, label.reshape(-1))
            descent.zero_grad()
            # The networks share a mean, and no weights.
            (len(SEEDS) * loss).backward()
            descent.step()
    probes, _ = _choices(np.random.default_rng(99), 32)
    found = []
    for seed in SEEDS:
        networks = []
        for three in (weights, (J, U, V)):
            W, B, readout = (one[seed].detach().double().numpy() for one in three)
            networks.append(from_weights(W, B, readout.T, nonlinearity="relu"))
        before, after = networks
        found.append(rich_lazy(before, after, probes, kernel_steps=range(STEPS)))
    return tuple(found)


def _mean(measure: str, low: bool, full: bool) -> float:
    """Over seeds, of networks that start from rank one or from full rank."""
    neurons, updates, rate = (300, 10_000, 0.003) if full else (64, 1500, 0.01)
    runs = _learned(1 if low else neurons, neurons, updates, rate)
    return float(sum(getattr(run, measure) for run in runs) / len(runs))


def _difference(measure: str, full: bool) -> float:
    """Full rank less rank one."""
    return _mean(measure, False, full) - _mean(measure, True, full)


def _eprop_error(full: bool) -> float:
    """Largest difference of e-prop from automatic differentiation with given recurrent rates."""
    import numpy as np
    import torch

    from lowrnn.learning import RULES, simulate_learning
    from lowrnn.learning.score import step_weights
    from lowrnn.learning.seeds import derived_seed
    from lowrnn.networks import RNN, FullRank
    from lowrnn.tasks import PerceptualDecision

    neurons, task = 12, PerceptualDecision()
    rng = np.random.default_rng(0)
    rnn = RNN(
        FullRank(rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)),
        inputs=rng.standard_normal((neurons, 1)),
        readout=rng.standard_normal((neurons, 1)),
        dt=task.dt,
        tau=0.1,
    )
    rule = RULES["eprop"].replace(rate=1.0, momentum=0.0, norm_clip=None)  # type: ignore[union-attr]
    learned = simulate_learning(rule, rnn, task, 8, batch_size=8, keep_best=False)
    # The batch that the rule saw.
    trials = task.sample(16 * 8, derived_seed(0, "training trials", 0))[:8]
    J = torch.from_numpy(np.array(rnn.connectivity.dense())).requires_grad_()
    drive, w = torch.from_numpy(trials.inputs @ rnn.inputs.T), torch.from_numpy(rnn.readout)
    weights, targets = (torch.from_numpy(v) for v in (step_weights(trials), trials.targets))
    x, loss = torch.zeros_like(drive[:, 0]), torch.zeros((), dtype=drive.dtype)
    for step in range(drive.shape[1]):
        x = x + rnn.alpha * (torch.tanh(x).detach() @ J.T + drive[:, step] - x)
        miss = torch.tanh(x) @ w / neurons - targets[:, step]
        loss = loss + (weights[:, step, None] * miss**2).sum() / len(trials)
    (gradient,) = torch.autograd.grad(loss, J)
    change = learned.rnn.connectivity.dense() - rnn.connectivity.dense()
    return float(np.abs(change + gradient.numpy()).max())


_SETTINGS = (
    "Two-alternative choice in 8 steps, means of three seeds; 64 neurons, 1500 updates of rate"
    " 0.01, in the full form the published 300, 10,000 and 0.003."
)
_OWN = f"The number is from this project's own first run at 64 neurons. {_SETTINGS}"

CLAIMS = (
    Claim(
        id="liu2024.H19a",
        figure="fig. 2",
        statement="A start of full rank is lazier: tangent-kernel alignment, full rank less rank"
        " one.",
        published=0.2267,
        tolerance=0.1267,
        relation="at least",
        measure=lambda full: _difference("kernel_alignment", full),
        quick=False,
        remark=f"{_OWN} More than 0.1 is asked for. With 64 neurons, too near the bound to be"
        " asked of every processor, it was 0.113; the full form has not been run.",
    ),
    Claim(
        id="liu2024.H19b",
        figure="fig. 2",
        statement="A start of full rank is lazier: representation alignment, full rank less rank"
        " one.",
        published=0.2467,
        tolerance=0.2467,
        relation="at least",
        measure=lambda full: _difference("representation_alignment", full),
        remark=f"{_OWN} The sign is asked for.",
    ),
    Claim(
        id="liu2024.H19c",
        figure="fig. 2",
        statement="A start of full rank keeps its representation: its alignment.",
        published=0.95,
        tolerance=0.0,
        relation="at least",
        measure=lambda full: _mean("representation_alignment", False, full),
        quick=False,
        reproduces=False,
        remark=f"{_OWN} Here 0.93 with 64 neurons and stimuli of our own: one of three"
        " networks has 0.87, the others 0.96. The full form has not been run.",
    ),
    Claim(
        id="liu2024.H19d",
        figure="fig. 2",
        statement="A start of full rank changes less: norm of the change, full rank less rank one.",
        published=-0.2267,
        tolerance=0.2267,
        relation="at most",
        measure=lambda full: _difference("norm_change", full),
        remark=f"{_OWN} The sign is asked for.",
    ),
    Claim(
        id="liu2024.H20",
        figure="Liu, Zhang & Liu, arXiv 2410.11164, methods",
        statement="e-prop is the gradient of the network whose recurrent rates are taken as given:"
        " largest difference.",
        published=0.0,
        tolerance=1e-12,
        relation="equal",
        measure=_eprop_error,
        remark="Of a later paper by the same group; 12 neurons, double precision.",
    ),
)
