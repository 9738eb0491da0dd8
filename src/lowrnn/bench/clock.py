"""Timing that is fair on a machine whose speed drifts."""

import time
from collections.abc import Callable, Mapping

import numpy as np


def interleave(
    contenders: Mapping[str, Callable[[], object]],
    *,
    seconds: float,
    turn: float = 0.02,
    rounds: int = 3,
) -> dict[str, float]:
    """The median time of a call of each contender, in seconds.

    Contenders take turns (A B C A B C ...), so that whatever else the machine does falls on all of
    them. Each is called once beforehand, to compile and to fill its memory pools. Of the calls in a
    turn the first is left out, unless it is the only one: it pays for what the contender before
    left in the caches, and for threads of that one which are still awake.

    Parameters
    ----------
    contenders : mapping from str to callable
        What is timed.
    seconds : float
        Turns go on for about this long.
    turn : float
        A contender is called until this many seconds have passed, at least once.
    rounds : int
        The least number of turns of each.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    end = time.perf_counter() + seconds
    done = 0
    while done < rounds or time.perf_counter() < end:
        for name, call in contenders.items():
            calls: list[float] = []
            while sum(calls) < turn:
                start = time.perf_counter()
                call()
                calls.append(time.perf_counter() - start)
            times[name] += calls[1:] or calls
        done += 1
    return {name: float(np.median(taken)) for name, taken in times.items()}
