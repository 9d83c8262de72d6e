"""FrontDesk 3.6: webhooks, which are the workspace's own whichever surface made them."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy.orm import Session

from api.fields import CamelInput, CamelOutput, Limit, MessageOut, Name, Offset, ShortText
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.state import ApiState, State
from domain.events.registry import Dialect
from domain.models import Webhook
from domain.principal import Principal
from domain.webhooks.rules import MOST_RETRIES, RETRY_DELAYS_S
from domain.webhooks.sealing import readable_headers
from domain.webhooks.service import NewWebhook, WebhookService

router = FRONTDESK.router("/api/webhooks", tag="Webhooks")
WebhookId = Annotated[str, Path(alias="webhookId")]


class WebhookIn(CamelInput):
    name: Name | None = Field(None, description="Its host without one.")
    url: ShortText
    events: list[ShortText] = Field(max_length=200, validation_alias=AliasChoices("events", "eventTypes"))
    headers: dict[str, str] = Field({}, max_length=100)
    secret: str | None = Field(None, max_length=200, description="Without it one is made.")
    max_retries: int = Field(3, ge=0, le=MOST_RETRIES)


class WebhookOut(CamelOutput):
    id: str
    name: str
    url: str
    events: list[str]
    headers: dict[str, str]
    max_retries: int
    is_active: bool
    created_at: datetime


class NewWebhookOut(WebhookOut):
    secret: str = Field(description="Shown this once.")


class WebhookList(BaseModel):
    webhooks: list[WebhookOut]
    total: int
    limit: int
    offset: int


def _service(session: Session, who: Principal, state: ApiState) -> WebhookService:
    return WebhookService(session, who, state.keys, state.web.backend)


def _out(row: Webhook, state: ApiState) -> WebhookOut:
    return WebhookOut(
        id=row.id, name=row.name, url=row.url, events=row.event_types, headers=readable_headers(state.keys, row),
        max_retries=len(row.retry_delays_s), is_active=row.is_active, created_at=row.created_at,
    )  # fmt: skip


def _delays(retries: int) -> list[int]:
    """As VoxForge has them; the last one again where there are more."""
    return [RETRY_DELAYS_S[min(number, len(RETRY_DELAYS_S) - 1)] for number in range(retries)]


@router.get("")
def page(who: KeyWho, state: State, limit: Limit = 50, offset: Offset = 0) -> WebhookList:
    with state.database.read() as session:
        rows, total = _service(session, who, state).page(limit, offset)
    return WebhookList(webhooks=[_out(row, state) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: WebhookIn, who: KeyWho, state: State) -> NewWebhookOut:
    new = NewWebhook(
        body.name or body.url.partition("://")[2].partition("/")[0][:200], body.url, body.events, headers=body.headers,
        retry_delays_s=_delays(body.max_retries), secret=body.secret, surface=Dialect.FRONTDESK,
    )  # fmt: skip
    with state.database.write() as session:
        row, secret = _service(session, who, state).create(new, state.settings.webhooks_max)
        session.flush()
        return NewWebhookOut(**_out(row, state).model_dump(), secret=secret)


@router.delete("/{webhookId}")
def delete(webhook_id: WebhookId, who: KeyWho, state: State) -> MessageOut:
    with state.database.write() as session:
        _service(session, who, state).delete(webhook_id)
    return MessageOut(message="Webhook deleted")
