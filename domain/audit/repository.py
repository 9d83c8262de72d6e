"""Queries of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from domain.audit.actions import Action, TargetType
from domain.models import ApiKey, AuditEntry, User
from domain.principal import Actor
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class AuditFilter:
    action: Action | None = None
    actor_kind: Actor | None = None
    actor_id: str | None = None
    target_type: TargetType | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """An entry, and how its actor is called today."""

    entry: AuditEntry
    actor: User | None
    key_name: str | None


class AuditRepository(TenantRepository):
    def page(self, wanted: AuditFilter, limit: int, offset: int) -> tuple[list[Audited], int]:
        """The newest first."""
        rows = self._wanted(wanted)
        total = self.session.scalar(select(func.count()).select_from(rows.subquery())) or 0
        return self._named(rows.order_by(AuditEntry.id.desc()).limit(limit).offset(offset)), total

    def after(self, wanted: AuditFilter, entry_id: str, limit: int) -> list[Audited]:
        """The oldest first, from the one after that (an empty id: from the first)."""
        return self._named(self._wanted(wanted).where(AuditEntry.id > entry_id).order_by(AuditEntry.id).limit(limit))

    def _wanted(self, wanted: AuditFilter) -> Select[AuditEntry]:
        rows = self.select(AuditEntry)
        equal = {
            AuditEntry.action: wanted.action, AuditEntry.actor_kind: wanted.actor_kind,
            AuditEntry.actor_id: wanted.actor_id, AuditEntry.target_type: wanted.target_type,
            AuditEntry.target_id: wanted.target_id,
        }  # fmt: skip
        rows = rows.where(*(column == value for column, value in equal.items() if value is not None))
        if wanted.since is not None:
            rows = rows.where(AuditEntry.created_at >= wanted.since)
        return rows if wanted.until is None else rows.where(AuditEntry.created_at < wanted.until)

    def _named(self, rows: Select[AuditEntry]) -> list[Audited]:
        found: Sequence[AuditEntry] = self.session.scalars(rows).all()
        people = {one.actor_id for one in found if one.actor_id}
        users = {one.id: one for one in self.session.scalars(select(User).where(User.id.in_(people)))}
        wanted = {one.key_id for one in found if one.key_id}
        keys = self.select(ApiKey).where(ApiKey.id.in_(wanted))
        names = {one.id: one.name for one in self.session.scalars(keys)} if wanted else {}
        return [Audited(one, users.get(one.actor_id or ""), names.get(one.key_id or "")) for one in found]


def remove_old(session: Session, before: datetime, limit: int) -> bool:
    """Some of the entries made before that moment; whether there may be more."""
    old = select(AuditEntry.id).where(AuditEntry.created_at < before).limit(limit)
    gone = session.scalars(delete(AuditEntry).where(AuditEntry.id.in_(old)).returning(AuditEntry.id)).all()
    return len(gone) == limit
