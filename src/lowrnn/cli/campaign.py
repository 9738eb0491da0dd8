"""The progress bar of a campaign of students."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lowrnn.cli.common import progress_bar


@contextmanager
def campaign_bar(chunk: int) -> Iterator[Callable[[int, int, int], None]]:
    """A bar that counts chunks of students, and says how many students end in a second.

    The function given takes chunks done, all of them, and failed ones, as `run_campaign` calls it.
    """
    with progress_bar("simulating", 1) as advance:
        started, before = time.perf_counter(), -1

        def progress(done: int, total: int, failed: int) -> None:
            nonlocal started, before
            if before < 0 or done < before:
                started, before = time.perf_counter(), done
            seconds = time.perf_counter() - started
            rate = (done - before) * chunk / seconds if seconds > 0 else 0.0
            remark = "learning" if done == total else f"{rate:.0f} students/s"
            advance(done, remark + (f", {failed} jobs failed" if failed else ""), total)

        yield progress
