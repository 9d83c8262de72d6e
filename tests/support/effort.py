"""What hostile input costs, in CPU time as of a machine on which the limits were set.

A limit in plain seconds fails on a busy or slow machine. So a fixed loop is timed right before and after the work,
and the work's time is told in proportion: only work that grew, not a machine that is slow, passes a limit.
"""

import time

LOOP = 200_000
LOOP_S = 0.012  # what the loop takes where the limits were set


class Effort:
    """Counts from its creation on."""

    def __init__(self) -> None:
        self._loop_s = _loop_s()
        self._start = time.process_time()

    def spent_s(self) -> float:
        """CPU seconds of this process since then, in proportion."""
        spent = time.process_time() - self._start
        return spent * LOOP_S / max(self._loop_s, _loop_s())


def _loop_s() -> float:
    start = time.process_time()
    total = 0
    for number in range(LOOP):
        total += number & 3
    return time.process_time() - start
