"""The report of an inference: which rules made a network, and how far to believe it."""
