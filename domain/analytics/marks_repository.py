"""Which days have to be counted again, and the questions that are counted: written where something happens to them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from domain.analytics.tally import AGAIN_WITHIN
from domain.models import Conversation, DayStats, Question, StaleDay

TOGETHER = 500


def quarter_of(moment: datetime) -> datetime:
    """The quarter of an hour; no zone's day begins within one."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def mark(session: Session, workspace_id: str, moments: Iterable[datetime]) -> None:
    rows = [{"id": new_id(Prefix.STALE_DAY), "at": at} for at in sorted({quarter_of(one) for one in moments})]
    insert_rows(session, StaleDay, rows, {"workspace_id": workspace_id})


def mark_answers(session: Session, workspace_id: str, answer_ids: Sequence[str], **values: Any) -> None:
    """What became known of answers, and that their days are to be counted again."""
    for start in range(0, len(answer_ids), TOGETHER):
        some = answer_ids[start : start + TOGETHER]
        mine = (Question.workspace_id == workspace_id, Question.answer_id.in_(some))
        mark(session, workspace_id, session.scalars(select(Question.asked_at).where(*mine)))
        session.execute(update(Question).where(*mine).values(**values).execution_options(synchronize_session=False))


def latest_answer(session: Session, conversation_id: str, since: datetime) -> str | None:
    query = select(Question.answer_id).where(Question.conversation_id == conversation_id, Question.asked_at >= since)
    return session.scalar(query.order_by(Question.asked_at.desc()).limit(1))


def mark_conversations(session: Session, conversation_ids: Sequence[str]) -> None:
    """The days in which they and their questions are counted, and those whose answers they contradict."""
    moments: dict[str, set[datetime]] = {}
    begun = select(Conversation.workspace_id, Conversation.created_at).where(Conversation.id.in_(conversation_ids))
    for workspace_id, at in session.execute(begun):
        moments.setdefault(workspace_id, set()).add(at)
    asked = select(Question.workspace_id, Question.asked_at).where(Question.conversation_id.in_(conversation_ids))
    for workspace_id, at in session.execute(asked):
        days = range(AGAIN_WITHIN.days + 1)
        moments.setdefault(workspace_id, set()).update(quarter_of(at) - timedelta(days=n) for n in days)
    for workspace_id, found in moments.items():
        mark(session, workspace_id, found)


def mark_everything(session: Session, workspace_id: str) -> int:
    """Each day in which there is something, or was; for how many half days there are marks."""
    first, last = reach(session, workspace_id)
    if first is None or last is None:
        return 0
    halves = (last - first) // timedelta(hours=12) + 1
    mark(session, workspace_id, (first + n * timedelta(hours=12) for n in range(halves)))
    return halves


def reach(session: Session, workspace_id: str) -> tuple[datetime | None, datetime | None]:
    """The time in which there are questions, conversations or counted days, a day wider than that."""
    moments: list[datetime] = []
    for column in (Question.asked_at, Conversation.created_at):
        query = select(func.min(column), func.max(column)).where(column.class_.workspace_id == workspace_id)
        moments += [at for at in session.execute(query).one() if at is not None]
    days = select(func.min(DayStats.day), func.max(DayStats.day)).where(DayStats.workspace_id == workspace_id)
    moments += [datetime.combine(day, time.min, UTC) for day in session.execute(days).one() if day is not None]
    if not moments:
        return None, None
    return min(moments) - timedelta(days=1), max(moments) + timedelta(days=2)
