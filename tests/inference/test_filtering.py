"""Filter rounds, and the metrics of students that they filter by."""

from types import ModuleType

import numpy as np
import pytest

from lowrnn import RNN, InputError, LowRank
from lowrnn.inference import (
    STUDENT_METRICS,
    BoxPrior,
    FlowSettings,
    Requirement,
    filter_rounds,
    measure_students,
    student_metrics,
)
from lowrnn.inference.students import simulate_students
from lowrnn.learning import RuleFamily, students

PRIOR = BoxPrior.of({"a": (-1, 1), "b": (-1, 1)})
METRICS = ("a", "b", "again_a", "again_b")
NEAR = [Requirement("a", 0.4, 0.7, 0.3), Requirement("b", -0.7, -0.4, 0.3)]
FLOWS = FlowSettings(
    members=1, transforms=1, hidden=16, bins=4, embedding=2, epochs=15, patience=5,
    learning_rate=5e-3,
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:a flow still improved")
def test_rounds_find_what_the_prior_rarely_holds(simulators: ModuleType) -> None:
    found = filter_rounds(
        simulators.gaussian, PRIOR, NEAR, METRICS, simulations=400, flows=FLOWS,
        settings={"sd": 0.1}, workers=1,
    )  # fmt: skip
    # Each requirement holds for about 0.15 of the prior.
    assert found.shares[0] == pytest.approx([0.15, 0.15], abs=0.06)
    assert found.accepted[0] < 0.06
    assert found.shares[1, 0] > 0.4
    # The second round keeps what the first has learned.
    assert (found.shares[2] > 0.3).all()
    assert found.gain > 5
    plausible = found.plausible
    assert ((plausible.x[:, 0] >= 0.4) & (plausible.x[:, 1] <= -0.4)).all()
    assert PRIOR.contains(plausible.theta).all()
    total = sum(len(part) * share for part, share in zip(found.rounds, found.accepted, strict=True))
    assert len(plausible) == round(total)


def test_requirements_that_cannot_be_used_are_refused(simulators: ModuleType) -> None:
    def run(*requirements: Requirement, metrics: tuple[str, ...] = METRICS) -> None:
        filter_rounds(
            simulators.gaussian, PRIOR, requirements, metrics, simulations=60, flows=FLOWS,
            workers=1,
        )  # fmt: skip

    with pytest.raises(InputError, match="requirement c is no metric: choose among a, b"):
        run(Requirement("c", 0, 1))
    with pytest.raises(InputError, match="requirement a leaves 0 of 60 simulations"):
        run(Requirement("a", 5, 6))
    with pytest.raises(InputError, match="metrics are 1 and x has 4 columns"):
        run(Requirement("a", 0, 1), metrics=("a",))
    with pytest.raises(InputError, match="requirements are empty"):
        run()
    with pytest.raises(InputError, match="give the lower end first"):
        Requirement("a", 1, 0)
    with pytest.raises(InputError, match="leeway of a"):
        Requirement("a", 0, 1, -1.0)


def test_metrics_are_those_of_the_whole_matrix() -> None:
    """Without a random part, after one and two Hebbian updates."""
    rng = np.random.default_rng(0)
    m, n = 1 + rng.standard_normal((2, 30, 1))
    start = RNN(LowRank(m, n), rng.standard_normal((30, 1)), dt=0.02, tau=0.1)
    family = RuleFamily(terms=("X1Y1",), decay=0.0)
    u = np.ones((1, 20, 1))
    one, two = (
        students(family, [[0.0], [0.5]], [0, 1], start, u, epochs=epochs) for epochs in (2, 3)
    )
    J = start.connectivity.dense()
    early, late = student_metrics(one, start), student_metrics(two, start)
    assert late.labels == STUDENT_METRICS[:4]
    assert late.values[0, 1:3] == pytest.approx([0, 0])
    assert late.values[0, 3] == pytest.approx(abs(np.trace(J)), rel=1e-4)
    size = np.linalg.norm(J)
    assert late.values[1, 1] == pytest.approx(two.norm[1, -1] / size, rel=1e-4)
    assert late.values[1, 2] == pytest.approx(late.values[1, 1] - early.values[1, 1], rel=1e-3)
    assert late.values[1, 3] > late.values[0, 3]


def test_the_distance_is_that_of_the_summaries() -> None:
    settings = {"terms": ["X1Y1"], "neurons": 20, "steps": 10, "epochs": 3, "record": 2}
    job = {**settings, "theta": [[0.3], [0.9]], "seeds": [1, 2]}
    courses = np.asarray(simulate_students(job)["x"])
    found = measure_students({**job, "target": courses[0].tolist()})
    assert found["status"] == "ok,ok"
    expected = np.sqrt(((courses - courses[0]) ** 2).mean(axis=1))
    np.testing.assert_allclose(np.asarray(found["x"])[:, 4], expected)
    assert np.asarray(measure_students(job)["x"]).shape == (2, 4)
    with pytest.raises(InputError, match="target"):
        measure_students({**job, "target": [1.0]})
