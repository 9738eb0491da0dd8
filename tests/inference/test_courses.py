"""Teachers as courses of networks: from files, run folders and fits to recordings."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from lowrnn import RNN, FullRank, InputError, LowRank, LowTensorRank, RandomPlusLowRank, Recording
from lowrnn.inference import recorded
from lowrnn.inference.courses import Course, read_course
from lowrnn.inference.experiment import (
    Experiment,
    fitted,
    observation,
    read_experiment,
    run_experiment,
    summary_of,
    version_of,
)
from lowrnn.learning import initial_network, simulate_learning, train
from lowrnn.report import write_training
from lowrnn.tasks import task

NEURONS, EPOCHS, RATE, DECAY = 12, 6, 1.5, 0.05
THETA = {"pre": -0.2, "hebb": 0.3}
STUDENT = {"terms": ["X1", "X1Y1"], "epochs": EPOCHS, "steps": 10, "record": 2, "spread": 0.0}
QUICK = {"held_out": 60, "method": "abc", "quantile": 0.3, "predictive": 20, "draws": 200}
DECISION = task("perceptual_decision")


def experiment(folder: Path, teacher: dict[str, Any], **student: Any) -> Experiment:
    given = {
        "teacher": teacher,
        "student": STUDENT | student,
        "parameters": {"pre": [-1, 1], "hebb": [-1, 1]},
        "simulations": 200,
        **QUICK,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(given, sort_keys=False))
    return read_experiment(folder / "config.yaml")


def idle(given: Experiment) -> np.ndarray:
    """What students who do not learn show."""
    summary = summary_of(given)
    return summary.values[0]  # noqa: PD011


def start(neurons: int = NEURONS, seed: int = 0) -> RNN:
    rng = np.random.default_rng(seed)
    m, n = rng.standard_normal((2, neurons, 2)) + 0.5
    return RNN(LowRank(m, n), rng.standard_normal((neurons, 2)), dt=0.02, tau=0.1)


def learned(
    rnn: RNN, u: np.ndarray, epochs: int = EPOCHS, rate: float = RATE, decay: float = DECAY
) -> tuple[list[np.ndarray], np.ndarray]:
    """J at the beginning of each epoch, as the formula of the rule has it, and rates in each."""
    first = rnn.connectivity.dense()
    found, shown = [first], []
    for _ in range(epochs):
        rates = rnn.replace(connectivity=FullRank(found[-1])).simulate(u).rates
        shown.append(rates)
        pre = np.concatenate([np.zeros_like(rates[:, :1]), rates[:, :-1]], axis=1)
        post, pre = (each.reshape(-1, rnn.neurons) for each in (rates, pre))
        update = THETA["pre"] * pre.mean(axis=0) + THETA["hebb"] * post.T @ pre / len(pre)
        found.append(first + (1 - decay) * (found[-1] - first) + rate / rnn.neurons * update)
    return found[:-1], np.stack(shown)


def matrices() -> list[np.ndarray]:
    """J of the small network in its six epochs, two inputs held."""
    u = np.zeros((2, STUDENT["steps"], 2))
    u[0, :, 0] = u[1, :, 1] = 1
    return learned(start(), u)[0]


@pytest.fixture
def saved(tmp_path: Path) -> list[str]:
    """A network that learned by the rule: before, at the fourth epoch, and at the last."""
    rnn, J = start(), matrices()
    found = [rnn, *(rnn.replace(connectivity=FullRank(J[k])) for k in (3, 5))]
    names = [f"{index}.safetensors" for index in range(3)]
    for name, network in zip(names, found, strict=True):
        network.save(tmp_path / name)
    return names


def test_networks_of_a_rule_are_observed_as_its_student_is(
    saved: list[str], tmp_path: Path
) -> None:
    rule = experiment(tmp_path, {"theta": THETA}, network=saved[0])
    course = experiment(tmp_path, {"networks": saved})
    np.testing.assert_allclose(observation(course), observation(rule), atol=1e-5)
    assert course.spec.settings == rule.spec.settings
    assert version_of(course) == version_of(rule)
    # Not for want of a difference.
    assert np.abs(observation(course) - idle(course)).max() > 0.05


def test_two_networks_have_no_middle(saved: list[str], tmp_path: Path) -> None:
    three = experiment(tmp_path, {"networks": saved})
    two = experiment(tmp_path, {"networks": saved[::2]})
    whole, less = observation(three), observation(two)
    part = (len(whole) - 4) // 3
    np.testing.assert_array_equal(less, np.delete(whole, np.arange(part, 2 * part)))
    assert len(summary_of(two).labels) == len(less)
    assert {label.split(".")[0] for label in summary_of(two).labels} == {
        "epoch0", "epoch5", "overlap",
    }  # fmt: skip


def test_files_that_were_written_anew_are_read_anew(saved: list[str], tmp_path: Path) -> None:
    course = experiment(tmp_path, {"networks": saved})
    version, seen = version_of(course), observation(course)
    late = RNN.load(tmp_path / saved[2])
    late.replace(connectivity=FullRank(1.1 * late.connectivity.dense())).save(tmp_path / saved[2])
    # Students do not depend on it: those that are stored stay.
    assert version_of(course) == version
    assert np.abs(observation(course) - seen).max() > 0.01
    start(seed=1).save(tmp_path / saved[0])
    assert version_of(course) != version
    assert np.abs(idle(course) - seen).max() > 0.01


def test_an_inference_tells_of_its_teacher(saved: list[str], tmp_path: Path) -> None:
    found = run_experiment(experiment(tmp_path, {"networks": saved}), workers=1).to_dict()
    change = np.linalg.norm(matrices()[5] - start().connectivity.dense())
    expected = change / np.linalg.norm(start().connectivity.dense())
    assert found["teacher"]["kind"] == "networks"
    assert found["teacher"]["change"] == pytest.approx(expected, rel=1e-5)
    assert any("Only signs and ratios of coefficients" in said for said in found["remarks"])
    for parameter, truth in zip(found["parameters"], THETA.values(), strict=True):
        assert parameter["sd"] < 0.2
        assert abs(parameter["mean"] - truth) < 4 * parameter["sd"]


def test_run_folders_of_training_and_of_a_rule(tmp_path: Path) -> None:
    rnn = initial_network(DECISION, NEURONS, 1, noise_std=0.0)
    settings: dict[str, Any] = {"evaluate_every": 2, "seed": 1}
    trained = train(rnn, DECISION, updates=6, learning_rate=0.05, **settings)
    ruled = simulate_learning("hebb", rnn, DECISION, 4 * 32, **settings)
    for name, found in (("train", trained), ("rule", ruled)):
        write_training(tmp_path / name, found.rnn, DECISION, found.history)
    course, rule = (read_course([str(tmp_path / name)]) for name in ("train", "rule"))
    before = rnn.connectivity.dense()
    for each, found in ((course, trained), (rule, ruled)):
        first, last = each.networks[0], each.networks[-1]
        np.testing.assert_allclose(first.connectivity.dense(), before, atol=1e-6)
        np.testing.assert_allclose(first.inputs, rnn.inputs, atol=1e-6)
        np.testing.assert_array_equal(last.connectivity.dense(), found.rnn.connectivity.dense())
        assert each.inputs is not None
        np.testing.assert_allclose(each.inputs, DECISION.conditions().inputs, atol=1e-6)
    # Training by gradients keeps no weights in between by itself; a rule does.
    assert [len(course.networks), len(rule.networks)] == [2, 3]
    changes = ruled.history.changes
    middle = before + changes.left[1] @ changes.right[1].T
    np.testing.assert_allclose(rule.networks[1].connectivity.dense(), middle, atol=1e-5)

    seen = experiment(tmp_path, {"networks": "rule"})
    assert len(idle(seen)) == len(observation(seen))
    shown = experiment(tmp_path, {"networks": "rule"}, task="perceptual_decision")
    with pytest.raises(InputError, match="has conditions of its own: leave it out"):
        observation(shown)


def session(path: Path, **changes: Any) -> None:
    """A network whose one component triples in strength over 40 trials of two sides."""
    g = np.random.default_rng(0)
    a, trials = g.standard_normal((NEURONS, 1)), 40
    c = np.linspace(0.5, 1.5, trials)[:, None]
    rnn = RNN(LowTensorRank(a, a, c), a + g.standard_normal((NEURONS, 1)), dt=0.02, tau=0.1)
    side = g.choice([-1.0, 1.0], trials)
    u = np.repeat(side[:, None, None], 12, axis=1)
    rates = rnn.simulate(u).rates + 0.05 * g.standard_normal((trials, 12, NEURONS))
    table = pd.DataFrame({"side": side, "trial": np.arange(trials)})
    fields = {"rates": rates, "inputs": u, "conditions": table}
    Recording(bin_width=0.02, unit="a.u.", **fields | changes).to_npz(path)


LTRNN = {"updates": [20, 40], "smoothness": 8.0}
RECORDED = {"recording": "session.npz", "tensor_rank": 1, "condition": "side", "ltrnn": LTRNN}


def test_from_a_recording_to_a_posterior(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session(tmp_path / "session.npz")
    given = experiment(tmp_path, RECORDED)
    with pytest.raises(InputError, match="give the experiment to `fitted`"):
        observation(given)
    found = fitted(given, tmp_path / "store")
    folder = Path(str(found.teacher.fit))
    assert sorted(path.name for path in folder.iterdir()) == [
        "metrics.json", "network.safetensors", "results.nc",
    ]  # fmt: skip

    course = read_course([str(folder)])
    parts = RNN.load(folder / "network.safetensors").connectivity
    assert isinstance(parts, LowTensorRank)
    for network, trials in zip(
        course.networks, (slice(0, 4), slice(18, 22), slice(36, 40)), strict=True
    ):
        mean = np.mean([parts.at(k).dense() for k in range(40)[trials]], axis=0)
        np.testing.assert_allclose(network.connectivity.dense(), mean, atol=1e-6)
    sizes = [np.linalg.norm(each.connectivity.dense()) for each in course.networks]
    assert sizes[0] < sizes[1] < sizes[2]
    assert course.inputs is not None
    assert course.inputs[:, :, 0].tolist() == [[-1.0] * 12, [1.0] * 12]

    inferred = run_experiment(found, store=tmp_path / "store", workers=1)
    assert inferred.teacher["kind"] == "fit"
    assert inferred.teacher["r2"] > 0.5
    assert any("not recorded but fitted" in said for said in inferred.to_dict()["remarks"])

    with monkeypatch.context() as patch:
        patch.setattr(recorded.LTRNN, "fit", lambda *a, **k: pytest.fail("fitted twice"))
        assert fitted(given, tmp_path / "store") == found
    other = experiment(tmp_path, {**RECORDED, "ltrnn": {**LTRNN, "updates": [5, 5]}})
    assert fitted(other, tmp_path / "store").teacher.fit != found.teacher.fit


def test_recordings_that_cannot_be_fitted(tmp_path: Path) -> None:
    session(tmp_path / "session.npz", sem=np.ones((40, 12, NEURONS)))
    with pytest.raises(InputError, match="holds averages: give single trials"):
        fitted(experiment(tmp_path, RECORDED), tmp_path / "store")
    session(tmp_path / "session.npz")
    for changes, sentence in (
        ({"condition": "sid"}, "condition is 'sid', which is unknown: did you mean side"),
        ({"trial": "side"}, "trial is 'side', whose values .* come twice"),
        ({"ltrnn": {"smooth": 3}}, "ltrnn is 'smooth', which is unknown: did you mean smoothness"),
    ):
        with pytest.raises(InputError, match=sentence):
            fitted(experiment(tmp_path, RECORDED | changes), tmp_path / "store")
    starts = {**RECORDED, "ltrnn": {**LTRNN, "initial_state": "condition"}}
    found = fitted(experiment(tmp_path, starts), tmp_path / "store")
    with pytest.raises(InputError, match="fit with --initial-state shared"):
        observation(found)


def test_courses_that_are_none(saved: list[str], tmp_path: Path) -> None:
    rnn = start()
    start(neurons=9).save(tmp_path / "small.safetensors")
    rnn.replace(tau=0.2).save(tmp_path / "slow.safetensors")
    rnn.replace(inputs=rnn.inputs[:, :1]).save(tmp_path / "narrow.safetensors")
    rnn.replace(connectivity=LowTensorRank(*[np.ones((12, 1))] * 2, np.ones((3, 1)))).save(
        tmp_path / "trials.safetensors"
    )
    (tmp_path / "empty").mkdir()
    for teacher, sentence in (
        ({"networks": [saved[1], saved[0]]}, "1.safetensors has full rank: give a low-rank one"),
        (
            {"networks": [saved[0], "small.safetensors"]},
            "differ in neurons, 12 .* and 9 in number 2",
        ),
        ({"networks": [saved[0], "slow.safetensors"]}, "differ in tau, 0.1 in the first and 0.2"),
        ({"networks": [saved[0], "narrow.safetensors"]}, "have 2 inputs, and number 2 has 1"),
        ({"networks": [saved[0], "trials.safetensors"]}, "has a matrix for each trial"),
        ({"networks": [saved[0], "none.safetensors"]}, "does not exist"),
        ({"networks": saved[:1]}, "alone: give networks before and after learning"),
        ({"fit": "empty"}, "empty has no network.safetensors: give one of lowrnn train"),
    ):
        with pytest.raises(InputError, match=sentence):
            observation(experiment(tmp_path, teacher))
    with pytest.raises(InputError, match="networks has 1 network"):
        Course((rnn,))
    wrong = {"task": "context_decision"}
    with pytest.raises(InputError, match=r"whose inputs are 4, and those of network .* 2"):
        observation(experiment(tmp_path, {"networks": saved}, **wrong))
    for teacher, student, sentence in (
        ({"networks": []}, {}, "networks is empty"),
        ({"recording": "session.npz"}, {}, "give recording and tensor_rank"),
        ({"networks": saved, "trial": "trial"}, {}, "trial belongs to a recording"),
        ({"networks": saved, "theta": THETA}, {}, "give either theta"),
        ({"networks": saved}, {"network": saved[0]}, "leave out network"),
    ):
        with pytest.raises(InputError, match=sentence):
            experiment(tmp_path, teacher, **student)


def test_the_random_part_is_that_of_the_folder_or_refused(tmp_path: Path) -> None:
    rnn = initial_network(DECISION, NEURONS, 1, noise_std=0.0)
    parts = rnn.connectivity
    assert isinstance(parts, LowRank)
    random = rnn.replace(connectivity=RandomPlusLowRank(0.5, parts.m, parts.n, seed=4))
    found = train(random, DECISION, updates=4, evaluate_every=2, learning_rate=0.05)
    write_training(tmp_path / "run", found.rnn, DECISION, found.history)
    before = read_course([str(tmp_path / "run")]).networks[0].connectivity
    np.testing.assert_allclose(before.dense(), random.connectivity.dense(), atol=1e-5)
    ruled = simulate_learning("hebb", random, DECISION, 32)
    write_training(tmp_path / "rule", ruled.rnn, DECISION, ruled.history)
    with pytest.raises(InputError, match="does not keep the random part"):
        read_course([str(tmp_path / "rule")])


def test_a_hidden_rule_is_found_in_recorded_activity(tmp_path: Path) -> None:
    """From 160 noisy trials of a network that learns by it, by a fit over trials: its signs."""
    steps, epochs, ratio = 20, 40, 6 / 40
    u = np.zeros((4, steps, 2))
    u[0, :10, 0] = u[1, :10, 1] = 1.5
    u[2, :10, 0], u[2, 10:, 1] = -1, 1
    u[3, :10, 0], u[3, 10:, 1] = 0.5, -1.2
    J, rates = learned(start(24), u, epochs, rate=RATE * ratio, decay=1 - (1 - DECAY) ** ratio)
    rng = np.random.default_rng(0)
    trials = 4 * epochs
    Recording(
        rates.reshape(trials, steps, 24) + 0.05 * rng.standard_normal((trials, steps, 24)), 0.02,
        inputs=np.tile(u, (epochs, 1, 1)), unit="a.u.",
        conditions=pd.DataFrame({"side": np.tile(np.arange(4), epochs)}),
    ).to_npz(tmp_path / "session.npz")  # fmt: skip
    how = {
        "readout": "identity", "bias": False, "initial_state": "zero", "updates": [300, 600],
        "smoothness": 20.0, "amplitude": 0.3,
    }  # fmt: skip
    recording = {**RECORDED, "tensor_rank": 3, "ltrnn": how}
    found = fitted(experiment(tmp_path, recording, record=5), tmp_path / "store")
    first, _, last = read_course(found.teacher.paths).networks
    change = last.connectivity.dense() - first.connectivity.dense()
    seen = rates.reshape(-1, 24)
    true, fit = seen @ (J[-1] - J[0]).T, seen @ change.T
    assert 1 - ((fit - true) ** 2).sum() / (true**2).sum() > 0.6
    pre, hebb = run_experiment(found, workers=1).to_dict()["parameters"]
    # Sizes come out at about half: the fit makes less of the change, and students do not know.
    assert pre["q95"] < 0 < hebb["q05"]
    assert -1.3 < pre["mean"] / hebb["mean"] < -0.35
