"""Queries of replays. System work: the webhook is our own job's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.models import Delivery, DeliveryStatus, EventRow, Webhook
from domain.webhooks.fan_out_repository import deliveries
from domain.webhooks.repository import between


def webhook_of(session: Session, webhook_id: str) -> Webhook | None:
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.deleted_at.is_(None))
    return session.scalar(query.with_for_update(read=True, key_share=True))


def replayed(
    session: Session, webhook: Webhook, causes: Sequence[str], since: datetime, until: datetime, after: str,
    limit: int, *, is_all: bool,
) -> str | None:  # fmt: skip
    """Queue deliveries of a page of events, those behind the id `after`; the last event's id, None at the end."""
    query = select(EventRow).where(EventRow.workspace_id == webhook.workspace_id, EventRow.type.in_(causes))
    query = query.where(*between(since, until), EventRow.id > after).order_by(EventRow.id).limit(limit)
    events = session.scalars(query).all()
    if not events:
        return None
    told: list[dict[str, Any]] = [
        {"id": one.id, "type": one.type, "workspace_id": one.workspace_id, "created_at": one.created_at}
        for one in events
    ]
    rows = [row for event in told for row in deliveries(webhook.id, webhook.event_types, event)]
    known = _known(session, webhook.id, [event["id"] for event in told])
    again = [
        known[key][0]
        for row in rows
        if (key := (row["event_id"], row["event_type"])) in known
        and (known[key][1] == DeliveryStatus.FAILED or (is_all and known[key][1] == DeliveryStatus.DELIVERED))
    ]
    now = {"status": DeliveryStatus.PENDING, "tries": 0, "due_at": utc_now(), "ended_at": None}
    session.execute(update(Delivery).where(Delivery.id.in_(again)).values(**now))
    new = [row for row in rows if (row["event_id"], row["event_type"]) not in known]
    if new:
        session.execute(insert(Delivery), new)
    return events[-1].id


def _known(session: Session, webhook_id: str, event_ids: Sequence[Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """Id and status of deliveries by event and name."""
    query = select(Delivery.event_id, Delivery.event_type, Delivery.id, Delivery.status)
    rows = session.execute(query.where(Delivery.webhook_id == webhook_id, Delivery.event_id.in_(event_ids)))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
