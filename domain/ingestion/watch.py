"""Watches over a claimed batch while it is worked on: what was cancelled, deleted or replaced is not ours any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from core.database import Database
from core.queue.heartbeat import Heartbeat
from domain.ingestion import repository as queue
from domain.ingestion.flow import ClaimedBatch


class Stopping(Exception):
    """The process ends: what it has in hand goes back into the queue."""


class Watch:
    """`is_stopping` says whether the process ends: then nothing is ours any more."""

    def __init__(
        self,
        database: Database,
        batch: ClaimedBatch,
        *,
        lease_s: float,
        stall_s: float,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._batch, self._is_stopping = batch, is_stopping
        self._held = frozenset(one.document_id for one in batch.documents)
        self._heartbeat = Heartbeat(database, batch.lease_id, lease_s, self._look, stall_s=stall_s)
        self.mark = self._heartbeat.mark

    def holds(self, document_id: str) -> bool:
        """Whether the document is still ours, as of a second ago."""
        return not self._heartbeat.is_lost and not self._is_stopping() and document_id in self._held

    def go_on(self) -> None:
        """After each step that leaves out what is not held: raises `Stopping`, lest a part passes for the whole."""
        if self._is_stopping():
            raise Stopping

    @contextmanager
    def running(self) -> Iterator["Watch"]:
        """Watch while the block runs."""
        with self._heartbeat.beating():
            yield self

    def _look(self, session: Session) -> None:
        self._held = frozenset(queue.still_held(session, self._batch.lease_id))
