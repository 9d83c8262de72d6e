"""Queries of mails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.database.conflicts import insert_into
from domain.models import Email, EmailStatus
from domain.scope import TenantRepository

_UNSENT = (EmailStatus.DRAFT, EmailStatus.PENDING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; `search` looks in subjects."""

    status: str | None = None
    direction: str | None = None
    thread_id: str | None = None
    lead_id: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class EmailRepository(TenantRepository):
    def get(self, email_id: str, *, lock: bool = False) -> Email | None:
        query = self.select(Email).where(Email.id == email_id)
        return self.session.scalar(query.with_for_update() if lock else query)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Email], int]:
        """The newest first, and how many there are."""
        query = self.select(Email).where(*_told(wanted))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(Email.id.desc()).limit(limit).offset(offset))), total

    def by_message_ids(self, message_ids: Sequence[str]) -> dict[str, Email]:
        rows = self.session.scalars(self.select(Email).where(Email.message_id.in_(message_ids)))
        return {row.message_id: row for row in rows}

    def last_of(self, thread_id: str) -> Email | None:
        """What a reply refers to: the thread's last mail, where there is one the last that others know of."""
        query = self.select(Email).where(Email.thread_id == thread_id)
        ordered = query.order_by(Email.status.in_(_UNSENT), Email.id.desc())
        return self.session.scalar(ordered.limit(1))

    def insert(self, values: dict[str, Any]) -> bool:
        """False where that `message_id` is there already; also by one that came at the same moment."""
        row = insert_into(self.session, Email).values(**values)
        unique = row.on_conflict_do_nothing(index_elements=["workspace_id", "message_id"])
        return self.session.scalar(unique.returning(Email.id)) is not None

    def attached_since(self, moment: datetime) -> set[str]:
        """Ids of the attachments of mails made since then."""
        query = self.select(Email).where(Email.created_at >= moment).with_only_columns(Email.attachments)
        return {str(one["id"]) for found in self.session.scalars(query) for one in found}


def by_id(session: Session, email_id: str, *, lock: bool = True) -> Email | None:
    """Our own job's or report's id, so no caller's tenant."""
    query = select(Email).where(Email.id == email_id)
    return session.scalar(query.with_for_update() if lock else query)


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    same = {
        Email.status: wanted.status, Email.direction: wanted.direction, Email.thread_id: wanted.thread_id,
        Email.lead_id: wanted.lead_id,
    }  # fmt: skip
    found = [column == value for column, value in same.items() if value is not None]
    if wanted.search:
        found.append(Email.subject.icontains(wanted.search, autoescape=True))
    if wanted.since is not None:
        found.append(Email.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(Email.created_at < wanted.until)
    return found
