"""Bodies obey mechanics, and a network that reaches adapts."""

import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.learning import initial_network
from lowrnn.learning.motor import (
    Epoch,
    PointMass,
    Reaching,
    TwoJointArm,
    adapt,
    reaching_network,
)
from lowrnn.tasks import ContextDecision


def test_a_point_mass_without_friction_accelerates_evenly():
    plant = PointMass(gain=2.0, friction=0.0)
    q, v = plant.rest(1, torch.float64)
    force = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    for _ in range(1000):
        q, v = plant.step(q, v, force, 0.001, curl=0.0)
    torch.testing.assert_close(v, 2 * force)
    torch.testing.assert_close(plant.hand(q), force, atol=2e-3, rtol=0)


def test_a_curl_field_turns_and_does_no_work():
    plant = PointMass(friction=0.0)
    q, _ = plant.rest(1, torch.float64)
    v = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    for _ in range(10_000):
        q, v = plant.step(q, v, torch.zeros_like(v), 1e-4, curl=1.5)
    # After one time unit the velocity has turned by 1.5 rad, clockwise.
    wanted = torch.tensor([[np.cos(1.5), -np.sin(1.5)]])
    torch.testing.assert_close(v, wanted, atol=1e-3, rtol=0)


@pytest.mark.parametrize("curl", [0.0, 1.5])
def test_an_arm_left_alone_keeps_its_energy(curl):
    arm = TwoJointArm(friction=0.0, masses=(1.3, 0.7), lengths=(1.0, 0.8))
    q, _ = arm.rest(3, torch.float64)
    v = torch.tensor([[1.0, -2.0], [0.5, 1.0], [-1.0, 3.0]], dtype=torch.float64)
    before = arm.energy(q, v)
    for _ in range(5000):
        q, v = arm.step(q, v, torch.zeros_like(v), 2e-4, curl=curl)
    torch.testing.assert_close(arm.energy(q, v), before, rtol=2e-3, atol=0)


def test_torque_does_work():
    arm = TwoJointArm(friction=0.0, gain=1.0)
    q, v = arm.rest(1, torch.float64)
    start = q.clone()
    torque = torch.tensor([[0.3, -0.2]], dtype=torch.float64)
    for _ in range(5000):
        q, v = arm.step(q, v, torque, 2e-4, curl=0.0)
    torch.testing.assert_close(arm.energy(q, v), (torque * (q - start)).sum(1), rtol=1e-3, atol=0)


def test_where_the_hand_is():
    arm = TwoJointArm()
    q, _ = arm.rest(1, torch.float64)
    torch.testing.assert_close(arm.hand(q), torch.zeros_like(q))
    q = torch.tensor([[0.3, 0.9]], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda a: arm.hand(a)[0], q)[:, 0]
    torch.testing.assert_close(arm.jacobian(q)[0], jacobian)


def test_reaches():
    reaching = Reaching()
    ends = np.stack([np.cos(reaching.directions), np.sin(reaching.directions)], axis=1)
    np.testing.assert_allclose(reaching.paths[:, -1], ends)
    assert reaching.inputs.shape == (8, 41, 3)
    assert not reaching.inputs[:, 20:].any()
    forces = torch.randn(5, 21, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    straight = reaching.move(forces, curl=0.0, rotation=0.0)
    turned = reaching.move(forces, curl=0.0, rotation=np.pi / 2)
    torch.testing.assert_close(turned, torch.stack([-straight[..., 1], straight[..., 0]], dim=2))


@pytest.fixture(scope="module")
def adaptation():
    reaching = Reaching(targets=4, preparation=8, movement=10)
    epochs = (
        Epoch(name="baseline", trials=6),
        Epoch(name="adaptation", trials=30, rotation=1.0),
        Epoch(name="washout", trials=6),
    )
    rnn = reaching_network(reaching, 30, seed=1)
    settings = {"pretraining": 250, "settling": 20, "seed": 2}
    return adapt(rnn, reaching, epochs, **settings), (rnn, reaching, epochs, settings)


def test_behaviour(adaptation):
    loss = adaptation[0].history.metrics["loss"]
    assert loss[6] > 3 * loss[5]
    assert loss[35] < 0.7 * loss[6]
    assert loss[36] > 2 * loss[5]
    error = adaptation[0].angular_error
    assert error[6] > 0.5
    assert error[36] < 0


def test_weights_and_activity_belong_together(adaptation):
    found, (rnn, reaching, epochs, _) = adaptation
    changes, J0 = found.history.changes, found.history.start["J"]
    assert len(changes) == len(found.recording.rates) == 42
    assert changes.norm[0] == 0
    assert (changes.norm[1:] > 0).all()
    trial = 20
    tensors = {k: torch.from_numpy(v) for k, v in (("J", J0 + changes.dense(trial)),)}
    tensors |= {name: value for name, value in rnn.tensors().items() if name != "J"}
    rates, hand, loss = reaching.run(tensors, "tanh", rotation=epochs[1].rotation)
    target = found.recording.conditions["target"][trial]
    np.testing.assert_allclose(rates[target], found.recording.rates[trial], atol=1e-8)
    np.testing.assert_allclose(hand[target], found.hand[trial], atol=1e-8)
    assert float(loss.mean()) == pytest.approx(found.history.metrics["loss"][trial], abs=1e-10)
    # One step later, by the gradient there.
    J = tensors["J"].requires_grad_()
    loss = reaching.run(tensors, "tanh", rotation=epochs[1].rotation)[2].mean()
    (gradient,) = torch.autograd.grad(loss, [J])
    np.testing.assert_allclose(
        changes.dense(trial + 1) - changes.dense(trial), -0.15 * gradient, atol=1e-8
    )


def test_the_seed_determines_it(adaptation):
    found, (rnn, reaching, epochs, settings) = adaptation
    again = adapt(rnn, reaching, epochs, **settings)
    np.testing.assert_array_equal(again.recording.rates, found.recording.rates)
    targets = found.recording.conditions["target"].to_numpy()
    assert set(targets[:4]) == set(targets[4:8]) == set(range(4))


def test_an_arm_learns_too():
    reaching = Reaching(targets=4, preparation=8, movement=10, plant=TwoJointArm())
    epochs = (Epoch(name="baseline", trials=2),)
    losses = [
        adapt(
            reaching_network(reaching, 20), reaching, epochs, pretraining=n, settling=0,
            learning_rate=1e-3,
        ).history.metrics["loss"][0]
        for n in (0, 150)
    ]  # fmt: skip
    assert losses[1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": ()}, "epochs hold no trials"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        (
            {
                "learning_rate": 1e9,
                "rnn": reaching_network(Reaching(), 5).replace(nonlinearity="identity"),
            },
            "not finite: give a smaller one",
        ),
        ({"rnn": initial_network(ContextDecision(), 5, 1)}, "give one of full rank"),
        (
            {"rnn": initial_network(ContextDecision(), 5)},
            "has 4 inputs and 1 outputs: give 3 and 2",
        ),
        ({"rnn": reaching_network(Reaching(dt=0.2), 5)}, "dt of the network is 0.2 tau"),
    ],
)
def test_wrong_input(changes, message):
    settings = {"rnn": reaching_network(Reaching(), 5), "reaching": Reaching(), "pretraining": 0}
    settings |= {"settling": 20, "epochs": (Epoch(name="rest", trials=1),)} | changes
    with pytest.raises(InputError, match=message):
        adapt(settings.pop("rnn"), settings.pop("reaching"), **settings)
