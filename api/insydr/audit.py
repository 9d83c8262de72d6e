"""Ours: the audit log, as pages and as CSV."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from api.csv_rows import MEDIA_TYPE, csv_rows
from api.fields import Limit, Moment, Offset, check_order
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.audit.actions import Action, TargetType
from domain.audit.repository import Audited, AuditFilter
from domain.audit.service import AuditService, exported
from domain.principal import Actor

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/audit", tag="Audit log")
COLUMNS = (
    "created_at", "action", "actor_kind", "actor_id", "actor_email", "key_id", "key_name", "target_type", "target_id",
    "target_name", "before", "after", "address", "request_id", "id",
)  # fmt: skip
IdQuery = Annotated[str | None, Query(max_length=64)]


class ActorOut(BaseModel):
    kind: Actor
    id: str | None = Field(description="The person, of a key its creator.")
    email: str | None = Field(description="As it is today.")
    key_id: str | None
    key_name: str | None


class TargetOut(BaseModel):
    type: TargetType
    id: str
    name: str | None = Field(description="As it was called then.")


class AuditOut(BaseModel):
    id: str
    action: Action
    actor: ActorOut
    target: TargetOut
    before: dict[str, Any] | None = Field(description="The fields that changed, without secrets.")
    after: dict[str, Any] | None
    address: str | None
    request_id: str | None = Field(description="`X-Request-Id` of the request.")
    created_at: datetime


class AuditList(BaseModel):
    entries: list[AuditOut]
    total: int


def _wanted(
    action: Action | None = None,
    actor_kind: Actor | None = None,
    actor_id: IdQuery = None,
    target_type: TargetType | None = None,
    target_id: IdQuery = None,
    since: Annotated[Moment | None, Query(alias="from", description="At or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Before this moment.")] = None,
) -> AuditFilter:
    check_order(since, until)
    return AuditFilter(action, actor_kind, actor_id, target_type, target_id, since, until)


Filters = Annotated[AuditFilter, Depends(_wanted)]
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The oldest first."}
}


@router.get("")
def page(who: Who, state: State, wanted: Filters, limit: Limit = 50, offset: Offset = 0) -> AuditList:
    with state.database.read() as session:
        rows, total = AuditService(session, who).page(wanted, limit, offset)
    return AuditList(entries=[_out(row) for row in rows], total=total)


@router.get("/export", response_class=StreamingResponse, responses=_CSV)
def export(who: Who, state: State, wanted: Filters) -> Response:
    pages = exported(state.database, who, wanted)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(csv_rows(COLUMNS, _rows(pages)), media_type=MEDIA_TYPE, headers=headers)


def _rows(pages: Iterator[list[Audited]]) -> Iterator[list[Any]]:
    for page in pages:
        for found in page:
            one = found.entry
            email = found.actor.email if found.actor else None
            told = [json.dumps(part, ensure_ascii=False) if part else None for part in (one.before, one.after)]
            yield [
                one.created_at, one.action, one.actor_kind, one.actor_id, email, one.key_id, found.key_name,
                one.target_type, one.target_id, one.target_name, *told, one.address, one.request_id, one.id,
            ]  # fmt: skip


def _out(found: Audited) -> AuditOut:
    one = found.entry
    return AuditOut(
        id=one.id,
        action=Action(one.action),
        actor=ActorOut(
            kind=Actor(one.actor_kind), id=one.actor_id, email=found.actor.email if found.actor else None,
            key_id=one.key_id, key_name=found.key_name,
        ),
        target=TargetOut(type=TargetType(one.target_type), id=one.target_id, name=one.target_name),
        before=one.before, after=one.after, address=one.address, request_id=one.request_id,
        created_at=one.created_at,
    )  # fmt: skip
