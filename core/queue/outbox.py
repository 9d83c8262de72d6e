"""The outbox: a job is a row in the transaction of what it is about, and leaves for the broker after the commit.

The row stays until the job has ended, so brokers may lose, double or delay messages: what did not end in time is
sent again, what fails is tried again later, and what fails every time stays as a dead letter with its reason.
Jobs are safe to run twice. A wake-up is different: it says only that there is work, which SQL describes, so it is
forgotten once sent (microservices.io, "Transactional outbox"; Dramatiq's own retries are off, SQL holds them).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Database, Id, Tenancy, wake_after_commit
from core.database.bulk import insert_rows
from core.errors import InsydrError, Unavailable
from core.ids import Prefix, new_id
from core.queue.jobs import JobType

log = structlog.get_logger()
Send = Callable[[str, str, dict[str, Any]], None]  # job, id of its row, arguments
BATCH = 200
RESEND_S = 120.0  # a sent job whose end nobody recorded for so long is sent again
OUTAGE_S = 10.0  # until the next try while a part is down, which uses up no try
AGAIN_S = 2.0  # until the next look of a job that waits for others
MAX_TRIES = 8


class OutboxRow(Created, Base):
    """A job that has not ended: the name of its actor and ids, never content."""

    __tablename__ = "outbox"
    tenancy = Tenancy.NONE  # a job outlives what it removes

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    due_at: Mapped[datetime] = mapped_column(index=True)
    wake: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    dead_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Sent:
    id: str
    job: str
    arguments: dict[str, Any]
    wake: bool


@dataclass(frozen=True, slots=True)
class Again:
    """What a job returns that is not over: it is run again after `delay_s`, and used up no try."""

    delay_s: float = AGAIN_S


def enqueue(session: Session, job: JobType, *, delay_s: float = 0, **arguments: str) -> str:
    """Queue `job` with the session's transaction; the id of its row."""
    return enqueue_all(session, job, [arguments], delay_s=delay_s)[0]


def withdraw(session: Session, row_id: str) -> None:
    """There is nothing left to do for this job; one that was sent already finds that itself."""
    session.execute(delete(OutboxRow).where(OutboxRow.id == row_id))


def enqueue_all(
    session: Session, job: JobType, arguments: Sequence[dict[str, str]], *, delay_s: float = 0
) -> list[str]:
    """As `enqueue`, once for each of `arguments`, in one statement."""
    now = utc_now()
    due = now + timedelta(seconds=delay_s)
    shared = {"job": job.name, "wake": job.wake, "tries": 0, "due_at": due, "created_at": now}
    rows: list[dict[str, Any]] = [{"id": new_id(Prefix.OUTBOX), "arguments": one} for one in arguments]
    if rows:
        insert_rows(session, OutboxRow, rows, shared)
        wake_after_commit(session)
    return [row["id"] for row in rows]


def perform(job: JobType, database: Database, context: Any, row_id: str, arguments: dict[str, str]) -> None:
    """Run a job that was sent, as its worker does."""
    if job.wake:
        job.run(context, **arguments)
    else:
        run_recorded(database, row_id, lambda: job.run(context, **arguments))


def run_recorded(database: Database, row_id: str, work: Callable[[], object]) -> None:
    """Run a job that was sent and record its end. A job that returns False waits for others: it is run again soon; one
    that returns `Again` says when."""
    try:
        outcome = work()
    except Unavailable as error:
        log.warning("job_waits", row=row_id, reason=error.message)
        _postpone(database, row_id, OUTAGE_S, error.message, counts=False)
        return
    except Exception as error:  # whatever it was must not end the worker: it is kept with the row
        reason = error.message if isinstance(error, InsydrError) else type(error).__name__
        log.exception("job_failed", row=row_id)
        _postpone(database, row_id, None, reason, counts=True)
        return
    outcome = Again() if outcome is False else outcome
    if isinstance(outcome, Again):
        _postpone(database, row_id, outcome.delay_s, None, counts=False)
        return
    with database.write() as session:
        session.execute(delete(OutboxRow).where(OutboxRow.id == row_id))


def dead_jobs(session: Session, limit: int, offset: int) -> tuple[list[OutboxRow], int]:
    """Jobs that failed every time, newest first, and how many there are."""
    dead = select(OutboxRow).where(OutboxRow.dead_at.is_not(None))
    total = session.scalar(dead.with_only_columns(func.count())) or 0
    return list(session.scalars(dead.order_by(OutboxRow.id.desc()).limit(limit).offset(offset))), total


def replay_jobs(session: Session, ids: Sequence[str] | None) -> int:
    """Queue dead jobs again, those named or all; how many."""
    dead = update(OutboxRow).where(OutboxRow.dead_at.is_not(None))
    dead = dead if ids is None else dead.where(OutboxRow.id.in_(ids))
    changed = session.execute(dead.values(dead_at=None, tries=0, due_at=utc_now()).returning(OutboxRow.id)).all()
    wake_after_commit(session)
    return len(changed)


def resend_all(session: Session) -> None:
    """Whoever was sent jobs is known to be dead: those that have not ended are due. One never sent keeps its time."""
    sent = update(OutboxRow).where(OutboxRow.dead_at.is_(None), OutboxRow.tries > 0, OutboxRow.due_at > utc_now())
    session.execute(sent.values(due_at=utc_now()))


def backlog(session: Session) -> tuple[int, datetime | None, int]:
    """Jobs that have not ended, since when the oldest of them waits, and how many are dead."""
    alive = select(func.count(), func.min(OutboxRow.created_at)).where(OutboxRow.dead_at.is_(None))
    count, oldest = session.execute(alive).one()
    dead = session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.dead_at.is_not(None)))
    return count, oldest, dead or 0


class Relay:
    """Moves due rows to the broker, in one thread; woken by commits and by the clock."""

    def __init__(self, database: Database, send: Send, *, every_s: float = 1.0, resend_s: float = RESEND_S) -> None:
        self._database, self._send, self._every_s, self._resend_s = database, send, every_s, resend_s
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
        """Send what is due; how many rows were taken up. Raises what the broker raises; its row stays due."""
        taken = self._take()
        for number, row in enumerate(taken):
            try:
                self._send(row.job, row.id, row.arguments)
            except Exception as error:  # the broker's own errors differ by broker
                self._return(taken[number:], type(error).__name__)
                raise
        return len(taken)

    def _take(self) -> list[Sent]:
        """Due rows, marked as sent: wake-ups go, jobs come back when nobody records their end."""
        with self._database.write() as session:
            due = select(OutboxRow).where(OutboxRow.due_at <= utc_now(), OutboxRow.dead_at.is_(None))
            rows = session.scalars(
                due.order_by(OutboxRow.due_at, OutboxRow.id).limit(BATCH).with_for_update(skip_locked=True)
            ).all()
            taken = [Sent(row.id, row.job, row.arguments, row.wake) for row in rows if not _is_spent(row)]
            gone = [row.id for row in taken if row.wake]
            kept = [row.id for row in taken if not row.wake]
            session.execute(delete(OutboxRow).where(OutboxRow.id.in_(gone)))
            again = {"due_at": utc_now() + timedelta(seconds=self._resend_s), "tries": OutboxRow.tries + 1}
            session.execute(update(OutboxRow).where(OutboxRow.id.in_(kept)).values(**again))
        return taken

    def _return(self, rows: list[Sent], reason: str) -> None:
        """The broker is down: these were not sent. The first waits a little, in case it is the fault itself."""
        for number, row in enumerate(rows):
            if not row.wake:  # a lost wake-up is replaced by the sweeper
                delay = OUTAGE_S if number == 0 else 1.0
                _postpone(self._database, row.id, delay, f"not sent: {reason}", counts=False)

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
                self._stop.wait(self._every_s)


def _is_spent(row: OutboxRow) -> bool:
    """Whether the row was sent so often that it is dead now (marked so in its own transaction)."""
    if row.tries < MAX_TRIES:
        return False
    row.dead_at = utc_now()
    row.reason = row.reason or "Every worker that took this job died before it ended."
    return True


def _postpone(database: Database, row_id: str, delay_s: float | None, reason: str | None, *, counts: bool) -> None:
    with database.write() as session:
        row = session.get(OutboxRow, row_id, with_for_update=True)
        if row is None:
            return
        row.tries = row.tries if counts else max(0, row.tries - 1)
        row.reason = reason
        if row.tries >= MAX_TRIES:
            row.dead_at = utc_now()
        delay = min(5.0 * 4.0 ** max(0, row.tries - 1), 600.0) if delay_s is None else delay_s
        row.due_at = utc_now() + timedelta(seconds=delay)
        if delay <= 0:
            wake_after_commit(session)
