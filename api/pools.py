"""Threads for work that may take long, apart from those that all other requests share.

Endpoints that are plain functions share forty threads. One whose work waits for outside hosts, or takes minutes, says
`@in_pool(...)` and takes none of them: its pool has some places and a queue, and who finds both full is told to come
back.
"""

import functools
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from core.errors import TooManyRequests

P = ParamSpec("P")
T = TypeVar("T")
RETRY_S = 5


class Pool:
    """`places` run at once, `queue` wait. Belongs to one event loop."""

    def __init__(self, code: str, message: str, *, places: int, queue: int = 0) -> None:
        self._code, self._message = code, message
        self._places, self._queue = places, queue
        self._limiter: CapacityLimiter | None = None  # made in the loop
        self._taken = 0

    def check(self) -> None:
        """Raise `TooManyRequests` when too many wait already."""
        if self._taken >= self._places + self._queue:
            raise TooManyRequests(self._message, retry_after_s=RETRY_S, code=self._code)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work` in a thread; raises `TooManyRequests` when too many wait already."""
        self.check()
        self._limiter = self._limiter or CapacityLimiter(self._places)
        self._taken += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._taken -= 1


class Pools:
    """Those of one application."""

    def __init__(self) -> None:
        self.previews = Pool(
            "PREVIEWS_BUSY", "Other previews are under way, and each waits for its site. Try again in some seconds.",
            places=6,
        )  # fmt: skip
        self.pings = Pool(
            "PINGS_BUSY", "Other webhooks are being tested, and each waits for its receiver. Try again soon.",
            places=6,
        )  # fmt: skip
        self.accounts = Pool(
            "LOGIN_BUSY", "Too many people log in or sign up at this moment. Try again in a few seconds.",
            places=20, queue=100,  # hashing has places of its own; others wait for the mail server
        )  # fmt: skip
        self.answers = Pool(
            "ANSWERS_BUSY", "Too many questions wait for an answer already. Try again in some seconds.",
            places=16, queue=200,
        )  # fmt: skip
        self.searches = Pool(
            "SEARCHES_BUSY", "Too many searches wait already. Try again in some seconds.",
            places=max(2, os.cpu_count() or 1), queue=400,  # they compute: more at once would be slower for everybody
        )  # fmt: skip
        self.trials = Pool(
            "TRIALS_BUSY", "Other drafts and removals are being tried out. Try again in some seconds.",
            places=2, queue=8,
        )  # fmt: skip
        self.batches = Pool(
            "BATCHES_BUSY", "Too many batches are being received already. Try again when one of them is in.",
            places=4, queue=12,
        )  # fmt: skip
        self.citations = Pool(
            "CITATIONS_BUSY", "Too many citations are looked up already. Try again in some seconds.",
            places=4, queue=100,
        )  # fmt: skip
        self.health = Pool("HEALTH_BUSY", "Too many ask for readiness at once.", places=2, queue=50)


def in_pool(choose: Callable[[Pools], Pool]) -> Callable[[Callable[P, T]], Callable[P, Awaitable[T]]]:
    """Run a plain endpoint, one that takes `state`, in a pool. To stand below the route's decorator."""

    def decorate(endpoint: Callable[P, T]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(endpoint)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            state: Any = kwargs["state"]
            return await choose(state.pools).run(partial(endpoint, *args, **kwargs))

        return run

    return decorate
