"""Events: what others may want to know. Recorded in the transaction that caused them, so none is lost or invented.

Whoever causes one calls `record` and knows nothing of who listens. Removing a collection or a workspace is no event of
each of its documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.ids import Prefix, new_id
from domain.models import EventRow

KEPT_DAYS = 30


class EventType(StrEnum):
    """Names as they stand on Insydr's wire (CONTRACT, row 8)."""

    AGENT_ARCHIVED = "AGENT_ARCHIVED"
    AGENT_PUBLISHED = "AGENT_PUBLISHED"
    CONVERSATION_STARTED = "CONVERSATION_STARTED"
    CRAWL_COMPLETED = "CRAWL_COMPLETED"
    CRAWL_FAILED = "CRAWL_FAILED"
    CRAWL_CANCELLED = "CRAWL_CANCELLED"
    DOCUMENT_COMPLETED = "DOCUMENT_COMPLETED"
    DOCUMENT_DELETED = "DOCUMENT_DELETED"
    DOCUMENT_FAILED = "DOCUMENT_FAILED"
    ESCALATION_CREATED = "ESCALATION_CREATED"
    FEEDBACK_SUBMITTED = "FEEDBACK_SUBMITTED"
    LEAD_CAPTURED = "LEAD_CAPTURED"
    MEMBER_JOINED = "MEMBER_JOINED"
    MESSAGE_RECEIVED = "MESSAGE_RECEIVED"
    MESSAGE_UNANSWERED = "MESSAGE_UNANSWERED"


@dataclass(frozen=True, slots=True)
class Event:
    """`data` as JSON: ids and codes, no content, so that a removal need not look here."""

    type: EventType
    workspace_id: str
    data: dict[str, Any]


def record(session: Session, event: Event) -> None:
    record_all(session, [event])


def record_all(session: Session, events: Iterable[Event]) -> None:
    """One statement for all of them."""
    now = utc_now()
    rows = [
        {"id": new_id(Prefix.EVENT), "type": e.type, "workspace_id": e.workspace_id, "data": e.data, "created_at": now}
        for e in events
    ]
    if rows:
        session.execute(insert(EventRow), rows)


def forget_old(database: Database) -> None:
    with database.write() as session:
        session.execute(delete(EventRow).where(EventRow.created_at < utc_now() - timedelta(days=KEPT_DAYS)))
