"""The report of a sweep over initial matrices: what learning changed."""
