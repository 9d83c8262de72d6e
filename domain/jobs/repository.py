"""Queries of jobs."""

from collections.abc import Sequence
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

    def page(self, limit: int, offset: int) -> tuple[list[Job], int]:
        mine = self.select(Job)
        total = self.session.scalar(mine.with_only_columns(func.count())) or 0
        return list(self.session.scalars(mine.order_by(Job.id.desc()).limit(limit).offset(offset))), total

    def waiting(self, job_id: str) -> list[Document]:
        """Documents of the job that are on their way, locked."""
        query = self.select(Document).where(Document.job_id == job_id)
        query = query.where(Document.status.in_((Status.QUEUED, Status.PROCESSING)))
        return list(self.session.scalars(for_change(query)))


def credit(
    session: Session,
    job_id: str,
    *,
    completed: int = 0,
    failed: int = 0,
    cancelled: int = 0,
    errors: Sequence[dict[str, Any]] = (),
) -> None:
    """Count ended documents, in the transaction that ended them; the last one ends the job."""
    counts = {
        "completed": Job.completed + completed,
        "failed": Job.failed + failed,
        "cancelled": Job.cancelled + cancelled,
    }
    session.execute(update(Job).where(Job.id == job_id).values(**counts))
    job = session.scalar(select(Job).where(Job.id == job_id).execution_options(populate_existing=True))
    if job is None:
        return
    if errors and len(job.errors) < MAX_ERRORS:
        job.errors = [*job.errors, *errors][:MAX_ERRORS]
    if job.completed + job.failed + job.cancelled >= job.total and job.finished_at is None:
        job.finished_at = utc_now()
        job.status = JobStatus.COMPLETED if job.status == JobStatus.PROCESSING else job.status
    session.flush()
