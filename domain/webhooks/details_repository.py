"""What an event says beyond its ids: looked up when it is sent, so that what was deleted meanwhile is not sent.

Everything is read for a page of events at once, one query a kind of thing. System work: the ids are the events' own.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.models import (
    Agent,
    Conversation,
    CrawlSource,
    Document,
    Escalation,
    EventRow,
    Lead,
    Message,
    QuestionCluster,
    Status,
    User,
)

Json = dict[str, Any]
Found = dict[str, Json]  # by id


def details(session: Session, events: Sequence[EventRow | None]) -> list[Json]:
    """For each event its data with the details; empty where there is no event."""
    told = [dict(event.data) if event else {} for event in events]
    for key, look in _LOOKS:
        ids = {str(data[key]) for data in told if data.get(key)}
        found = look(session, ids) if ids else {}
        for data in told:
            if data.get(key):
                data.update(found.get(str(data[key])) or look.missing)
    return told


class _Look:
    """Fields of one kind of thing, read by id; null for what is gone."""

    def __init__(self, names: Sequence[str], read: Callable[[Session, Iterable[str]], Found]) -> None:
        self.missing: Json = dict.fromkeys(names)
        self._read = read

    def __call__(self, session: Session, ids: Iterable[str]) -> Found:
        return self._read(session, ids)


def _read(model: Any, **columns: Any) -> _Look:
    """`columns` by the names that they have in events."""

    def read(session: Session, ids: Iterable[str]) -> Found:
        rows = session.execute(select(model.id, *columns.values()).where(model.id.in_(sorted(ids))))
        return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}

    return _Look(list(columns), read)


def _documents(session: Session, ids: Iterable[str]) -> Found:
    columns = (Document.id, Document.title, Document.external_id, Document.source_url)
    rows = session.execute(select(*columns).where(Document.id.in_(sorted(ids)), Document.status != Status.DELETED))
    return {row[0]: {"title": row[1], "external_id": row[2], "source_url": row[3]} for row in rows}


_ANSWER = {
    "answer": Message.content, "answered": Message.answered, "confidence": Message.confidence,
    "comment": Message.feedback_comment,
}  # fmt: skip
_VISIT = {
    "session_id": Conversation.session_id, "visitor_id": Conversation.visitor_id, "page_url": Conversation.page_url,
    "language": Conversation.language,
}  # fmt: skip
_REQUEST = {
    "email": Escalation.email, "name": Escalation.name, "phone": Escalation.phone, "message": Escalation.message,
    "page_url": Escalation.page_url,
}  # fmt: skip
_LEAD = {
    "first_name": Lead.first_name, "last_name": Lead.last_name, "lead_email": Lead.email, "lead_phone": Lead.phone_key,
    "source": Lead.source, "stage": Lead.stage, "left_in": Lead.conversation_id,
}  # fmt: skip
_LOOKS = (
    ("agent_id", _read(Agent, name=Agent.name)),
    ("conversation_id", _read(Conversation, **_VISIT)),
    ("message_id", _read(Message, **_ANSWER)),
    ("question_id", _read(Message, question=Message.content)),
    ("escalation_id", _read(Escalation, **_REQUEST)),
    ("lead_id", _read(Lead, **_LEAD)),
    ("unanswered_id", _read(QuestionCluster, question=QuestionCluster.question)),
    ("document_id", _Look(["title", "external_id", "source_url"], _documents)),
    ("crawl_id", _read(CrawlSource, url=CrawlSource.url)),
    ("user_id", _read(User, email=User.email, full_name=User.full_name)),
)
