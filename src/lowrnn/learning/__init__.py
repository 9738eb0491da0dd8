"""Learning: gradient training on a task, and the history that it leaves."""

from lowrnn.learning.history import History
from lowrnn.learning.initial import initial_network, low_rank_start
from lowrnn.learning.score import Score, evaluate
from lowrnn.learning.train import Trained, train
from lowrnn.networks.threads import one_torch_thread

__all__ = [
    "History",
    "Score",
    "Trained",
    "evaluate",
    "initial_network",
    "low_rank_start",
    "one_torch_thread",
    "train",
]
