"""Events are recorded in the transaction that caused them, and their deliveries with them: none is lost or invented.

Whoever causes one calls `record` and knows nothing of who listens. Removing a collection or a workspace is no event of
each of its documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from domain.events.kinds import EventType
from domain.events.repository import remove_old
from domain.models import EventRow
from domain.webhooks.fan_out_repository import fan_out

FORGOTTEN_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Event:
    """`data` as JSON: ids and codes, no content, so that a removal need not look here."""

    type: EventType
    workspace_id: str
    data: dict[str, Any]


def record(session: Session, event: Event) -> None:
    record_all(session, [event])


def record_all(session: Session, events: Iterable[Event]) -> None:
    """One statement for all of them, and one for the subscriptions of each workspace."""
    now = {"created_at": utc_now()}
    rows = [
        {"id": new_id(Prefix.EVENT), "type": e.type.value, "workspace_id": e.workspace_id, "data": e.data}
        for e in events
    ]
    if rows:
        insert_rows(session, EventRow, rows, now)
        fan_out(session, [row | now for row in rows])


def forget_old(database: Database, days: int) -> None:
    """Events of more than `days` ago, a page a transaction."""
    is_more = True
    while is_more:
        with database.write() as session:
            is_more = remove_old(session, utc_now() - timedelta(days=days), FORGOTTEN_TOGETHER)
