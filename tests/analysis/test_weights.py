import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.analysis import from_torch, from_weights

rng = np.random.default_rng(0)
u = rng.standard_normal((5, 30, 3))


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_torch_network_is_reproduced_step_by_step(nonlinearity: str, bias: bool) -> None:
    torch.manual_seed(0)
    module = torch.nn.RNN(3, 20, nonlinearity=nonlinearity, bias=bias, batch_first=True).double()
    readout = torch.nn.Linear(20, 2, bias=bias).double()
    with torch.no_grad():
        hidden = module(torch.tensor(u))[0]
        output = readout(hidden).numpy()
    net = from_torch(module, readout, dt=0.02)
    run = net.simulate(u)
    assert net.alpha == 1
    assert net.neurons == 20 + bias
    np.testing.assert_allclose(run.rates[:, :, :20], hidden.numpy(), atol=1e-12)
    np.testing.assert_allclose(run.z, output, atol=1e-12)


def test_a_cell_in_single_precision() -> None:
    torch.manual_seed(1)
    cell = torch.nn.RNNCell(3, 20)
    h, hidden = torch.zeros(5, 20), []
    with torch.no_grad():
        for t in range(30):
            h = cell(torch.tensor(u[:, t], dtype=torch.float32), h)
            hidden.append(h.numpy())
    net = from_torch(cell)
    assert net.dtype == np.float32
    np.testing.assert_allclose(net.simulate(u).rates, np.stack(hidden, axis=1), atol=1e-5)


@pytest.mark.parametrize("nonlinearity", ["tanh", "softplus", "erf", "identity"])
def test_leaky_networks_from_arrays(nonlinearity: str) -> None:
    W, U, V = rng.standard_normal((8, 8)) / 4, rng.standard_normal((8, 3)), np.ones((8, 1))
    b, c, x0 = rng.standard_normal(8), [0.7], rng.standard_normal(8)
    net = from_weights(
        W, U, V, bias=b, readout_bias=c, alpha=0.3, nonlinearity=nonlinearity, initial_state=x0
    )
    phi = from_weights(np.eye(8), U, nonlinearity=nonlinearity).rates
    run, x = net.simulate(u), np.tile(x0, (5, 1))
    for t in range(30):
        x = 0.7 * x + 0.3 * (phi(x) @ W.T + u[:, t] @ U.T + b)
        np.testing.assert_allclose(run.rates[:, t, :8], phi(x), atol=1e-12)
        np.testing.assert_allclose(run.z[:, t], phi(x) @ V + c, atol=1e-12)


def test_what_no_rnn_equals_is_refused() -> None:
    with pytest.raises(InputError, match="module is a GRU"):
        from_torch(torch.nn.GRU(3, 4))
    with pytest.raises(InputError, match="module has 2 layers"):
        from_torch(torch.nn.RNN(3, 4, num_layers=2))
    with pytest.raises(InputError, match="readout takes 5 features"):
        from_torch(torch.nn.RNN(3, 4), torch.nn.Linear(5, 1))
    with pytest.raises(InputError, match="recurrent has shape"):
        from_weights(np.ones((2, 3)), np.ones((2, 1)))
    with pytest.raises(InputError, match="readout has 1 entries along axis 0"):
        from_weights(np.eye(2), np.ones((2, 1)), np.ones((1, 2)))
    with pytest.raises(InputError, match="alpha is 2"):
        from_weights(np.eye(2), np.ones((2, 1)), alpha=2)
