"""Queries of webhooks and of the log of what was sent to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from core.ids import Prefix, first_id
from domain.models import Delivery, DeliveryAttempt, DeliveryStatus, EventRow, User, Webhook, Workspace
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the log."""

    status: DeliveryStatus | None = None
    event_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class WebhookRepository(TenantRepository):
    def get(self, webhook_id: str, *, lock: bool = False) -> Webhook | None:
        query = self._living().where(Webhook.id == webhook_id)
        return self.session.scalar(query.with_for_update(key_share=True) if lock else query)

    def page(self, limit: int, offset: int) -> tuple[list[Webhook], int]:
        """In the order of their making, and how many there are."""
        rows = self.session.scalars(self._living().order_by(Webhook.id).limit(limit).offset(offset)).all()
        return list(rows), self.count()

    def count(self) -> int:
        return self.session.scalar(self._living().with_only_columns(func.count())) or 0

    def deliveries(self, webhook_id: str, wanted: Wanted, limit: int, offset: int) -> tuple[list[Delivery], int]:
        """The newest first, and how many there are."""
        query = self.select(Delivery).where(Delivery.webhook_id == webhook_id, *_told(wanted))
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        rows = self.session.scalars(query.order_by(Delivery.id.desc()).limit(limit).offset(offset)).all()
        return list(rows), total

    def delivery(self, webhook_id: str, delivery_id: str, *, lock: bool = False) -> Delivery | None:
        query = self.select(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.id == delivery_id)
        return self.session.scalar(query.with_for_update() if lock else query)

    def event(self, event_id: str) -> EventRow | None:
        return self.session.scalar(self.select(EventRow).where(EventRow.id == event_id))

    def attempts(self, delivery: Delivery) -> list[DeliveryAttempt]:
        """Of a delivery that was read with the tenant's scope."""
        query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id)
        return list(self.session.scalars(query.order_by(DeliveryAttempt.number)))

    def count_events(self, causes: Sequence[str], since: datetime, until: datetime) -> int:
        query = self.select(EventRow).where(EventRow.type.in_(causes), *between(since, until))
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def _living(self) -> Select[Webhook]:
        return self.select(Webhook).where(Webhook.deleted_at.is_(None))


def between(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    """Events recorded from `since` on and before `until`: their ids are in the order of time."""
    return EventRow.id >= first_id(Prefix.EVENT, since), EventRow.id < first_id(Prefix.EVENT, until)


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(Delivery.status == wanted.status)
    if wanted.event_type is not None:
        found.append(Delivery.event_type == wanted.event_type)
    if wanted.since is not None:
        found.append(Delivery.id >= first_id(Prefix.DELIVERY, wanted.since))
    if wanted.until is not None:
        found.append(Delivery.id < first_id(Prefix.DELIVERY, wanted.until))
    return found


@dataclass(frozen=True, slots=True)
class Told:
    webhook: Webhook
    workspace_name: str
    to: str


def told(session: Session, webhook_id: str) -> Told | None:
    """Whom to tell that a webhook was turned off. Our own job's id, so no caller's tenant."""
    webhook = session.get(Webhook, webhook_id)
    workspace = session.get(Workspace, webhook.workspace_id) if webhook else None
    if webhook is None or workspace is None or workspace.deleted_at or webhook.is_active or webhook.deleted_at:
        return None
    user = session.get(User, webhook.created_by) or session.get(User, workspace.owner_id)
    return Told(webhook, workspace.name, user.email) if user else None


def remove_deliveries(session: Session, webhook_id: str, limit: int) -> bool:
    """Some of what was sent to a webhook; whether there was any. Its row first, as the sender locks them."""
    session.execute(select(Webhook.id).where(Webhook.id == webhook_id).with_for_update(key_share=True))
    return _remove(session, select(Delivery.id).where(Delivery.webhook_id == webhook_id), limit)


def remove_old(session: Session, before: datetime, limit: int) -> bool:
    """Some of what was sent before that; whether there was any."""
    return _remove(session, select(Delivery.id).where(Delivery.id < first_id(Prefix.DELIVERY, before)), limit)


def remove_webhook(session: Session, webhook_id: str) -> None:
    session.execute(delete(Webhook).where(Webhook.id == webhook_id, Webhook.deleted_at.is_not(None)))


def _remove(session: Session, which: Select[str], limit: int) -> bool:
    ids = session.scalars(which.limit(limit)).all()
    session.execute(delete(Delivery).where(Delivery.id.in_(ids)))
    return bool(ids)
