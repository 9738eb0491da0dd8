import copy

import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.analysis import weight_changes

GATES = {torch.nn.LSTM: "ifgo", torch.nn.GRU: "rzn"}


def model(module: torch.nn.Module) -> torch.nn.ModuleDict:
    return torch.nn.ModuleDict({"core": module, "readout": torch.nn.Linear(6, 2)})


@pytest.mark.parametrize("kind", GATES)
def test_every_gate_of_every_layer_is_told_apart(kind) -> None:
    net = model(kind(4, 6, num_layers=2, bidirectional=True))
    before = copy.deepcopy(net.state_dict())
    stacked = net.core.weight_hh_l1_reverse
    rows = torch.arange(len(GATES[kind])).repeat_interleave(6)
    with torch.no_grad():
        # Rank one in each gate, of norm 1, 2, ...
        stacked += ((rows + 1)[:, None] * torch.ones(1, 6)) / 6
    found = weight_changes(net.state_dict(), before)
    layers = [
        f"core.weight_{side}_l{layer}{way}"
        for layer in (0, 1)
        for way in ("", "_reverse")
        for side in ("ih", "hh")
    ]
    expected = [f"{layer}.{gate}" for layer in layers for gate in GATES[kind]]
    assert list(found) == [*expected, "readout.weight"]
    for index, gate in enumerate(GATES[kind]):
        change = found[f"core.weight_hh_l1_reverse.{gate}"]
        assert change.norm == pytest.approx(index + 1, rel=1e-5)
        assert change.rank(1e-5) == 1
    assert found["core.weight_ih_l1.n" if kind is torch.nn.GRU else "core.weight_ih_l1.f"].norm == 0
    assert found[f"core.weight_ih_l0.{GATES[kind][0]}"].right.shape == (4, 4)


@pytest.mark.parametrize(
    ("kind", "gate", "silenced"), [(torch.nn.LSTMCell, "o", 0), (torch.nn.GRUCell, "z", 1)]
)
def test_gates_are_those_that_the_cell_computes_with(kind, gate: str, silenced: int) -> None:
    cell = kind(2, 3, bias=False)
    before = copy.deepcopy(cell.state_dict())
    order = GATES[torch.nn.LSTM if silenced == 0 else torch.nn.GRU]
    start = 3 * order.index(gate)
    with torch.no_grad():
        # The output gate of an LSTM shut, or the update gate of a GRU holding its state.
        cell.weight_ih[start : start + 3] = -1e4 if gate == "o" else 1e4
        h = torch.full((1, 3), 0.3)
        u = torch.ones(1, 2)
        out = cell(u, (h, h))[0] if gate == "o" else cell(u, h)
    assert torch.allclose(out, torch.zeros(1, 3) if gate == "o" else h, atol=1e-4)
    found = weight_changes(cell.state_dict(), before)
    assert [name for name, change in found.items() if change.norm > 0] == [f"weight_ih.{gate}"]


def test_plain_networks_and_projected_ones() -> None:
    plain = torch.nn.RNN(4, 6).state_dict()
    assert list(weight_changes(plain, plain)) == ["weight_ih_l0", "weight_hh_l0"]
    projected = torch.nn.LSTM(4, 6, proj_size=2).state_dict()
    found = weight_changes(projected, projected)
    assert found["weight_hh_l0.g"].left.shape == (6, 2)
    assert found["weight_ih_l0.o"].left.shape == (6, 4)
    assert found["weight_hr_l0"].left.shape == (2, 2)


def test_arrays_and_tensors_that_learn_are_taken_alike() -> None:
    W = np.random.default_rng(0).standard_normal((3, 5))
    tensor = torch.tensor(W, requires_grad=True)
    one = weight_changes({"W": tensor, "steps": torch.tensor(3)}, {"W": 0 * W, "steps": 0})
    assert list(one) == ["W"]
    np.testing.assert_allclose(one["W"].singular_values, np.linalg.svd(W)[1])
    half = weight_changes({"W": tensor.bfloat16()}, {"W": 0 * tensor.bfloat16()})
    np.testing.assert_allclose(half["W"].norm, np.linalg.norm(W), rtol=0.01)


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(InputError, match="before lacks 'b': give two states of the same model"):
        weight_changes({"a": np.eye(2), "b": np.eye(2)}, {"a": np.eye(2)})
    with pytest.raises(InputError, match=r"'a' has shape \(2, 2\) after and \(3, 3\) before"):
        weight_changes({"a": np.eye(2)}, {"a": np.eye(3)})
    with pytest.raises(InputError, match="a holds 4 values that are not finite"):
        weight_changes({"a": np.full((2, 2), np.nan)}, {"a": np.eye(2)})
