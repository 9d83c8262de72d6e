"""Who is told of what happened: deliveries, queued in the transaction that caused the event."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue_all
from domain.events.catalogue import EVENTS
from domain.models import Delivery, DeliveryStatus, Webhook
from domain.webhooks.jobs import DELIVER

Events = Sequence[Mapping[str, Any]]  # rows of `EventRow`


def fan_out(session: Session, events: Events) -> None:
    """A delivery for each event and each name of it that a webhook of its workspace asks for."""
    listening = select(Webhook.id, Webhook.workspace_id, Webhook.event_types).where(
        Webhook.workspace_id.in_(sorted({event["workspace_id"] for event in events})),
        Webhook.is_active, Webhook.deleted_at.is_(None),
    )  # fmt: skip
    # they must not be removed before their deliveries are stored, but may be changed and sent to meanwhile
    webhooks = session.execute(listening.order_by(Webhook.id).with_for_update(read=True, key_share=True)).all()
    rows = [
        delivery
        for webhook in webhooks
        for event in events
        if event["workspace_id"] == webhook.workspace_id
        for delivery in deliveries(webhook.id, webhook.event_types, event)
    ]
    if rows:
        insert_rows(session, Delivery, rows, {})
        enqueue_all(session, DELIVER, [{"webhook_id": one} for one in sorted({row["webhook_id"] for row in rows})])


def deliveries(webhook_id: str, event_types: Sequence[str], event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of one event for one webhook: surfaces may name it twice."""
    return [
        {
            "id": new_id(Prefix.DELIVERY), "workspace_id": event["workspace_id"], "webhook_id": webhook_id,
            "event_id": event["id"], "event_type": name, "status": DeliveryStatus.PENDING.value, "is_test": False,
            "tries": 0, "attempts": 0, "due_at": event["created_at"], "created_at": event["created_at"],
        }
        for name in EVENTS.caused_by(event["type"]) if name in event_types
    ]  # fmt: skip
