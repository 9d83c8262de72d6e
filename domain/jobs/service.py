"""Jobs: batches that somebody watches."""

from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.crawls.repository import CrawlRepository
from domain.crawls.service import cancel_run
from domain.jobs.cancelling import stop_all
from domain.jobs.repository import JobRepository
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal


class JobService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._jobs = JobRepository(session, who)

    def get(self, job_id: str) -> Job:
        self._who.require(Permission.DOCUMENTS_READ)
        return self._existing(job_id)

    def page(self, limit: int, offset: int) -> tuple[list[Job], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        return self._jobs.page(limit, offset)

    def cancel(self, job_id: str) -> Job:
        """Stop what has not ended; what is searchable stays."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        job = self._existing(job_id)
        if job.status != JobStatus.PROCESSING:
            raise Conflict("The job has ended already.", code="JOB_ENDED")
        run = CrawlRepository(self._session, self._who).run_of_job(job_id) if job.kind == JobKind.CRAWL else None
        done(self._session, self._who, Action.JOB_CANCELLED, job)
        if run is not None and run.finished_at is None:
            cancel_run(self._session, run)
            return job
        stop_all(self._session, job_id)
        job.status = JobStatus.CANCELLED
        return job

    def _existing(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job in this workspace.", code="JOB_NOT_FOUND")
        return job
