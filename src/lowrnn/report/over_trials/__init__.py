"""The report of a fit over trials: whether connectivity changed, and what that did."""
