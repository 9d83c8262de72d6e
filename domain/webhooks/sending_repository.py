"""Queries of sending. System work across tenants: each takes the id of a webhook, fenced by its lease."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.queue import leases
from core.queue.leases import Lease
from domain.models import Delivery, DeliveryAttempt, DeliveryStatus, EventRow, Webhook, Workspace

SWEPT = 100  # webhooks that one sweep wakes


def _sends(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Webhooks that are sent to at this moment."""
    return (
        Webhook.is_active.is_(True),
        Webhook.deleted_at.is_(None),
        or_(Webhook.held_until.is_(None), Webhook.held_until <= now),
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Delivery.status == DeliveryStatus.PENDING, Delivery.due_at <= now


def has_work(session: Session, webhook_id: str) -> bool:
    """Whether something is due that nobody holds."""
    now = utc_now()
    query = select(Delivery.id).join(Webhook, Webhook.id == Delivery.webhook_id)
    query = query.where(Webhook.id == webhook_id, *_sends(now), *_due(now), _is_free())
    return session.scalar(query.limit(1)) is not None


def _is_free() -> ColumnElement[bool]:
    return or_(Webhook.lease_id.is_(None), Webhook.lease_id.not_in(select(Lease.id)))


def lease(session: Session, webhook_id: str, holder: str, ttl_s: float) -> Webhook | None:
    """The webhook under a new lease; None where another worker holds it, or nothing is to be sent to it."""
    query = select(Webhook).where(Webhook.id == webhook_id, *_sends(utc_now()))
    webhook = session.scalar(query.with_for_update(key_share=True))
    if webhook is None or (webhook.lease_id is not None and leases.is_held(session, webhook.lease_id)):
        return None
    workspace = session.get(Workspace, webhook.workspace_id)
    if workspace is None or workspace.deleted_at is not None:
        return None
    webhook.lease_id = leases.acquire(session, holder, ttl_s)
    return webhook


def leased(session: Session, webhook_id: str, lease_id: str) -> Webhook | None:
    """The webhook, locked, as long as `lease_id` holds it."""
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.lease_id == lease_id)
    return session.scalar(query.with_for_update(key_share=True))


def due(session: Session, webhook_id: str, limit: int) -> list[tuple[Delivery, EventRow | None]]:
    """Some deliveries that are due, the longest waiting first, with their events."""
    query = select(Delivery, EventRow).outerjoin(EventRow, EventRow.id == Delivery.event_id)
    query = query.where(Delivery.webhook_id == webhook_id, *_due(utc_now())).order_by(Delivery.due_at)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def next_due(session: Session, webhook_id: str) -> datetime | None:
    """When the next pending delivery is due."""
    pending = select(func.min(Delivery.due_at)).where(
        Delivery.webhook_id == webhook_id, Delivery.status == DeliveryStatus.PENDING
    )
    return session.scalar(pending)


def store(session: Session, attempts: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]]) -> None:
    """Attempts, and what became of their deliveries: rows by primary key. One that was removed meanwhile is left."""
    ids = [change["id"] for change in changes]
    living = set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ids))))
    changed = [change for change in changes if change["id"] in living]
    if changed:
        session.execute(insert(DeliveryAttempt), [one for one in attempts if one["delivery_id"] in living])
        session.execute(update(Delivery), changed)


def give_up(session: Session, ids: Collection[str]) -> None:
    gone = update(Delivery).where(Delivery.id.in_(ids), Delivery.status == DeliveryStatus.PENDING)
    session.execute(gone.values(status=DeliveryStatus.FAILED, ended_at=utc_now()))


def waiting(session: Session) -> list[str]:
    """Webhooks with something due that nobody holds: their wake-up was lost, or their worker died."""
    now = utc_now()
    has_due = select(Delivery.id).where(Delivery.webhook_id == Webhook.id, *_due(now)).exists()
    return list(session.scalars(select(Webhook.id).where(*_sends(now), _is_free(), has_due).limit(SWEPT)))


def never_later_than(session: Session, moment: datetime) -> None:
    """Deliveries that wait for a time beyond any delay: the clock was put back."""
    late = (Delivery.status == DeliveryStatus.PENDING, Delivery.due_at > moment)
    ids = session.scalars(select(Delivery.id).where(*late).limit(1_000)).all()
    session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(due_at=utc_now()))
    held = update(Webhook).where(Webhook.held_until > utc_now() + timedelta(hours=1))
    session.execute(held.values(held_until=None))
