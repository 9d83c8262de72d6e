"""CONTRACT, Insydr row 8: webhooks, what was sent to them, and what is sent again."""

from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy.orm import Session

from api.fields import Limit, MessageOut, Moment, Offset, check_order
from api.insydr.surface import INSYDR
from api.insydr.webhook_schemas import (
    DeliveryDetail,
    DeliveryList,
    DeliveryOut,
    EventTypeList,
    NewWebhookOut,
    PingIn,
    ReplayIn,
    ReplayOut,
    RotateSecretIn,
    WebhookIn,
    WebhookList,
    WebhookOut,
    WebhookPatch,
    delivery_detail,
    delivery_out,
    event_type_out,
    new_webhook_out,
    webhook_out,
)
from api.pools import in_pool
from api.principal import Who
from api.state import ApiState, State
from domain.changes import change_of
from domain.events.catalogue import EVENTS
from domain.models import DeliveryStatus
from domain.principal import Permission, Principal
from domain.webhooks.deliveries import DeliveryLog
from domain.webhooks.repository import Wanted
from domain.webhooks.service import NewWebhook, Replay, WebhookChange, WebhookService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/webhooks", tag="Webhooks")


def _wanted(
    status: DeliveryStatus | None = None,
    event_type: Annotated[str | None, Query(max_length=100)] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Queued at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Queued before this moment.")] = None,
) -> Wanted:
    check_order(since, until)
    return Wanted(status, event_type, since, until)


def _service(session: Session, who: Principal, state: ApiState) -> WebhookService:
    return WebhookService(session, who, state.keys, state.web.backend)


def _log(state: ApiState) -> DeliveryLog:
    return DeliveryLog(state.database, state.keys, state.web.backend)


@router.post("", status_code=201)
def create(body: WebhookIn, who: Who, state: State) -> NewWebhookOut:
    with state.database.write() as session:
        service = _service(session, who, state)
        row, secret = service.create(NewWebhook(**body.model_dump()), state.settings.webhooks_max)
        session.flush()
        return new_webhook_out(row, state.keys, secret)


@router.get("")
def page(who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> WebhookList:
    with state.database.read() as session:
        rows, total = _service(session, who, state).page(limit, offset)
    return WebhookList(webhooks=[webhook_out(row, state.keys) for row in rows], total=total)


@router.get("/event-types")
def event_types(who: Who) -> EventTypeList:
    who.require(Permission.WORKSPACE_READ)
    found = [event_type_out(one) for one in EVENTS]
    return EventTypeList(event_types=found, total=len(found))


@router.get("/{webhook_id}")
def get(webhook_id: str, who: Who, state: State) -> WebhookOut:
    with state.database.read() as session:
        row = _service(session, who, state).get(webhook_id)
    return webhook_out(row, state.keys)


@router.patch("/{webhook_id}")
def update(webhook_id: str, body: WebhookPatch, who: Who, state: State) -> WebhookOut:
    change = change_of(WebhookChange, body.given())
    with state.database.write() as session:
        row = _service(session, who, state).change(webhook_id, change)
    return webhook_out(row, state.keys)


@router.delete("/{webhook_id}")
def delete(webhook_id: str, who: Who, state: State) -> MessageOut:
    with state.database.write() as session:
        _service(session, who, state).delete(webhook_id)
    return MessageOut(message="Webhook deleted")


@router.post("/{webhook_id}/rotate-secret", status_code=201)
def rotate_secret(webhook_id: str, who: Who, state: State, body: RotateSecretIn | None = None) -> NewWebhookOut:
    asked = body or RotateSecretIn()
    with state.database.write() as session:
        service = _service(session, who, state)
        row, secret = service.rotate(webhook_id, asked.overlap_hours, asked.secret)
    return new_webhook_out(row, state.keys, secret)


@router.post("/{webhook_id}/test")
@in_pool(lambda pools: pools.pings)
def ping(webhook_id: str, who: Who, state: State, body: PingIn | None = None) -> DeliveryDetail:
    """Send a sample now, once, and see what the receiver answered."""
    return delivery_detail(_log(state).ping(who, state.webhooks(), webhook_id, body.event_type if body else None))


@router.post("/{webhook_id}/replay", status_code=202)
def replay(webhook_id: str, body: ReplayIn, who: Who, state: State) -> ReplayOut:
    """Send what happened since a moment; what was sent before keeps its id."""
    asked = Replay(body.since, body.until, body.only)
    with state.database.write() as session:
        service = _service(session, who, state)
        events = service.replay(webhook_id, asked, state.settings.webhook_log_days)
    return ReplayOut(message="Replay queued", events=events)


@router.get("/{webhook_id}/deliveries")
def deliveries(
    webhook_id: str, who: Who, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50,
    offset: Offset = 0,
) -> DeliveryList:  # fmt: skip
    with state.database.read() as session:
        service = _service(session, who, state)
        rows, total = service.deliveries(webhook_id, wanted, limit, offset)
    return DeliveryList(deliveries=[delivery_out(row) for row in rows], total=total)


@router.get("/{webhook_id}/deliveries/{delivery_id}")
def delivery(webhook_id: str, delivery_id: str, who: Who, state: State) -> DeliveryDetail:
    return delivery_detail(_log(state).whole(who, webhook_id, delivery_id))


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
def redeliver(webhook_id: str, delivery_id: str, who: Who, state: State) -> DeliveryOut:
    """Send it again, with the same id."""
    with state.database.write() as session:
        row = _service(session, who, state).redeliver(webhook_id, delivery_id)
    return delivery_out(row)
