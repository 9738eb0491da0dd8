"""What a network is asked to do: one file a task, one registry."""

from lowrnn.tasks.trials import Trials

__all__ = ["Trials"]
