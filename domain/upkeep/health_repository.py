"""What the queue's health is told from; each query is answered by an index."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database.conflicts import insert_into
from core.queue.leases import Lease
from domain.models import Document, Status, WorkerRow

ALIVE = timedelta(seconds=30)  # since a worker was last heard of


@dataclass(frozen=True, slots=True)
class Counts:
    queued: int
    due: int
    oldest_due: datetime | None
    processing: int
    silent: int  # in work, but their worker's lease has run out
    workers: int
    threads: int
    failed: dict[str, int]  # by code


def counts(session: Session, workspace_id: str | None) -> Counts:
    """Of one workspace, or of all."""
    now = utc_now()
    mine: ColumnElement[bool] = Document.workspace_id == workspace_id if workspace_id else true()
    queued = select(func.count()).where(Document.status == Status.QUEUED, mine)
    due = select(func.count(), func.min(Document.due_at)).where(
        Document.status == Status.QUEUED, Document.due_at <= now, mine
    )
    working = select(func.count()).where(Document.status == Status.PROCESSING, mine)
    alive = select(Lease.id).where(Lease.expires_at >= now)
    failed = select(Document.error_code, func.count()).where(Document.status == Status.FAILED, mine)
    workers = select(func.count(), func.coalesce(func.sum(WorkerRow.threads), 0))
    due_count, oldest = session.execute(due).one()
    worker_count, threads = session.execute(workers.where(WorkerRow.seen_at >= now - ALIVE)).one()
    return Counts(
        queued=session.scalar(queued) or 0,
        due=due_count,
        oldest_due=oldest,
        processing=session.scalar(working) or 0,
        silent=session.scalar(working.where(Document.lease_id.not_in(alive))) or 0,
        workers=worker_count,
        threads=int(threads),
        failed={code or "": count for code, count in session.execute(failed.group_by(Document.error_code))},
    )


def report_worker(session: Session, holder: str, threads: int) -> None:
    """Say that this process runs jobs; forget those not heard of for an hour."""
    now = utc_now()
    row = insert_into(session, WorkerRow).values(holder=holder, threads=threads, started_at=now, seen_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["holder"], set_={"seen_at": now}))
    session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - timedelta(hours=1)))


def forget_worker(session: Session, holder: str) -> None:
    session.execute(delete(WorkerRow).where(WorkerRow.holder == holder))
