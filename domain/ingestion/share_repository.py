"""Fair shares of ingestion: a free worker takes the workspace with the fewest claimed batches in work, of these the one
served longest ago. So a workspace with 10,000 files gets all workers while it is alone and its share when it is not.
"""

from collections.abc import Sequence

from sqlalchemy import CTE, distinct, exists, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.models import Document, IngestShare, Priority, Status


def next_workspaces(session: Session, *, urgent: bool = False) -> Sequence[str]:
    """Workspaces with due documents, the one to be served next first; with `urgent` only what somebody waits for."""
    queued = _workspaces_with_queued()
    due = (Document.status == Status.QUEUED) & (Document.workspace_id == queued.c.id) & (Document.due_at <= utc_now())
    due = due & (Document.priority == Priority.INTERACTIVE) if urgent else due
    waiting = select(queued.c.id.label("workspace_id")).where(exists().where(due)).subquery()
    busy = (
        select(Document.workspace_id, func.count(distinct(Document.lease_id)).label("batches"))
        .where(Document.status == Status.PROCESSING)
        .group_by(Document.workspace_id)
        .subquery()
    )
    batches = func.coalesce(busy.c.batches, 0)
    query = (
        select(waiting.c.workspace_id)
        .outerjoin(busy, busy.c.workspace_id == waiting.c.workspace_id)
        .outerjoin(IngestShare, IngestShare.workspace_id == waiting.c.workspace_id)
        .order_by(batches, IngestShare.served_at.is_not(None), IngestShare.served_at, waiting.c.workspace_id)
    )
    return session.scalars(query).all()


def _workspaces_with_queued() -> CTE:
    """One step in the index for each workspace: DISTINCT reads every waiting document, of which there may be 200,000
    (wiki.postgresql.org/wiki/Loose_indexscan)."""
    first = select(func.min(Document.workspace_id).label("id")).where(Document.status == Status.QUEUED)
    found = first.cte("queued", recursive=True)
    following = (
        select(func.min(Document.workspace_id))
        .where(Document.status == Status.QUEUED, Document.workspace_id > found.c.id)
        .correlate(found)
        .scalar_subquery()
    )
    return found.union_all(select(following).where(found.c.id.is_not(None)))


def served(session: Session, workspace_id: str) -> None:
    """Remember the time: the others are to be served before it again."""
    row = {"workspace_id": workspace_id, "served_at": utc_now()}
    insert = insert_into(session, IngestShare).values(**row)
    session.execute(insert.on_conflict_do_update(index_elements=["workspace_id"], set_={"served_at": row["served_at"]}))


def any_due(session: Session) -> bool:
    due = (Document.status == Status.QUEUED) & (Document.due_at <= utc_now())
    return bool(session.scalar(select(exists().where(due))))
