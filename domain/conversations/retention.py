"""How long conversations are kept."""

from datetime import timedelta

from core.clock import utc_now
from core.database import Database
from domain.conversations.repository import outlived, remove_all, retentions

PAGE = 100  # conversations that one transaction removes


def forget_old(database: Database, default_days: int) -> int:
    """Conversations whose time is over (0 days: it never is), a page a transaction; how many."""
    with database.read() as session:
        kept = retentions(session)
    return sum(_forget(database, own, default_days if own is None else own) for own in kept)


def _forget(database: Database, own: int | None, days: int) -> int:
    before, removed = utc_now() - timedelta(days=days), 0
    while days:
        with database.read() as session:
            ids = outlived(session, own, before, PAGE)
        if not ids:
            break
        with database.write() as session:
            remove_all(session, ids)
        removed += len(ids)
    return removed
