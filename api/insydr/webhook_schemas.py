"""Fields of webhooks and their deliveries."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.fields import FromText, Input, Moment, Name, Output, ShortText
from core.crypto import Keyring
from domain.events.registry import WireEvent
from domain.models import Delivery, DeliveryStatus, Webhook
from domain.webhooks.deliveries import Logged
from domain.webhooks.replay import Only
from domain.webhooks.rules import RETRY_DELAYS_S
from domain.webhooks.sealing import readable_headers
from domain.webhooks.service import OVERLAP_HOURS

WARNING = "Save the secret - it won't be shown again!"
Headers = Annotated[
    dict[str, str], Field(description="Sent along. Values of names that sound secret are shown masked.")
]
EventTypes = Annotated[list[ShortText], Field(max_length=200, description="As in `GET …/webhooks/event-types`.")]
Delays = Annotated[
    list[int],
    Field(max_length=100, description="Seconds before the second try, the third …; each with up to a tenth more."),
]
Secret = Annotated[
    str, Field(max_length=200, description="`whsec_` and 24 to 64 random bytes in Base64; without it one is made.")
]


class WebhookIn(Input):
    name: Name
    url: ShortText
    event_types: EventTypes
    description: ShortText | None = None
    headers: Headers = Field({}, max_length=100)
    is_active: bool = True
    retry_delays_s: Delays = list(RETRY_DELAYS_S)
    secret: Secret | None = None


class WebhookPatch(Input):
    name: Name | None = None
    url: ShortText | None = None
    event_types: EventTypes | None = None
    description: ShortText | None = None
    headers: Headers | None = Field(None, max_length=100)
    is_active: bool | None = None
    retry_delays_s: Delays | None = None


class RotateSecretIn(Input):
    overlap_hours: int = Field(OVERLAP_HOURS, ge=0, le=720, description="How long the old secret signs beside it.")
    secret: Secret | None = None


class PingIn(Input):
    event_type: ShortText | None = Field(None, description="Whose sample is sent; the webhook's first without it.")


class ReplayIn(Input):
    since: Moment
    until: Moment | None = Field(None, description="Now without it.")
    only: Annotated[Only, FromText] = Field(Only.ALL, description="UNDELIVERED leaves out what was delivered.")


class WebhookOut(Output):
    id: str
    name: str
    description: str | None
    url: str
    event_types: list[str]
    headers: dict[str, str]
    surface: str
    is_active: bool
    retry_delays_s: list[int]
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class NewWebhookOut(WebhookOut):
    secret: str
    message: str = WARNING


class WebhookList(BaseModel):
    webhooks: list[WebhookOut]
    total: int


class EventTypeOut(BaseModel):
    name: str
    surface: str
    version: int
    description: str
    data_schema: dict[str, Any] = Field(description="JSON Schema of the body's `data`.")
    sample: dict[str, Any]


class EventTypeList(BaseModel):
    event_types: list[EventTypeOut]
    total: int


class DeliveryOut(Output):
    id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    is_test: bool
    attempts: int
    response_status: int | None
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class DeliveryList(BaseModel):
    deliveries: list[DeliveryOut]
    total: int


class AttemptOut(Output):
    number: int
    url: str
    request_headers: dict[str, Any]
    status_code: int | None
    error: str | None
    response: str | None
    latency_ms: int
    created_at: datetime


class DeliveryDetail(DeliveryOut):
    body: str | None = Field(description="What is sent, as of now; null where the event is not kept any more.")
    attempt_log: list[AttemptOut]


class ReplayOut(BaseModel):
    message: str
    events: int


def webhook_out(row: Webhook, keys: Keyring) -> WebhookOut:
    own = {name: getattr(row, name) for name in WebhookOut.model_fields.keys() - {"headers", "previous_secret_until"}}
    return WebhookOut(**own, headers=readable_headers(keys, row), previous_secret_until=row.previous_until)


def new_webhook_out(row: Webhook, keys: Keyring, secret: str) -> NewWebhookOut:
    return NewWebhookOut(**webhook_out(row, keys).model_dump(), secret=secret)


def event_type_out(event: WireEvent) -> EventTypeOut:
    return EventTypeOut(
        name=event.name, surface=event.dialect, version=event.version, description=event.description,
        data_schema=event.schema, sample=event.sample,
    )  # fmt: skip


def delivery_out(row: Delivery) -> DeliveryOut:
    own = {name: getattr(row, name) for name in DeliveryOut.model_fields.keys() - {"next_attempt_at"}}
    return DeliveryOut(**own, next_attempt_at=row.due_at if row.status == DeliveryStatus.PENDING else None)


def delivery_detail(logged: Logged) -> DeliveryDetail:
    log = [AttemptOut.model_validate(one) for one in logged.attempts]
    return DeliveryDetail(**delivery_out(logged.delivery).model_dump(), body=logged.body, attempt_log=log)
