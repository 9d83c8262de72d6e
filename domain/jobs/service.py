"""Jobs: batches that somebody watches."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from core.ids import Prefix, new_id
from domain.crawls.repository import CrawlRepository
from domain.crawls.service import cancel_run
from domain.documents.intake import Intake
from domain.documents.items import Item, Refused, last_of_each
from domain.documents.service import DocumentService
from domain.jobs.cancelling import stop_all
from domain.jobs.repository import MAX_ERRORS, JobRepository, credit
from domain.models import Job, JobKind, JobStatus
from domain.principal import Permission, Principal


class JobService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._jobs = JobRepository(session, who)

    def accept_batch(self, collection_id: str, items: Sequence[Item], refused: Sequence[Refused]) -> Job:
        """Queue a batch; refused items count as failed, unchanged ones as completed."""
        DocumentService(self._session, self._who).check_upload(collection_id)
        kept, repeated = last_of_each(items)
        problems = [*refused, *repeated]
        job = Job(
            id=new_id(Prefix.JOB),
            workspace_id=self._who.workspace_id,
            collection_id=collection_id,
            kind=JobKind.BATCH,
            total=len(kept) + len(problems),
            errors=[problem.as_json() for problem in problems][:MAX_ERRORS],
        )
        self._session.add(job)
        self._session.flush()
        _, unchanged = Intake(self._session, self._who, collection_id, job.id).add(kept)
        credit(self._session, job.id, completed=unchanged, failed=len(problems))
        return job

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
        if run is not None and run.finished_at is None:
            cancel_run(self._session, run)
            return job
        job.status = JobStatus.CANCELLED
        stop_all(self._session, job_id)
        return job

    def _existing(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job in this workspace.", code="JOB_NOT_FOUND")
        return job
