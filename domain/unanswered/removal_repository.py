"""What a removed conversation leaves of the clusters of its questions: nothing of what was said in it."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from domain.models import Message, Question, QuestionCluster


def clusters_of(session: Session, conversation_ids: Sequence[str]) -> list[str]:
    asked = select(Question.cluster_id).where(Question.conversation_id.in_(conversation_ids))
    return [one for one in session.scalars(asked.where(Question.cluster_id.is_not(None)).distinct()) if one]


def reword(session: Session, cluster_ids: Sequence[str]) -> None:
    """Clusters whose own question is gone get that of the earliest one left; those without any go."""
    is_there = exists().where(Question.id == QuestionCluster.question_id)
    bereft = select(QuestionCluster.id).where(QuestionCluster.id.in_(cluster_ids), ~is_there)
    # locked, so that a question which joins one at this moment is seen below
    ids = list(session.scalars(bereft.order_by(QuestionCluster.id).with_for_update()))
    if not ids:
        return
    left = (
        select(Question.cluster_id, func.min(Question.id).label("id"))
        .where(Question.cluster_id.in_(ids))
        .group_by(Question.cluster_id)
        .subquery()
    )
    found = session.execute(
        select(left.c.cluster_id, left.c.id, Message.content).join(Message, Message.id == left.c.id)
    )
    words = {row[0]: (row[1], row[2]) for row in found}
    session.execute(delete(QuestionCluster).where(QuestionCluster.id.in_([one for one in ids if one not in words])))
    for cluster_id, (question_id, text) in words.items():
        new = {"question_id": question_id, "question": text, "model": ""}  # so that it is embedded again
        session.execute(update(QuestionCluster).where(QuestionCluster.id == cluster_id).values(new))
