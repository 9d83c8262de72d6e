"""Webhooks: made, changed, deleted, their secrets replaced; their log, and what is sent again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.crypto import Keyring
from core.errors import Conflict, InvalidInput, NotFound, Unprocessable
from core.ids import Prefix, new_id
from core.outbound.client import GuardedBackend
from core.queue.outbox import enqueue
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created, done
from domain.changes import UNSET, Unset, changed
from domain.events.registry import Dialect
from domain.models import Delivery, DeliveryStatus, Webhook
from domain.principal import Permission, Principal
from domain.webhooks import rules
from domain.webhooks.jobs import DELIVER, PURGE_WEBHOOK
from domain.webhooks.replay import Only, causes, queue_replay
from domain.webhooks.repository import Wanted, WebhookRepository
from domain.webhooks.sealing import headers_of, seal_headers, seal_secret
from domain.webhooks.signing import check_secret, new_secret

OVERLAP_HOURS = 24


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """`surface` is where it is made. Without a `secret` it gets one."""

    name: str
    url: str
    event_types: Sequence[str]
    description: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_active: bool = True
    retry_delays_s: Sequence[int] = rules.RETRY_DELAYS_S
    secret: str | None = None
    surface: Dialect = Dialect.INSYDR


@dataclass(frozen=True, slots=True)
class WebhookChange:
    name: str | Unset = UNSET
    description: str | Unset | None = UNSET
    url: str | Unset = UNSET
    event_types: Sequence[str] | Unset = UNSET
    headers: Mapping[str, str] | Unset = UNSET
    is_active: bool | Unset = UNSET
    retry_delays_s: Sequence[int] | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Replay:
    since: datetime
    until: datetime | None = None
    only: Only = Only.ALL


class WebhookService:
    def __init__(self, session: Session, who: Principal, keys: Keyring, backend: GuardedBackend) -> None:
        self._session, self._who, self._keys, self._backend = session, who, keys, backend
        self._rows = WebhookRepository(session, who)

    def create(self, order: NewWebhook, most: int) -> tuple[Webhook, str]:
        """The webhook and its secret, which is never shown again. Raises `Unprocessable` beyond `most`."""
        self._who.require(Permission.WEBHOOKS_MANAGE)
        rules.check_url(order.url, self._backend)
        rules.check_headers(order.headers)
        rules.check_delays(order.retry_delays_s)
        names = rules.check_events(order.event_types)
        if order.secret is not None:
            check_secret(order.secret)
        if self._rows.count() >= most:
            raise Unprocessable(
                f"A workspace has at most {most} webhooks: delete one, or let one take several event types.",
                code="WEBHOOK_LIMIT",
            )
        webhook_id, secret = new_id(Prefix.WEBHOOK), order.secret or new_secret()
        row = Webhook(
            id=webhook_id, workspace_id=self._who.workspace_id, created_by=self._who.user_id, surface=order.surface,
            name=order.name, description=order.description, url=order.url, event_types=names,
            retry_delays_s=list(order.retry_delays_s), is_active=order.is_active,
            sealed_secret=seal_secret(self._keys, webhook_id, secret),
            sealed_headers=seal_headers(self._keys, webhook_id, order.headers),
        )  # fmt: skip
        self._session.add(row)
        created(self._session, self._who, Action.WEBHOOK_CREATED, row)
        return row, secret

    def page(self, limit: int, offset: int) -> tuple[list[Webhook], int]:
        self._who.require(Permission.WEBHOOKS_READ)
        return self._rows.page(limit, offset)

    def get(self, webhook_id: str) -> Webhook:
        self._who.require(Permission.WEBHOOKS_READ)
        return self._get(webhook_id)

    def to_test(self, webhook_id: str) -> Webhook:
        """One that a test is sent to, whether it is on or off."""
        self._who.require(Permission.WEBHOOKS_MANAGE)
        return self._get(webhook_id)

    def change(self, webhook_id: str, change: WebhookChange) -> Webhook:
        """What is turned on again is sent what waits for it."""
        row = self._for_change(webhook_id)
        before = facts(row)
        row.name = changed(change.name, row.name)
        row.description = changed(change.description, row.description)
        if change.event_types is not UNSET:
            row.event_types = rules.check_events(change.event_types)
        if change.headers is not UNSET:
            rules.check_headers(change.headers)
            row.sealed_headers = seal_headers(self._keys, row.id, change.headers)
        if change.retry_delays_s is not UNSET:
            rules.check_delays(change.retry_delays_s)
            row.retry_delays_s = list(change.retry_delays_s)
        if change.url is not UNSET:
            self._lead_to(row, change.url, given_headers=change.headers is not UNSET)
        if change.is_active is not UNSET:
            row.is_active = change.is_active
            _begin_anew(row)
        enqueue(self._session, DELIVER, webhook_id=row.id)
        audit_change(self._session, self._who, Action.WEBHOOK_UPDATED, row, before)
        return row

    def delete(self, webhook_id: str) -> None:
        """Nothing is sent any more; the log goes in the background."""
        row = self._for_change(webhook_id)
        row.is_active, row.deleted_at = False, utc_now()
        enqueue(self._session, PURGE_WEBHOOK, webhook_id=row.id)
        done(self._session, self._who, Action.WEBHOOK_DELETED, row)

    def rotate(self, webhook_id: str, overlap_hours: int, secret: str | None) -> tuple[Webhook, str]:
        """A new secret; the old one signs beside it for `overlap_hours`."""
        row = self._for_change(webhook_id)
        if secret is not None:
            check_secret(secret)
        row.sealed_previous = row.sealed_secret if overlap_hours else None
        row.previous_until = utc_now() + timedelta(hours=overlap_hours) if overlap_hours else None
        new = secret or new_secret()
        row.sealed_secret = seal_secret(self._keys, row.id, new)
        done(self._session, self._who, Action.WEBHOOK_SECRET_ROTATED, row, overlap_hours=overlap_hours)
        return row, new

    def deliveries(self, webhook_id: str, wanted: Wanted, limit: int, offset: int) -> tuple[list[Delivery], int]:
        webhook = self.get(webhook_id)
        return self._rows.deliveries(webhook.id, wanted, limit, offset)

    def delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        return self._delivery(self.get(webhook_id), delivery_id)

    def redeliver(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Send it again, with the same id and all its tries."""
        webhook = self._sending(webhook_id)
        delivery = self._delivery(webhook, delivery_id, lock=True)
        if delivery.is_test:
            raise InvalidInput("This was a test: send another one.", code="TEST_DELIVERY")
        if self._rows.event(delivery.event_id) is None:
            raise Conflict("The event is not kept any more.", code="EVENT_GONE")
        delivery.status, delivery.tries, delivery.due_at, delivery.ended_at = DeliveryStatus.PENDING, 0, utc_now(), None
        enqueue(self._session, DELIVER, webhook_id=webhook.id)
        done(self._session, self._who, Action.WEBHOOK_REDELIVERED, webhook, delivery_id=delivery.id)
        return delivery

    def replay(self, webhook_id: str, replay: Replay, kept_days: int) -> int:
        """Send what happened since a moment; how many events that is."""
        webhook = self._sending(webhook_id)
        now = utc_now()
        until = min(replay.until or now, now)
        if replay.since < now - timedelta(days=kept_days):
            raise InvalidInput(f"Events are kept for {kept_days} days: ask for a later time.", field="since")
        if replay.since >= until:
            raise InvalidInput("since must be in the past, and before until.", field="since")
        queue_replay(self._session, webhook, replay.since, until, replay.only)
        told = {"since": replay.since, "until": until, "only": replay.only.value}
        done(self._session, self._who, Action.WEBHOOK_REPLAYED, webhook, **told)
        return self._rows.count_events(causes(webhook.event_types), replay.since, until)

    def _lead_to(self, row: Webhook, url: str, *, given_headers: bool) -> None:
        """Headers that sound secret do not go to another host than they were given for: nobody could read them here,
        so nobody must be able to have them sent to themselves."""
        rules.check_url(url, self._backend)
        if not given_headers and rules.origin(url) != rules.origin(row.url) and self._has_secrets(row):
            raise InvalidInput(
                "This URL leads to another host: give the headers anew with it.", field="headers", code="HEADERS_NEEDED"
            )
        row.url = url
        _begin_anew(row)

    def _has_secrets(self, row: Webhook) -> bool:
        headers = headers_of(self._keys, row)
        return rules.shown_headers(headers) != headers

    def _for_change(self, webhook_id: str) -> Webhook:
        self._who.require(Permission.WEBHOOKS_MANAGE)
        return self._get(webhook_id, lock=True)

    def _sending(self, webhook_id: str) -> Webhook:
        webhook = self._for_change(webhook_id)
        if not webhook.is_active:
            raise Conflict("This webhook is turned off: turn it on first (is_active: true).", code="WEBHOOK_INACTIVE")
        return webhook

    def _get(self, webhook_id: str, *, lock: bool = False) -> Webhook:
        row = self._rows.get(webhook_id, lock=lock)
        if row is None:
            raise NotFound("There is no such webhook in this workspace.", code="WEBHOOK_NOT_FOUND")
        return row

    def _delivery(self, webhook: Webhook, delivery_id: str, *, lock: bool = False) -> Delivery:
        row = self._rows.delivery(webhook.id, delivery_id, lock=lock)
        if row is None:
            raise NotFound("There is no such delivery of this webhook.", code="DELIVERY_NOT_FOUND")
        return row


def _begin_anew(row: Webhook) -> None:
    """What is known of the receiver's failures does not hold any more."""
    row.disabled_at = row.disabled_reason = row.failing_since = row.held_until = None
    row.failures = row.timeouts = 0
