"""Webhooks: who is told of events, what was sent to them, and each try."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, JsonColumn, Tenancy

PENDING_ONLY = text("status = 'PENDING'")


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Webhook(Created, Base):
    """A subscription. Its secret and headers are sealed for its row.

    `lease_id` is held by the worker that sends to it now, so that one receiver has one sender at a time.
    """

    __tablename__ = "webhooks"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[str] = mapped_column(Id)
    surface: Mapped[str]  # where it was made: a `Dialect`
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[Any]]  # names on the wire
    retry_delays_s: Mapped[list[Any]]  # before the second try, the third …
    sealed_secret: Mapped[bytes]
    sealed_previous: Mapped[bytes | None]  # signs beside the secret until `previous_until`
    previous_until: Mapped[datetime | None]
    sealed_headers: Mapped[bytes | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # tries in a row without a success
    timeouts: Mapped[int] = mapped_column(default=0)  # tries in a row that took all their time
    held_until: Mapped[datetime | None]  # one that hangs is asked now and then only
    lease_id: Mapped[str | None] = mapped_column(Id)
    deleted_at: Mapped[datetime | None]


class Delivery(Created, Base):
    """An event for a webhook; its id is what the receiver knows it by, however often it is sent."""

    __tablename__ = "webhook_deliveries"
    tenancy = Tenancy.OWN
    __table_args__ = (
        Index("uq_webhook_deliveries_event", "webhook_id", "event_id", "event_type", unique=True),
        Index("ix_webhook_deliveries_due", "webhook_id", "due_at", postgresql_where=PENDING_ONLY,
              sqlite_where=PENDING_ONLY),
        Index("ix_webhook_deliveries_log", "webhook_id", "id"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(Id)
    event_type: Mapped[str]  # its name on the wire
    status: Mapped[str] = mapped_column(default=DeliveryStatus.PENDING)
    is_test: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)  # since it was last queued
    attempts: Mapped[int] = mapped_column(default=0)  # ever
    due_at: Mapped[datetime]
    response_status: Mapped[int | None]  # of the last attempt
    ended_at: Mapped[datetime | None]


class DeliveryAttempt(Created, Base):
    """One request and what came back; `created_at` is when it was sent."""

    __tablename__ = "webhook_attempts"
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    url: Mapped[str] = mapped_column(Text)
    request_headers: Mapped[dict[str, Any]] = mapped_column(JsonColumn)  # without what is secret
    status_code: Mapped[int | None]  # None: there was no answer
    error: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)  # its beginning
    latency_ms: Mapped[int]
