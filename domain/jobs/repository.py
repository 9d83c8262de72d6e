"""Queries of jobs."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.documents.repository import for_change
from domain.models import Document, Job, JobStatus, Status
from domain.scope import TenantRepository

MAX_ERRORS = 1_000


class JobRepository(TenantRepository):
    def get(self, job_id: str) -> Job | None:
        return self.session.scalar(self.select(Job).where(Job.id == job_id))

    def by_ids(self, job_ids: Sequence[str]) -> dict[str, Job]:
        return {row.id: row for row in self.session.scalars(self.select(Job).where(Job.id.in_(job_ids)))}

    def page(self, limit: int, offset: int) -> tuple[list[Job], int]:
        mine = self.select(Job)
        total = self.session.scalar(mine.with_only_columns(func.count())) or 0
        return list(self.session.scalars(mine.order_by(Job.id.desc()).limit(limit).offset(offset))), total


def waiting(session: Session, job_id: str, limit: int) -> list[Document]:
    """Some documents of the job that are on their way, locked, those in work first: nothing more is made of them."""
    found: list[Document] = []
    for status in (Status.PROCESSING, Status.QUEUED):
        query = select(Document).where(Document.job_id == job_id, Document.status == status)
        found += session.scalars(for_change(query).limit(limit - len(found)))
    return found


def cancelled(session: Session, job_ids: Iterable[str]) -> set[str]:
    """Those of `job_ids` that were cancelled."""
    query = select(Job.id).where(Job.id.in_(sorted(job_ids)), Job.status == JobStatus.CANCELLED)
    return set(session.scalars(query))


def credit(
    session: Session,
    job_id: str,
    *,
    expected: int = 0,
    completed: int = 0,
    failed: int = 0,
    cancelled: int = 0,
    errors: Sequence[dict[str, Any]] = (),
) -> Job | None:
    """Count ended documents, in the transaction that ended them, and those that are new; the last one ends the job."""
    counts = {
        "total": Job.total + expected,
        "completed": Job.completed + completed,
        "failed": Job.failed + failed,
        "cancelled": Job.cancelled + cancelled,
    }
    counted = update(Job).where(Job.id == job_id).values(**counts).returning(Job)
    job = session.scalar(counted.execution_options(populate_existing=True))
    if job is None:
        return None
    if errors and len(job.errors) < MAX_ERRORS:
        job.errors = [*job.errors, *errors][:MAX_ERRORS]
    _end(job)
    session.flush()
    return job


def expect(session: Session, job_id: str, documents: int) -> None:
    """More documents of an open job."""
    if documents:
        session.execute(update(Job).where(Job.id == job_id).values(total=Job.total + documents))


def close(
    session: Session,
    job_id: str,
    status: JobStatus,
    report: dict[str, Any] | None,
    error: dict[str, Any] | None = None,
) -> None:
    """Nothing more comes to an open job: it ends as soon as its documents have."""
    job = session.scalar(select(Job).where(Job.id == job_id).with_for_update())
    if job is None:
        return
    job.open, job.report = False, report
    job.errors = [*job.errors, error] if error is not None else job.errors
    if status != JobStatus.COMPLETED:
        job.status = status
    _end(job)
    session.flush()


def close_interrupted(session: Session, job_id: str) -> None:
    """An open job to which nobody adds any more."""
    job = session.scalar(select(Job).where(Job.id == job_id, Job.open.is_(True)))
    if job is not None:
        message = f"The service stopped while it received this batch: {job.total:,} items were taken. Send it again."
        close(session, job_id, JobStatus.FAILED, None, {"item": "", "code": "INTERRUPTED", "message": message})


def _end(job: Job) -> None:
    if not job.open and job.completed + job.failed + job.cancelled >= job.total and job.finished_at is None:
        job.finished_at = utc_now()
        job.status = JobStatus.COMPLETED if job.status == JobStatus.PROCESSING else job.status
