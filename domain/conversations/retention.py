"""How long conversations are kept."""

from datetime import timedelta

from core.clock import utc_now
from core.database import Database
from domain.conversations.repository import outlived, remove_all, retentions

PAGE = 100  # conversations that one transaction removes


def forget_old(database: Database, default_days: int) -> int:
    """Conversations whose time is over (0 days: it never is), a page a transaction; how many."""
    with database.read() as session:
        kept = [(workspace_id, default_days if days is None else days) for workspace_id, days in retentions(session)]
    removed = 0
    for workspace_id, days in kept:
        before, some = utc_now() - timedelta(days=days), PAGE if days else 0
        while some == PAGE:
            with database.write() as session:
                ids = outlived(session, before, workspace_id, PAGE)
                remove_all(session, ids)
            some = len(ids)
            removed += some
    return removed
