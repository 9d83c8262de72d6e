"""CONTRACT, Insydr row 3: API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from api.fields import FromText, Input, Limit, MessageOut, Moment, Name, Offset, Output, ShortText
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.api_keys.service import OVERLAP_HOURS, ApiKeyService, KeyKind, KeyOrder

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/api-keys", tag="API keys")
WARNING = "Save this key - it won't be shown again!"


class KeyIn(Input):
    name: Name
    kind: Annotated[KeyKind, FromText] = KeyKind.PUBLIC
    allowed_domains: list[ShortText] = Field([], max_length=100)
    permissions: list[ShortText] = Field(["*"], max_length=100)
    allowed_ips: list[ShortText] = Field([], max_length=100)
    expires_at: Moment | None = None
    messages_per_day: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="Of a public key: what its visitors may ask in all, a UTC day; then 429 DAILY_LIMIT."
    )


class RotateIn(Input):
    overlap_hours: int = Field(OVERLAP_HOURS, ge=0, le=720, description="How long the old key works on.")


class KeyOut(Output):
    id: str
    name: str
    kind: str
    key_prefix: str
    allowed_domains: list[str]
    permissions: list[str]
    allowed_ips: list[str]
    messages_per_day: int | None
    is_active: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class NewKeyOut(KeyOut):
    key: str
    message: str = WARNING


class KeyList(BaseModel):
    api_keys: list[KeyOut]
    total: int


@router.post("", status_code=201)
def create(body: KeyIn, who: Who, state: State) -> NewKeyOut:
    order = KeyOrder(
        body.name, body.kind, tuple(body.allowed_domains), tuple(body.permissions), tuple(body.allowed_ips),
        body.expires_at, body.messages_per_day,
    )  # fmt: skip
    with state.database.write() as session:
        row, key = ApiKeyService(session, who, state.keys).create(order)
    return NewKeyOut(**KeyOut.model_validate(row).model_dump(), key=key)


@router.get("")
def page(who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> KeyList:
    with state.database.read() as session:
        rows, total = ApiKeyService(session, who, state.keys).page(limit, offset)
    return KeyList(api_keys=[KeyOut.model_validate(row) for row in rows], total=total)


@router.delete("/{key_id}")
def revoke(key_id: str, who: Who, state: State) -> MessageOut:
    with state.database.write() as session:
        ApiKeyService(session, who, state.keys).revoke(key_id)
    return MessageOut(message="API key revoked")


@router.post("/{key_id}/rotate", status_code=201)
def rotate(key_id: str, who: Who, state: State, body: RotateIn | None = None) -> NewKeyOut:
    hours = (body or RotateIn()).overlap_hours
    with state.database.write() as session:
        row, key = ApiKeyService(session, who, state.keys).rotate(key_id, hours)
    return NewKeyOut(**KeyOut.model_validate(row).model_dump(), key=key)
