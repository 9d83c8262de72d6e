"""Queries of leads and of what was changed of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_

from domain.leads.contact import Keys
from domain.models import Lead, LeadChange
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; `search` looks in names, addresses and the company."""

    stage: str | None = None
    source: str | None = None
    assigned_to: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class LeadRepository(TenantRepository):
    def get(self, lead_id: str, *, lock: bool = False) -> Lead | None:
        query = self.select(Lead).where(Lead.id == lead_id)
        return self.session.scalar(query.with_for_update(key_share=True) if lock else query)

    def by_ids(self, lead_ids: Collection[str]) -> list[Lead]:
        return list(self.session.scalars(self.select(Lead).where(Lead.id.in_(sorted(lead_ids)))))

    def known_by_any(self, some: Iterable[Keys]) -> list[Lead]:
        """Who has one of those addresses or numbers."""
        keys = list(some)
        emails, phones = {one.email for one in keys if one.email}, {one.phone for one in keys if one.phone}
        found: dict[str, Lead] = {}
        # one query each: with an `or` SQLite reads all leads of the workspace
        for column, values in ((Lead.email_key, emails), (Lead.phone_key, phones)):
            if values:
                query = self.select(Lead).where(column.in_(sorted(values)))
                found |= {lead.id: lead for lead in self.session.scalars(query)}
        return list(found.values())

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Lead], int]:
        """The newest first, and how many there are."""
        query = self.select(Lead).where(*_told(wanted))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(Lead.id.desc()).limit(limit).offset(offset))), total

    def changes(self, lead_id: str, limit: int, offset: int) -> tuple[list[LeadChange], int]:
        """The newest first, and how many there are."""
        query = self.select(LeadChange).where(LeadChange.lead_id == lead_id)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        return list(self.session.scalars(query.order_by(LeadChange.id.desc()).limit(limit).offset(offset))), total


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (Lead.stage, wanted.stage),
        (Lead.source, wanted.source),
        (Lead.assigned_to, wanted.assigned_to),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.search:
        columns = (Lead.first_name, Lead.last_name, Lead.email_key, Lead.phone_key, Lead.phone, Lead.company)
        found.append(or_(*(column.icontains(wanted.search, autoescape=True) for column in columns)))
    if wanted.since is not None:
        found.append(Lead.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(Lead.created_at < wanted.until)
    return found
