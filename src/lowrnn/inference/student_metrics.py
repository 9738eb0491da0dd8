"""What a student must be like to be plausible at all, in a few numbers with a meaning."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import check_array
from lowrnn.inference.students import learning_course, run_students
from lowrnn.inference.summary import Summary
from lowrnn.learning.plasticity.students import STATUS, Students
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part

Array = NDArray[np.float64]

#: The columns of `measure_students`, with a target and without the last of them otherwise.
STUDENT_METRICS = ("saturation", "change", "creep", "outlier", "distance")


def measure_students(job: dict[str, Any]) -> dict[str, Any]:
    """A simulator for `filter_rounds`: students in the numbers of `student_metrics`.

    Settings are those of `StudentSettings`, and `target`, if wanted: summaries of a teacher, a list
    as `simulate_students` gives them. Saturated students are measured like others.
    """
    target = job.get("target")
    settings, start, found = run_students({k: v for k, v in job.items() if k != "target"})
    metrics = student_metrics(found, start)
    values = metrics.values
    if target is not None:
        course = learning_course(found, middle=settings.middle).values
        wanted = check_array("target", target, (course.shape[1],), dtype=np.float64)
        distance = np.sqrt(((course - wanted) ** 2).mean(axis=1))
        values = np.column_stack([values, distance])
    status = ["ok" if STATUS[k] == "saturated" else STATUS[k] for k in found.status]
    return {"x": values, "status": ",".join(status)}


def student_metrics(found: Students, start: RNN) -> Summary:
    """How saturated, how changed, how settled and how unstable students are.

    Parameters
    ----------
    found : Students
        Of any number, and of at least two epochs.
    start : RNN
        The low-rank network that they start from.

    Returns
    -------
    Summary
        `saturation`: share of rates beyond ±0.95 in the last epoch. `change`: `|ΔJ| / |J0|`, with
        the expected norm of the random part. `creep`: how much that still grew or fell in the last
        epoch. `outlier`: largest modulus of the eigenvalues of `(nᵀm)⁻¹ nᵀ J m`, which are those of
        `J` as far as its eigenvectors lie along the `m` and `n` at the start.
    """
    structured = structured_part(start.connectivity)
    assert structured is not None
    m, n = structured.m.astype(np.float64), structured.n.astype(np.float64)
    g = start.connectivity.g if isinstance(start.connectivity, RandomPlusLowRank) else 0.0
    size = math.sqrt(np.sum((m.T @ m) * (n.T @ n)) / start.neurons**2 + g**2 * start.neurons)
    norm = found.norm.astype(np.float64) / size
    reduced = np.linalg.solve(n.T @ m / start.neurons, found.overlap[:, -1].astype(np.float64))
    good = np.isfinite(reduced).all(axis=(1, 2))
    outlier = np.full(len(found), np.nan)
    outlier[good] = np.abs(np.linalg.eigvals(reduced[good])).max(axis=1)
    values = np.column_stack(
        [found.saturation, norm[:, -1], np.abs(norm[:, -1] - norm[:, -2]), outlier]
    )
    return Summary("student_metrics", 1, STUDENT_METRICS[:4], values.astype(np.float64))
