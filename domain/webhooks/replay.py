"""Replay: what happened since a moment is sent again, or at last, with the ids that the receiver knows."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from core.clock import iso
from core.database import Database
from core.queue.outbox import enqueue
from domain.events.catalogue import EVENTS
from domain.models import Webhook
from domain.webhooks.jobs import DELIVER, REPLAY
from domain.webhooks.replay_repository import replayed, webhook_of

PAGE = 500


class Only(StrEnum):
    ALL = "ALL"
    UNDELIVERED = "UNDELIVERED"  # what failed, and what happened while the webhook was off or asked for less


def causes(event_types: Sequence[str]) -> list[str]:
    """What in the domain causes these events."""
    return sorted({event.cause.value for event in map(EVENTS.get, event_types) if event})


def queue_replay(session: Session, webhook: Webhook, since: datetime, until: datetime, only: Only) -> None:
    enqueue(session, REPLAY, webhook_id=webhook.id, since=iso(since), until=iso(until), only=only.value, after="")


def replay_page(database: Database, webhook_id: str, since: str, until: str, only: str, after: str) -> None:
    """Queue a page of deliveries, and the next page's job in the same transaction."""
    with database.write() as session:
        webhook = webhook_of(session, webhook_id)
        if webhook is None or not webhook.is_active:
            return
        begin, end = datetime.fromisoformat(since), datetime.fromisoformat(until)
        is_all = only == Only.ALL
        last = replayed(session, webhook, causes(webhook.event_types), begin, end, after, PAGE, is_all=is_all)
        if last is None:
            return
        enqueue(session, DELIVER, webhook_id=webhook_id)
        enqueue(session, REPLAY, webhook_id=webhook_id, since=since, until=until, only=only, after=last)
