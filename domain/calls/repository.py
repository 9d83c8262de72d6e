"""Queries of calls."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session, defer

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.models import Call, DoNotCall
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list: any of the statuses, and of the failed ones any of the reasons. A plain day is one of the
    workspace's zone, `until` then the last one of them; a moment `until` is the first that is not wanted."""

    statuses: Collection[str] = ()
    reasons: Collection[str] = ()
    agent_id: str | None = None
    lead_id: str | None = None
    campaign_id: str | None = None
    direction: str | None = None
    since: datetime | date | None = None
    until: datetime | date | None = None


class CallRepository(TenantRepository):
    def get(self, call_id: str) -> Call | None:
        return self.session.scalar(self.select(Call).where(Call.id == call_id))

    def page(self, wanted: Wanted, limit: int, offset: int, *, said: bool) -> tuple[list[Call], int]:
        """The newest first, and how many there are; without what was `said` in them where nobody reads it."""
        query = self.select(Call).where(*_told(wanted))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        query = query if said else query.options(defer(Call.turns, raiseload=True), defer(Call.script, raiseload=True))
        return list(self.session.scalars(query.order_by(Call.id.desc()).limit(limit).offset(offset))), total


def by_id(session: Session, call_id: str) -> Call | None:
    """Our own job's or report's id, so no caller's tenant."""
    return session.scalar(select(Call).where(Call.id == call_id).with_for_update())


class DoNotCallRepository(TenantRepository):
    def listed(self, numbers: Iterable[str]) -> set[str]:
        """Those of the numbers that nobody calls."""
        query = self.select(DoNotCall).where(DoNotCall.number.in_(sorted(numbers)))
        return set(self.session.scalars(query.with_only_columns(DoNotCall.number)))

    def get(self, number: str) -> DoNotCall | None:
        return self.session.scalar(self.select(DoNotCall).where(DoNotCall.number == number))

    def page(self, limit: int, offset: int) -> tuple[list[DoNotCall], int]:
        """By number, and how many there are."""
        query = self.select(DoNotCall)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(DoNotCall.number).limit(limit).offset(offset))), total

    def add(self, number: str, call_id: str | None) -> None:
        """One that is listed already stays as it is."""
        row = {"workspace_id": self.who.workspace_id, "number": number, "call_id": call_id, "created_at": utc_now()}
        self.session.execute(insert_into(self.session, DoNotCall).values(row).on_conflict_do_nothing())

    def remove(self, number: str) -> None:
        self.session.execute(delete(DoNotCall).where(mine(DoNotCall, self.who), DoNotCall.number == number))


def found(session: Session, call_id: str) -> Call | None:
    """As `by_id`, to read only."""
    return session.get(Call, call_id)


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    same = {
        Call.agent_id: wanted.agent_id, Call.lead_id: wanted.lead_id, Call.campaign_id: wanted.campaign_id,
        Call.direction: wanted.direction,
    }  # fmt: skip
    found = [column == value for column, value in same.items() if value is not None]
    if wanted.statuses:
        found.append(Call.status.in_(sorted(wanted.statuses)))
    if wanted.reasons:
        found.append(Call.reason.in_(sorted(wanted.reasons)))
    if wanted.since is not None:
        found.append(Call.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(Call.created_at < wanted.until)
    return found
