"""The outbox: a job is a row in the transaction of what it is about, and leaves for the broker after the commit.

A message may leave twice (a crash between sending and deleting its row), never not at all; jobs only wake work that
SQL describes, so a second one finds nothing to do (microservices.io, "Transactional outbox").
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Database, Id, wake_after_commit
from core.errors import InsydrError
from core.ids import Prefix, new_id

log = structlog.get_logger()
Send = Callable[[str, dict[str, Any]], None]
BATCH = 200


class OutboxRow(Created, Base):
    """A job that has not left yet: the name of its actor and ids, never content."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    due_at: Mapped[datetime] = mapped_column(index=True)


def enqueue(session: Session, job: str, *, delay_s: float = 0, **arguments: str) -> None:
    """Queue `job` with the session's transaction."""
    due = utc_now() + timedelta(seconds=delay_s)
    row = {"id": new_id(Prefix.OUTBOX), "job": job, "arguments": arguments, "due_at": due, "created_at": utc_now()}
    session.execute(insert(OutboxRow), [row])
    wake_after_commit(session)


class Relay:
    """Moves due rows to the broker, in one thread; woken by commits and by the clock."""

    def __init__(self, database: Database, send: Send, *, every_s: float = 1.0) -> None:
        self._database, self._send, self._every_s = database, send, every_s
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)
        database.on_commit(self._wake.set)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def drain(self) -> int:
        """Send what is due; how many left."""
        with self._database.write() as session:
            due = select(OutboxRow).where(OutboxRow.due_at <= utc_now()).order_by(OutboxRow.id).limit(BATCH)
            rows = session.scalars(due.with_for_update(skip_locked=True)).all()
            for row in rows:
                self._send(row.job, row.arguments)
            if rows:
                session.execute(delete(OutboxRow).where(OutboxRow.id.in_([row.id for row in rows])))
        return len(rows)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._every_s)
            self._wake.clear()
            try:
                while self.drain() == BATCH:
                    pass
            except InsydrError as error:
                log.warning("outbox_waits", reason=error.message)
            except Exception as error:  # the broker's own errors differ by broker; rows stay and are tried again
                log.warning("outbox_waits", reason=type(error).__name__)
