"""Documents that are built again from their newest originals: one, or a page of a job's in one short transaction."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue.outbox import enqueue
from domain.documents.intake import requeue, supersede, version_row
from domain.documents.items import Item
from domain.documents.repository import lock_documents, newest_versions, to_renew
from domain.ingestion.jobs import INGEST_WAKE
from domain.jobs.repository import expect
from domain.models import Document, DocumentVersion, Job, Priority

PAGE = 100


def renew(session: Session, documents: Sequence[Document], job_id: str | None = None) -> list[str]:
    """Queue a new version of each; the ids of those whose original is not stored any more."""
    newest = newest_versions(session, [document.id for document in documents])
    now = utc_now()
    supersede(session, [document for document in documents if document.id in newest])
    for document in documents:
        old = newest.get(document.id)
        if old is None:
            continue
        requeue(document, job_id, now, Priority.INTERACTIVE if job_id is None else Priority.BACKGROUND)
        document.version += 1
        item = Item(old.file_name, old.blob_key, old.blob_bytes, old.content_hash, blob_start=old.blob_start)
        session.add(DocumentVersion(**version_row(document.id, document.version, document.workspace_id, item, now)))
    if newest:
        enqueue(session, INGEST_WAKE)
    return [document.id for document in documents if document.id not in newest]


def renew_page(session: Session, job: Job) -> bool:
    """Queue some documents that the job has not queued yet; whether there may be more."""
    documents = lock_documents(session, to_renew(session, job, PAGE))
    mine = [document for document in documents if document.job_id != job.id]
    gone = renew(session, mine, job.id)
    for document in mine:
        if document.id in gone:  # so that it is not found again
            document.job_id = job.id
    expect(session, job.id, len(mine) - len(gone))
    return bool(documents)
