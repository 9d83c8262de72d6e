"""Documents that are cancelled or removed: one, or a page of them in one short transaction.

Whoever ends many does so a page at a time, the first in the request and the rest in a job: nobody else's write waits
for more than a page.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue.outbox import enqueue_all
from domain.documents.intake import ON_THE_WAY, abandon
from domain.documents.jobs import PURGE_DOCUMENTS
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.gaps.changes_repository import note_documents
from domain.gaps.risk_repository import NOTHING, AtRisk, at_risk, tell
from domain.jobs.repository import credit, waiting
from domain.models import Document, Stage, Status

PAGE = 150  # documents that one transaction ends
PURGED_TOGETHER = 50


def stop_page(session: Session, job_id: str) -> bool:
    """Stop some of what the job has on its way; whether there may be more."""
    documents = waiting(session, job_id, PAGE)
    stop(session, documents, Status.CANCELLED)
    return len(documents) == PAGE


def stop(session: Session, documents: Sequence[Document], status: Status) -> None:
    """Take the documents from whoever works on them: without a lease nothing they do is kept."""
    cancelled = Counter(document.job_id for document in documents if document.job_id)
    for job_id, count in sorted(cancelled.items()):
        credit(session, job_id, cancelled=count)
    if status == Status.CANCELLED:
        abandon(session, documents)
    now = utc_now()
    for document in documents:
        document.status, document.stage, document.lease_id, document.job_id = status, Stage.DONE, None, None
        document.updated_at, document.revision = now, document.revision + 1


def remove(session: Session, documents: Sequence[Document]) -> AtRisk:
    """Out of every answer at once; jobs remove vectors, files and rows. All are of one workspace; what rested on them
    is returned, and asked again."""
    if not documents:
        return NOTHING
    workspace_id, ids = documents[0].workspace_id, [one.id for one in documents]
    risk = at_risk(session, workspace_id, Document.id.in_(ids))
    tell(session, workspace_id, risk, {"document_ids": ids, "collection_id": None})
    note_documents(session, workspace_id, ids)
    purge(session, [(document.workspace_id, document.id, document.lease_id or "") for document in documents])
    stop(session, [document for document in documents if document.status in ON_THE_WAY], Status.DELETED)
    for document in documents:
        document.status, document.external_id = Status.DELETED, None
    record_all(session, [_removed(document) for document in documents])
    return risk


def purge(session: Session, gone: Sequence[tuple[str, str, str]]) -> None:
    """Queue the removal of what is left of documents: workspace, document and the lease that it was under, if any."""
    for workspace_id in sorted({one[0] for one in gone}):
        mine = [(document_id, lease) for workspace, document_id, lease in gone if workspace == workspace_id]
        free = [document_id for document_id, lease in mine if not lease]
        jobs = [{"ids": " ".join(page), "lease": ""} for page in _pages(free)]
        for lease in sorted({lease for _, lease in mine if lease}):
            held = [document_id for document_id, holder in mine if holder == lease]
            jobs += [{"ids": " ".join(page), "lease": lease} for page in _pages(held)]
        enqueue_all(session, PURGE_DOCUMENTS, [{"workspace_id": workspace_id, **job} for job in jobs])


def _pages(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + PURGED_TOGETHER] for start in range(0, len(ids), PURGED_TOGETHER)]


def _removed(document: Document) -> Event:
    data = {"document_id": document.id, "collection_id": document.collection_id}
    return Event(EventType.DOCUMENT_DELETED, document.workspace_id, data)
