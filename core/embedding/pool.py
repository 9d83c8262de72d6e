"""The bounded pool that runs inference: a few threads, queries before passages, a limit on what may wait."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.errors import Unavailable

Floats = npt.NDArray[np.float32]
Tokens = Sequence[int]
_WAITING = 64  # batches of passages; a caller with more waits, which holds ingestion back


@dataclass(slots=True)
class _Job:
    rows: Sequence[Tokens]
    result: Future[Floats] = field(default_factory=Future)

    def cost(self) -> int:
        return len(self.rows) * max(map(len, self.rows))


class InferencePool:
    """`infer` takes rows of token ids and returns as many vectors; it is called by `streams` threads."""

    def __init__(self, infer: Callable[[Sequence[Tokens]], Floats], *, streams: int, batch_tokens: int) -> None:
        self._infer = infer
        self._batch_tokens = batch_tokens
        self._queries: deque[_Job] = deque()
        self._passages: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"embed-{i}", daemon=True) for i in range(streams)]
        for thread in self._threads:
            thread.start()

    def query(self, row: Tokens) -> Future[Floats]:
        """Queue one row before all passages; shares a batch with the queries that wait beside it."""
        return self._add(self._queries, _Job([row]))

    def passages(self, rows: Sequence[Tokens]) -> Future[Floats]:
        """Queue one batch; blocks while `_WAITING` others wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._passages) < _WAITING)
        return self._add(self._passages, _Job(rows))

    def close(self) -> None:
        """Let running batches finish; what still waits fails with `Unavailable`."""
        with self._changed:
            self._closed = True
            waiting = [*self._queries, *self._passages]
            self._queries.clear()
            self._passages.clear()
            self._changed.notify_all()
        for job in waiting:
            if job.result.set_running_or_notify_cancel():
                job.result.set_exception(_closed())
        for thread in self._threads:
            thread.join()

    def _add(self, queue: deque[_Job], job: _Job) -> Future[Floats]:
        with self._changed:
            if self._closed:
                raise _closed()
            queue.append(job)
            self._changed.notify_all()
        return job.result

    def _work(self) -> None:
        while jobs := self._take():
            jobs = [job for job in jobs if job.result.set_running_or_notify_cancel()]
            if jobs:
                self._run(jobs)

    def _take(self) -> list[_Job]:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queries or self._passages)
            if self._closed:
                return []
            jobs = [self._queries.popleft()] if self._queries else [self._passages.popleft()]
            budget = self._batch_tokens - jobs[0].cost()
            while self._queries and self._queries[0].cost() <= budget:
                budget -= self._queries[0].cost()
                jobs.append(self._queries.popleft())
            self._changed.notify_all()
            return jobs

    def _run(self, jobs: list[_Job]) -> None:
        rows = [row for job in jobs for row in job.rows]
        try:
            vectors = self._infer(rows)
        except Exception as error:  # whatever it is, it belongs to the caller who waits, not to this thread
            for job in jobs:
                job.result.set_exception(error)
            return
        start = 0
        for job in jobs:
            job.result.set_result(vectors[start : start + len(job.rows)])
            start += len(job.rows)


def _closed() -> Unavailable:
    return Unavailable("The embedding model has been shut down.", code="MODEL_CLOSED")
