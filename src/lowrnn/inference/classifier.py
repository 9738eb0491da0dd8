"""A small network that says how probable each of several classes is, with calibrated odds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from lowrnn.errors import InputError, check_array
from lowrnn.networks.threads import one_torch_thread

Array = NDArray[np.float64]

_VALIDATION = 0.15


@dataclass(frozen=True, eq=False)
class Classifier:
    """Class probabilities from features: two hidden layers, and a temperature.

    Attributes
    ----------
    classes : tuple of str
        Names, in the order of the probabilities.
    arrays : mapping from str to array
        `mean` and `scale` of the features, `W0`, `b0` to `W2`, `b2` of the layers, and
        `temperature`, by which the logits are divided.
    """

    classes: tuple[str, ...]
    arrays: Mapping[str, Array]

    def log_probabilities(self, features: ArrayLike) -> Array:
        """`log p(class | features)`, (sample, class), of features (sample, feature)."""
        given = check_array(
            "features", features, ("sample", len(self.arrays["mean"])), dtype=np.float64
        )
        hidden = (given - self.arrays["mean"]) / self.arrays["scale"]
        for layer in range(3):
            hidden = hidden @ self.arrays[f"W{layer}"] + self.arrays[f"b{layer}"]
            if layer < 2:
                hidden = np.maximum(hidden, 0)
        return np.asarray(log_softmax(hidden / self.arrays["temperature"], axis=1))

    def probabilities(self, features: ArrayLike) -> Array:
        """`p(class | features)`, (sample, class)."""
        return np.exp(self.log_probabilities(features))


def fit_classifier(
    features: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    seed: int = 0,
    hidden: int = 48,
    epochs: int = 200,
    patience: int = 15,
) -> Classifier:
    """Train a classifier; some of the samples decide when to stop and set the temperature.

    Parameters
    ----------
    features : array (sample, feature)
        Standardised within.
    labels : integer array (sample,)
        Index of the class of each sample. The frequencies of classes are taken as their prior.
    classes : sequence of str
        Names of the classes.
    seed : int
        Determines weights, batches and the split.
    hidden, epochs, patience : int
        Units in each hidden layer, passes through the samples at most, and without improvement.

    Raises
    ------
    InputError
        If shapes disagree, or there are fewer than 20 samples.

    References
    ----------
    The temperature: Guo, Pleiss, Sun & Weinberger 2017.
    """
    given = check_array("features", features, ("sample", "feature"), dtype=np.float64)
    target = np.asarray(labels, np.int64)
    if target.shape != (len(given),) or len(given) < 20:
        raise InputError(
            f"labels has shape {target.shape}: give one for each of 20 or more samples"
        )
    if target.min() < 0 or target.max() >= len(classes):
        raise InputError(f"labels goes to {target.max()}: give 0 to {len(classes) - 1}")
    mean, sd = given.mean(axis=0), given.std(axis=0)
    scale = np.where(sd > 0, sd, 1.0)
    order = np.random.default_rng([seed, 1]).permutation(len(given))
    held = max(10, int(_VALIDATION * len(given)))
    X = torch.tensor((given - mean) / scale, dtype=torch.float32)
    y = torch.tensor(target)
    with one_torch_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state, logits = _train(
            X, y, order[held:], order[:held], len(classes), hidden, epochs, patience
        )
        temperature = _temperature(logits, y[order[:held]])
    layers = {
        f"{kind}{layer}": state[f"{2 * layer}.{name}"].double().numpy().T.copy()
        for layer in range(3)
        for kind, name in (("W", "weight"), ("b", "bias"))
    }
    return Classifier(
        tuple(classes),
        {"mean": mean, "scale": scale, **layers, "temperature": np.array([temperature])},
    )


def calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy, weighted by samples.

    Parameters
    ----------
    probabilities : array (sample, class)
        Of samples that did not train the classifier.
    labels : integer array (sample,)
        True classes.
    bins : int
        Of equal width in the confidence, which is the largest probability of a sample.
    """
    p, truth = np.asarray(probabilities, float), np.asarray(labels, int)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(right[place == b].mean() - confidence[place == b].mean())) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def _train(
    X: torch.Tensor,
    y: torch.Tensor,
    training: NDArray[np.intp],
    validation: NDArray[np.intp],
    classes: int,
    hidden: int,
    epochs: int,
    patience: int,
) -> tuple[dict[str, Any], torch.Tensor]:
    """The weights with the best validation loss, and the logits there."""
    nn = torch.nn
    net = nn.Sequential(
        nn.Linear(X.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
        nn.Linear(hidden, classes),
    )  # fmt: skip
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    loss = nn.CrossEntropyLoss()
    rows = torch.from_numpy(training)
    best, waited = float("inf"), 0
    state: dict[str, Any] = {}
    logits = torch.empty(0)
    for _ in range(epochs):
        for batch in rows[torch.randperm(len(rows))].split(128):
            optimiser.zero_grad()
            loss(net(X[batch]), y[batch]).backward()
            optimiser.step()
        with torch.no_grad():
            found = net(X[validation])
            value = float(loss(found, y[validation]))
        if value < best:
            best, waited, logits = value, 0, found
            state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        elif (waited := waited + 1) >= patience:
            break
    return state, logits


def _temperature(logits: torch.Tensor, y: torch.Tensor) -> float:
    """The divisor of the logits with the smallest loss, from a grid."""
    grid = np.geomspace(0.3, 5, 60)
    losses = [float(torch.nn.functional.cross_entropy(logits / t, y)) for t in grid]
    return float(grid[int(np.argmin(losses))])
