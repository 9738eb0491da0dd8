"""H8 and H9: bounds on the rank of what gradient descent learns, checked in small networks."""

from functools import cache, partial
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lowrnn.analysis import TensorRank
    from lowrnn.reproduce.pellegrino2023.theorems import Learned, Setting

    Array = NDArray[np.float64]

#: Learning that stays in S ⊗ S; the quick form takes the first three.
CLOSED: tuple[dict[str, object], ...] = (
    {},
    {"plant": False},
    {"train": "WBC"},
    {"feedback": True},
    {"feedback": True, "random_target": True},
    {"feedback": True, "momentum": 0.9},
    {"rank": 2},
    {"rank": 2, "initial_state": True},
    {"decay": 0.1},
    {"clip": "norm"},
)
#: Learning that leaves it; the quick form takes the first.
OPEN: tuple[dict[str, object], ...] = (
    {"rule": "adam"},
    {"clip": "value"},
    {"decay": 0.1, "identity": 0.5},
)


def _settings(kind: tuple[dict[str, object], ...], full: bool) -> "list[Setting]":
    from lowrnn.reproduce.pellegrino2023.theorems import Setting

    quick = 3 if kind is CLOSED else 1
    return [Setting(**each) for each in (kind if full else kind[:quick])]  # type: ignore[arg-type]


@cache
def _learned(setting: "Setting") -> "tuple[Learned, TensorRank]":
    from lowrnn.analysis import tensor_rank
    from lowrnn.compute.threads import one_thread
    from lowrnn.reproduce.pellegrino2023.theorems import learn

    with one_thread():
        learned = learn(setting)
        return learned, tensor_rank(learned.changes, (3,), tolerance=1e-9, starts=2)


def _off_dimension(full: bool) -> float:
    """The largest difference of a rank from d, over settings and both neuron axes."""
    return max(
        abs(rank - setting.dimensions)
        for setting in _settings(CLOSED, full)
        for rank in _learned(setting)[1].multilinear_rank[:2]
    )


def _slices(full: bool) -> float:
    """The largest rank over steps, relative to d²."""
    return max(
        _learned(setting)[1].slice_rank / setting.dimensions**2
        for setting in _settings(CLOSED, full)
    )


def _leak(full: bool) -> float:
    return max(_learned(setting)[0].leak for setting in _settings(CLOSED, full))


def _open_rank(full: bool) -> float:
    return min(min(_learned(setting)[1].multilinear_rank[:2]) for setting in _settings(OPEN, full))


def _of_reach(name: str, full: bool) -> float:
    """Of the linear network with a point mass, or of the same one with tanh units."""
    from lowrnn.reproduce.pellegrino2023.theorems import Setting

    rank = _learned(Setting(tanh=name == "tanh rank"))[1]
    return min(rank.multilinear_rank[:2]) if name == "tanh rank" else rank.variance_explained[3]


def _gradient_error(full: bool) -> float:
    from lowrnn.reproduce.pellegrino2023.adjoint import gradient_error

    return max(gradient_error(seed) for seed in range(5 if full else 1))


def _residual_over_bound(full: bool) -> float:
    """The most over 1 to 12 dimensions, both sides, and draws."""
    from lowrnn.reproduce.pellegrino2023.adjoint import residuals_and_bounds

    worst = 0.0
    for seed in range(3 if full else 1):
        residuals, bounds = residuals_and_bounds(seed)
        worst = max(worst, float((residuals / bounds).max()))
    return worst


def _rank_after(steps: int, full: bool) -> float:
    from lowrnn.analysis import weight_change
    from lowrnn.reproduce.pellegrino2023.theorems import Setting, learn

    last = learn(Setting(plant=False), steps).changes[-1]
    return weight_change(last, 0 * last).rank(1e-10)


@cache
def _lazy() -> "Array":
    """Relative singular values over steps after a small change of a random network."""
    import numpy as np

    from lowrnn.analysis import tensor_rank
    from lowrnn.reproduce.pellegrino2023.theorems import Setting, learn

    changes = learn(Setting(plant=False, g=0.9, rate=0.002), 100).changes
    values = tensor_rank(changes, (), tolerance=1e-9).step_values
    return np.asarray(values / values[0])


def _lazy_value(number: int, full: bool) -> float:
    return float(_lazy()[number])


def _eigenvalue_error(full: bool) -> float:
    """Between the five eigenvalues of `A diag(c) Bᵀ` other than 0 and those of `diag(c) BᵀA`."""
    import numpy as np

    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, 200, 5)) / np.sqrt(200)
    c = rng.uniform(0.5, 2.0, 5)
    small = np.sort_complex(np.linalg.eigvals(c[:, None] * (B.T @ A)))
    large = np.linalg.eigvals((A * c) @ B.T)
    large = np.sort_complex(large[np.argsort(-np.abs(large))[:5]])
    return float(np.abs(small - large).max())


_DERIVED = (
    "Derived by this project: the paper proves bounds of its own, which could not be compared."
)
_ROWS = (
    f"{_DERIVED} 40 linear units that move a point mass or have targets of their own; with a force"
    " field in the middle third, feedback, momentum, decay or clipping by the norm in the full"
    " form. Double precision, singular values above 1e-9 of the largest."
)

CLAIMS = (
    Claim(
        id="pellegrino2023.H8a",
        figure="theory",
        statement="A linear network's weight changes span exactly the d dimensions of its inputs,"
        " readout and initial weights, through a perturbation too (largest difference).",
        published=0.0,
        tolerance=0.0,
        relation="equal",
        measure=_off_dimension,
        remark=_ROWS,
    ),
    Claim(
        id="pellegrino2023.H8b",
        figure="theory",
        statement="Their rank over steps is at most d².",
        published=1.0,
        tolerance=0.0,
        relation="at most",
        measure=_slices,
        remark=_ROWS,
    ),
    Claim(
        id="pellegrino2023.H8c",
        figure="theory",
        statement="Nothing is learned outside of these dimensions (largest relative norm).",
        published=1e-10,
        tolerance=0.0,
        relation="at most",
        measure=_leak,
        remark=_ROWS,
    ),
    Claim(
        id="pellegrino2023.H8d",
        figure="theory",
        statement="Adam leaves them: changes have full rank, that of 40 units.",
        published=40.0,
        tolerance=0.0,
        relation="equal",
        measure=_open_rank,
        remark=f"{_ROWS} In the full form also clipping by value, and decay of W0 = I/2.",
    ),
    Claim(
        id="pellegrino2023.H8e",
        figure="theory",
        statement="Three fixed patterns explain nearly all that a linear network learns.",
        published=0.99,
        tolerance=0.0,
        relation="at least",
        measure=partial(_of_reach, "energy"),
        remark=f"{_DERIVED} Far fewer than the bound, of up to 25.",
    ),
    Claim(
        id="pellegrino2023.H8f",
        figure="theory",
        statement="With tanh units no rank is exact: changes have full rank.",
        published=40.0,
        tolerance=0.0,
        relation="equal",
        measure=partial(_of_reach, "tanh rank"),
        remark=_ROWS,
    ),
    Claim(
        id="pellegrino2023.H9a",
        figure="theory",
        statement="What tanh units learn outside of the leading d directions of rates or adjoints"
        " is below a bound from what these do outside, for all d (largest ratio).",
        published=1.0,
        tolerance=0.0,
        relation="at most",
        measure=_residual_over_bound,
        remark=f"{_DERIVED} 60 units, d from 1 to 12, 80 steps; the full form has three draws.",
    ),
    Claim(
        id="pellegrino2023.H9b",
        figure="theory",
        statement="The gradient is the product of adjoints and rates (relative error).",
        published=1e-10,
        tolerance=0.0,
        relation="at most",
        measure=_gradient_error,
        remark=_DERIVED,
    ),
    Claim(
        id="pellegrino2023.H9c",
        figure="theory",
        statement="Small changes move along one trajectory: s2/s1 over steps.",
        published=0.05,
        tolerance=0.0,
        relation="at most",
        measure=partial(_lazy_value, 1),
        remark=f"{_DERIVED} Linear units with W0 of strength 0.9.",
    ),
    Claim(
        id="pellegrino2023.H9d",
        figure="theory",
        statement="Small changes move along one trajectory: s3/s1 over steps.",
        published=0.005,
        tolerance=0.0,
        relation="at most",
        measure=partial(_lazy_value, 2),
        remark=f"{_DERIVED} Linear units with W0 of strength 0.9.",
    ),
    Claim(
        id="pellegrino2023.H9e",
        figure="theory",
        statement="From W0 = 0 the first step has the rank of inputs or outputs, two.",
        published=2.0,
        tolerance=0.0,
        relation="equal",
        measure=partial(_rank_after, 1),
        remark=_DERIVED,
    ),
    Claim(
        id="pellegrino2023.H9f",
        figure="theory",
        statement="After the second step the change has rank d, four.",
        published=4.0,
        tolerance=0.0,
        relation="equal",
        measure=partial(_rank_after, 2),
        remark=_DERIVED,
    ),
    Claim(
        id="pellegrino2023.T8",
        figure="theory",
        statement="The eigenvalues of a low-tensor-rank matrix are those of diag(c) BᵀA.",
        published=0.0,
        tolerance=1e-12,
        relation="equal",
        measure=_eigenvalue_error,
        remark=_DERIVED,
    ),
)
