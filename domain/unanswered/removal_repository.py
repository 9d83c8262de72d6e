"""What a removed conversation leaves of the groups of its questions: nothing of what was said in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from domain.models import Grouping, Message, Phrasing, Question, QuestionCluster


@dataclass(frozen=True, slots=True)
class Touched:
    """Phrasings and clusters whose questions are about to go."""

    phrasing_ids: Sequence[str]
    cluster_ids: Sequence[str]


def touched(session: Session, conversation_ids: Sequence[str]) -> Touched:
    """Before they go; nobody else changes the phrasings of their workspaces until this transaction ends."""
    asked = select(Question.workspace_id).where(Question.conversation_id.in_(conversation_ids))
    workspaces = sorted(set(session.scalars(asked.distinct())))
    kept = select(Grouping).where(Grouping.workspace_id.in_(workspaces)).order_by(Grouping.workspace_id)
    session.scalars(kept.with_for_update()).all()
    named = select(Question.phrasing_id).where(Question.conversation_id.in_(conversation_ids)).distinct()
    phrasing_ids = sorted(one for one in session.scalars(named) if one)
    found = select(Phrasing.cluster_id).where(Phrasing.id.in_(phrasing_ids)).distinct()
    return Touched(phrasing_ids, sorted(session.scalars(found)))


def reword(session: Session, of: Touched) -> None:
    """Phrasings whose question is gone get another in the same words, or go; clusters without any go with the last."""
    is_there = exists().where(Question.id == Phrasing.question_id)
    bereft = select(Phrasing.id).where(Phrasing.id.in_(of.phrasing_ids), ~is_there)
    ids = list(session.scalars(bereft))
    if not ids:
        return
    left = (
        select(Question.phrasing_id, func.min(Question.id).label("id"))
        .where(Question.phrasing_id.in_(ids))
        .group_by(Question.phrasing_id)
        .subquery()
    )
    words = (
        select(left.c.phrasing_id, left.c.id, func.coalesce(Question.asked, Message.content))
        .join(Question, Question.id == left.c.id)
        .join(Message, Message.id == left.c.id)
    )
    found = {row[0]: {"question_id": row[1], "text": row[2]} for row in session.execute(words)}
    for phrasing_id, values in found.items():
        session.execute(update(Phrasing).where(Phrasing.id == phrasing_id).values(values))
    session.execute(delete(Phrasing).where(Phrasing.id.in_([one for one in ids if one not in found])))
    retitle(session, of.cluster_ids)


def retitle(session: Session, cluster_ids: Iterable[str]) -> None:
    """Clusters are called as the first of their phrasings; those without one go. The next version is theirs."""
    ids = sorted(cluster_ids)
    first = (
        select(Phrasing.cluster_id, func.min(Phrasing.id).label("id"))
        .where(Phrasing.cluster_id.in_(ids))
        .group_by(Phrasing.cluster_id)
        .subquery()
    )
    titles = select(first.c.cluster_id, Phrasing.id, Phrasing.text).join(first, first.c.id == Phrasing.id)
    found = {row[0]: {"phrasing_id": row[1], "question": row[2]} for row in session.execute(titles)}
    named = select(QuestionCluster.workspace_id).where(QuestionCluster.id.in_(ids)).distinct()
    workspaces = list(session.scalars(named))
    for cluster_id, values in found.items():
        session.execute(update(QuestionCluster).where(QuestionCluster.id == cluster_id).values(values))
    session.execute(delete(QuestionCluster).where(QuestionCluster.id.in_([one for one in ids if one not in found])))
    changed = update(Grouping).where(Grouping.workspace_id.in_(workspaces))
    session.execute(changed.values(version=Grouping.version + 1))
