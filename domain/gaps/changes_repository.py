"""That content came, changed or went, written in the transaction in which it does."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from domain.models import AnswerProof, ContentChange, Phrasing, QuestionCluster

URGENT = 2.0  # what rests on content that changed; nearness to it is 1 at most
TOGETHER = 500


def note_documents(session: Session, workspace_id: str, document_ids: Sequence[str]) -> None:
    """They are searchable now, in a new version, or not any more, or failed: what rests on them is asked again."""
    rows = [{"id": new_id(Prefix.CONTENT_CHANGE), "document_id": one} for one in document_ids]
    insert_rows(session, ContentChange, rows, {"workspace_id": workspace_id})
    for start in range(0, len(document_ids), TOGETHER):
        rests = select(Phrasing.cluster_id).join(AnswerProof, AnswerProof.phrasing_id == Phrasing.id)
        some = rests.where(AnswerProof.document_id.in_(document_ids[start : start + TOGETHER]))
        due = update(QuestionCluster).where(QuestionCluster.id.in_(some)).values(recheck=URGENT)
        session.execute(due.execution_options(synchronize_session=False))


def note_agent(session: Session, workspace_id: str, agent_id: str) -> None:
    """It answers from other collections, or in another way."""
    session.add(ContentChange(id=new_id(Prefix.CONTENT_CHANGE), workspace_id=workspace_id, agent_id=agent_id))


def changes(session: Session, workspace_id: str, limit: int) -> list[ContentChange]:
    """The oldest first."""
    mine = select(ContentChange).where(ContentChange.workspace_id == workspace_id)
    return list(session.scalars(mine.order_by(ContentChange.id).limit(limit)))


def forget(session: Session, looked_at: Sequence[ContentChange]) -> None:
    session.execute(delete(ContentChange).where(ContentChange.id.in_([one.id for one in looked_at])))
