"""Queries of text messages and of who wants none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.models import SmsOptOut, SmsStatus, TextMessage
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; `number` is either side's."""

    status: str | None = None
    direction: str | None = None
    conversation_id: str | None = None
    lead_id: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class TextRepository(TenantRepository):
    def get(self, message_id: str) -> TextMessage | None:
        return self.session.scalar(self.select(TextMessage).where(TextMessage.id == message_id))

    def received(self, provider: str, provider_message_id: str) -> TextMessage | None:
        """One that came in, by the provider's own id."""
        query = self.select(TextMessage).where(TextMessage.provider == provider)
        return self.session.scalar(query.where(TextMessage.provider_message_id == provider_message_id))

    def has_thread(self, conversation_id: str) -> bool:
        query = self.select(TextMessage).where(TextMessage.conversation_id == conversation_id)
        return self.session.scalar(query.with_only_columns(TextMessage.id).limit(1)) is not None

    def has_written(self, number: str) -> bool:
        """Whether anything ever came from that number."""
        query = self.select(TextMessage).where(
            TextMessage.status == SmsStatus.RECEIVED, TextMessage.from_number == number
        )
        return self.session.scalar(query.with_only_columns(TextMessage.id).limit(1)) is not None

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[TextMessage], int]:
        """The newest first, and how many there are."""
        query = self.select(TextMessage).where(*_told(wanted))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(TextMessage.id.desc()).limit(limit).offset(offset))), total

    def consent(self, number: str) -> SmsOptOut | None:
        query = select(SmsOptOut).where(mine(SmsOptOut, self.who), SmsOptOut.number == number)
        return self.session.scalar(query)

    def consents(self, limit: int, offset: int) -> tuple[list[SmsOptOut], int]:
        """By number, and how many there are."""
        query = self.select(SmsOptOut)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(SmsOptOut.number).limit(limit).offset(offset))), total

    def set_consent(self, number: str, *, is_out: bool, word: str) -> None:
        row = {"workspace_id": self.who.workspace_id, "number": number, "created_at": utc_now()}
        said = {"is_out": is_out, "word": word}
        statement = insert_into(self.session, SmsOptOut).values(row | said)
        key = [SmsOptOut.workspace_id, SmsOptOut.number]
        self.session.execute(statement.on_conflict_do_update(index_elements=key, set_=said))


def waiting(session: Session, now: datetime, limit: int) -> Sequence[TextMessage]:
    """Messages whose quiet hours are over. System work across tenants."""
    query = select(TextMessage).where(TextMessage.status == SmsStatus.QUEUED, TextMessage.send_after <= now)
    return session.scalars(query.order_by(TextMessage.send_after).limit(limit).with_for_update(skip_locked=True)).all()


def by_id(session: Session, message_id: str) -> TextMessage | None:
    """Our own job's or report's id, so no caller's tenant."""
    return session.scalar(select(TextMessage).where(TextMessage.id == message_id).with_for_update())


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    same = {
        TextMessage.status: wanted.status, TextMessage.direction: wanted.direction,
        TextMessage.conversation_id: wanted.conversation_id, TextMessage.lead_id: wanted.lead_id,
    }  # fmt: skip
    found += [column == value for column, value in same.items() if value is not None]
    if wanted.number is not None:
        found.append((TextMessage.from_number == wanted.number) | (TextMessage.to_number == wanted.number))
    if wanted.since is not None:
        found.append(TextMessage.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(TextMessage.created_at < wanted.until)
    return found
