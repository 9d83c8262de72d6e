"""Watches over a claimed batch while it is worked on: keeps its lease alive, and learns what was cancelled, deleted or
replaced.

The lease is renewed only while the work makes progress: a worker that hangs loses its documents to another one, just
as one that died does, while one that is merely slow keeps them.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.database import Database
from core.errors import InsydrError
from core.queue import leases
from domain.ingestion import repository as queue
from domain.ingestion.flow import ClaimedBatch

log = structlog.get_logger()
LOOK_EVERY_S = 1.0  # a cancelled document is noticed so soon


class Watch:
    def __init__(self, database: Database, batch: ClaimedBatch, *, lease_s: float, stall_s: float) -> None:
        self._database, self._batch, self._lease_s, self._stall_s = database, batch, lease_s, stall_s
        self._held = frozenset(one.document_id for one in batch.documents)
        self._marked = self._renewed = time.monotonic()
        self._stop = threading.Event()

    def holds(self, document_id: str) -> bool:
        """Whether the document is still ours, as of a second ago."""
        return document_id in self._held

    def mark(self) -> None:
        """Something was achieved."""
        self._marked = time.monotonic()

    @contextmanager
    def running(self) -> Iterator["Watch"]:
        """Watch while the block runs."""
        thread = threading.Thread(target=self._run, name="batch-watch", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(min(LOOK_EVERY_S, self._lease_s / 4)):
            try:
                self._look()
            except InsydrError as error:
                log.warning("heartbeat_missed", reason=error.message)

    def _look(self) -> None:
        with self._database.read() as session:
            self._held = frozenset(queue.still_held(session, self._batch.lease_id))
        now = time.monotonic()
        if now - self._renewed < self._lease_s / 4:
            return
        if now - self._marked > self._stall_s:
            log.error(
                "claimed_batch_stalled", lease=self._batch.lease_id, documents=len(self._held), stall_s=self._stall_s
            )
            return
        with self._database.write() as session:
            if leases.renew(session, self._batch.lease_id, self._lease_s):
                self._renewed = now
            else:
                self._held = frozenset()
