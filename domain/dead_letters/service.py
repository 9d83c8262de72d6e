"""Dead letters: documents whose processing failed for good. A replay processes the same version once more."""

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.collections.service import require_collections
from domain.dead_letters.repository import DeadLetterFilter, DeadLetterRepository
from domain.ingestion.jobs import INGEST_WAKE
from domain.models import Document, Job, JobKind, JobStatus
from domain.principal import Permission, Principal

MAX_REPLAY = 10_000  # documents of one call


class DeadLetterService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._letters = DeadLetterRepository(session, who)

    def page(self, wanted: DeadLetterFilter, limit: int, offset: int) -> tuple[list[Document], int]:
        self._who.require(Permission.DOCUMENTS_READ)
        self._check(wanted)
        return self._letters.page(wanted, limit, offset)

    def replay(self, wanted: DeadLetterFilter) -> Job:
        """Queue them again as one job, at most `MAX_REPLAY`; the others stay to be replayed by the next call."""
        self._who.require(Permission.DOCUMENTS_WRITE)
        self._check(wanted)
        letters = self._letters.lock(wanted, MAX_REPLAY)
        job = Job(
            id=new_id(Prefix.JOB), workspace_id=self._who.workspace_id, collection_id=wanted.collection_id,
            kind=JobKind.REPLAY, total=len(letters), errors=[],
            status=JobStatus.PROCESSING if letters else JobStatus.COMPLETED,
            finished_at=None if letters else utc_now(),
        )  # fmt: skip
        self._session.add(job)
        done(self._session, self._who, Action.DEAD_LETTERS_REPLAYED, job, documents=len(letters))
        self._letters.requeue(letters, job.id)
        if letters:
            enqueue(self._session, INGEST_WAKE)
        return job

    def _check(self, wanted: DeadLetterFilter) -> None:
        """Another workspace's ids are not there, whatever their state."""
        if wanted.collection_id:
            require_collections(self._session, self._who, [wanted.collection_id], "collection_id")
        unknown = sorted(set(wanted.document_ids or ()) - self._letters.existing(wanted.document_ids or ()))
        if unknown:
            raise NotFound(
                f"There is no document {unknown[0]} in this workspace.", code="DOCUMENT_NOT_FOUND", field="document_ids"
            )
