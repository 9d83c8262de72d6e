"""FrontDesk 3.2: leads."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AliasChoices, BaseModel, Field

from api.fields import (
    CamelInput,
    CamelOutput,
    FromText,
    JsonObject,
    Limit,
    Moment,
    Name,
    Offset,
    ShortText,
    Text,
    check_order,
)
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.state import State
from domain.changes import change_of
from domain.leads.contact import full_name, split_name
from domain.leads.repository import Wanted
from domain.leads.service import LeadService, LeadUpdate, NewLead
from domain.models import Lead, LeadSource, LeadStage

router = FRONTDESK.router("/api/leads", tag="Leads")
LeadId = Annotated[str, Path(alias="leadId")]
Score = Annotated[int, Field(ge=0, le=100)]
Tags = Annotated[list[Name], Field(max_length=100)]
Tasks = Annotated[list[JsonObject | Text], Field(max_length=200)]
Notes = Annotated[Text, Field(max_length=20_000)]
_FULL = AliasChoices("name", "fullName")


class LeadFields(CamelInput):
    first_name: Name | None = None
    last_name: Name | None = None
    full_name: Name | None = Field(None, validation_alias=_FULL, description="First and last name in one.")
    email: ShortText | None = None
    phone: ShortText | None = None
    company: Name | None = None
    score: Score | None = None
    notes: Notes | None = None
    assigned_to: Name | None = None

    def changes(self) -> dict[str, Any]:
        """What was given, by the domain's names."""
        given = self.given()
        if full := given.pop("full_name", None):
            given["first_name"], given["last_name"] = split_name(full)
        return given


class LeadIn(LeadFields):
    source: Annotated[LeadSource, FromText] = LeadSource.OTHER
    stage: Annotated[LeadStage, FromText] = LeadStage.NEW
    tags: Tags = []
    tasks: Tasks = []
    custom_fields: JsonObject = {}
    trade: Name | None = Field(None, description="Kept among the custom fields, as serviceArea is.")
    service_area: Name | None = None

    def changes(self) -> dict[str, Any]:
        given = super().changes()
        form = {"trade": given.pop("trade", None), "serviceArea": given.pop("service_area", None)}
        return given | {"custom_fields": self.custom_fields | {name: one for name, one in form.items() if one}}


class LeadPut(LeadFields):
    source: Annotated[LeadSource, FromText] | None = None
    stage: Annotated[LeadStage, FromText] | None = None
    tags: Tags | None = None
    tasks: Tasks | None = None
    custom_fields: JsonObject | None = None


class LeadOut(CamelOutput):
    id: str
    first_name: str | None
    last_name: str | None
    name: str | None
    email: str | None
    phone: str | None = Field(description="E.164.")
    company: str | None
    source: str
    stage: str
    score: int | None
    tags: list[str]
    notes: str | None
    tasks: list[Any]
    custom_fields: dict[str, Any]
    assigned_to: str | None
    conversation_id: str | None = Field(description="In which they left their address.")
    created_at: datetime
    updated_at: datetime


class LeadList(BaseModel):
    leads: list[LeadOut]
    total: int
    limit: int
    offset: int


class LeadChangeOut(CamelOutput):
    id: str
    changed_by: str | None = Field(description="The user; null where it happened by itself.")
    key_id: str | None = Field(description="The API key that they used.")
    before: dict[str, Any]
    after: dict[str, Any]
    created_at: datetime


class LeadHistory(BaseModel):
    changes: list[LeadChangeOut]
    total: int
    limit: int
    offset: int


def _wanted(
    stage: LeadStage | None = None,
    source: LeadSource | None = None,
    assigned_to: Annotated[str | None, Query(alias="assignedTo", max_length=200)] = None,
    search: Annotated[str | None, Query(max_length=200, description="In names, addresses and companies.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Made at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Made before this moment.")] = None,
) -> Wanted:
    check_order(since, until)
    return Wanted(stage, source, assigned_to, search, since, until)


def _out(row: Lead) -> LeadOut:
    own = {name: getattr(row, name) for name in LeadOut.model_fields.keys() - {"name", "phone"}}
    return LeadOut(**own, name=full_name(row), phone=row.phone_key)


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> LeadList:
    with state.database.read() as session:
        rows, total = LeadService(session, who).page(wanted, limit, offset)
    return LeadList(leads=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: LeadIn, who: KeyWho, state: State) -> LeadOut:
    with state.database.write() as session:
        row = LeadService(session, who).create(change_of(NewLead, body.changes()))
    return _out(row)


@router.get("/{leadId}")
def get(lead_id: LeadId, who: KeyWho, state: State) -> LeadOut:
    with state.database.read() as session:
        return _out(LeadService(session, who).get(lead_id))


@router.put("/{leadId}")
def update(lead_id: LeadId, body: LeadPut, who: KeyWho, state: State) -> LeadOut:
    """What is given replaces what there is; what is left out stays, null clears."""
    with state.database.write() as session:
        row = LeadService(session, who).change(lead_id, change_of(LeadUpdate, body.changes()))
    return _out(row)


@router.get("/{leadId}/history")
def history(lead_id: LeadId, who: KeyWho, state: State, limit: Limit = 50, offset: Offset = 0) -> LeadHistory:
    """What was changed, when and by whom, the newest first."""
    with state.database.read() as session:
        rows, total = LeadService(session, who).history(lead_id, limit, offset)
    found = [LeadChangeOut.model_validate(row) for row in rows]
    return LeadHistory(changes=found, total=total, limit=limit, offset=offset)
