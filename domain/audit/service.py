"""The audit log as its readers see it, and how long it is kept."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from domain.audit.actions import Action, TargetType
from domain.audit.recording import Target, audit
from domain.audit.repository import Audited, AuditFilter, AuditRepository, remove_old
from domain.principal import Permission, Principal

PAGE = 500
FORGOTTEN_TOGETHER = 1_000


class AuditService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._who = who
        self._entries = AuditRepository(session, who)

    def page(self, wanted: AuditFilter, limit: int, offset: int) -> tuple[list[Audited], int]:
        self._who.require(Permission.AUDIT_READ)
        return self._entries.page(wanted, limit, offset)


def exported(database: Database, who: Principal, wanted: AuditFilter) -> Iterator[list[Audited]]:
    """All of them, the oldest first, a page a read; that somebody took them is an entry itself."""
    who.require(Permission.AUDIT_READ)
    with database.write() as session:
        audit(session, who, Action.AUDIT_EXPORTED, Target(TargetType.WORKSPACE, who.workspace_id), None, None)
    return _pages(database, who, wanted)


def _pages(database: Database, who: Principal, wanted: AuditFilter) -> Iterator[list[Audited]]:
    last = ""
    while True:
        with database.read() as session:
            page = AuditRepository(session, who).after(wanted, last, PAGE)
        yield page
        if len(page) < PAGE:
            return
        last = page[-1].entry.id


def forget_old(database: Database, days: int) -> None:
    """Entries of more than `days` ago, a page a transaction; 0 keeps them for ever."""
    is_more = days > 0
    while is_more:
        with database.write() as session:
            is_more = remove_old(session, utc_now() - timedelta(days=days), FORGOTTEN_TOGETHER)
