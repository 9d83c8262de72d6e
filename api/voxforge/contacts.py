"""VoxForge: whom a campaign calls (ours: CONTRACT, VoxForge)."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import AliasChoices, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.body_limits import PLAIN_BODY_BYTES, takes_files, too_large
from api.fields import CamelInput, CamelOutput, IdText, JsonObject, Limit, Name, Offset, ShortText
from api.json_body import parsed
from api.principal import KeyWho
from api.state import State
from api.voxforge.calls import CamelCallSandbox
from api.voxforge.campaigns import CampaignId
from api.voxforge.surface import VOXFORGE
from core.errors import InvalidInput
from core.strict_model import first_fault
from domain.campaigns.contacts import NewContact, Report
from domain.campaigns.contacts_csv import read_contacts
from domain.campaigns.intake import ContactIntake
from domain.campaigns.service import CampaignService
from domain.leads.contact import split_name
from domain.models import CampaignContact, ContactStatus
from domain.principal import Permission

router = VOXFORGE.router("/api/v1/campaigns/{campaignId}/contacts", tag="Contacts")
ContactId = Annotated[str, Path(alias="contactId")]
MOST_BYTES = 32 * 2**20  # of a CSV: half a million rows
MOST = 20_000  # of a JSON body


class ContactIn(CamelInput):
    to: ShortText | None = Field(None, validation_alias=AliasChoices("to", "phoneNumber", "phone", "toNumber"))
    contact_id: Name | None = Field(
        None, validation_alias=AliasChoices("contactId", "leadId"),
        description="A lead, whose number is called without a `to`; any other id is kept as your own reference.",
    )  # fmt: skip
    name: Name | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    email: ShortText | None = None
    company: Name | None = None
    custom: JsonObject = Field({}, validation_alias=AliasChoices("customData", "metadata"))
    sandbox: CamelCallSandbox | None = Field(None, description="Over the campaign's own.")

    def contact(self, row: int) -> NewContact:
        first, last = self.first_name, self.last_name
        if self.name and not (first or last):
            first, last = split_name(self.name)
        script = self.sandbox.script() if self.sandbox else {}
        return NewContact(row, self.to, self.contact_id, first, last, self.email, self.company, self.custom, script)


class ContactsIn(CamelInput):
    """One of the two, or both."""

    contact_ids: list[IdText] = Field([], max_length=MOST, description="Leads.")
    contacts: list[ContactIn] = Field([], max_length=MOST)

    def entries(self) -> list[NewContact]:
        named = [NewContact(row, contact_id=one) for row, one in enumerate(self.contact_ids, start=1)]
        return [*named, *(one.contact(row) for row, one in enumerate(self.contacts, start=len(named) + 1))]


class ContactProblem(CamelOutput):
    row: int = Field(description="Of a CSV the line in which it begins, the header's being 1; else the place, from 1.")
    code: str
    message: str


class ContactReport(CamelOutput):
    total: int
    added: int
    duplicates: int = Field(description="In the campaign already, or twice in the request: nobody is called twice.")
    failed: int
    errors: list[ContactProblem] = Field(
        validation_alias="problems", description="Why each of the failed was not taken, of the first 10,000."
    )


class ContactOut(CamelOutput):
    id: str
    campaign_id: str
    contact_id: str | None = Field(description="As you named them; else the lead.")
    phone_number: str = Field(validation_alias="to_number", description="E.164.")
    first_name: str | None
    last_name: str | None
    email: str | None
    company: str | None
    custom_data: dict[str, Any] = Field(validation_alias="custom")
    timezone: str = Field(description="By whose clocks they are called.")
    status: ContactStatus
    reason: str | None = Field(description="Of the last call that failed; campaign-ended or campaign-cancelled.")
    call_attempts: int = Field(validation_alias="calls")
    last_called_at: datetime | None = Field(validation_alias="called_at")
    next_call_at: datetime | None = Field(validation_alias="next_at", description="At the earliest.")
    call_id: str | None = Field(description="The last call.")
    created_at: datetime
    updated_at: datetime


class ContactList(CamelOutput):
    contacts: list[ContactOut]
    total: int
    limit: int
    offset: int


_CSV = (
    "A header names the columns: phone, firstName, lastName (or name), email, company, contactId. All others are kept."
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ContactsIn.model_json_schema(ref_template="#/components/schemas/{model}")},
            "text/csv": {"schema": {"type": "string", "description": _CSV}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": _CSV}},
                }
            },
        },
    }
}


def _out(row: CampaignContact) -> ContactOut:
    return ContactOut.model_validate(row)


@router.post("", status_code=201, openapi_extra=_BODY)
@takes_files(Permission.CALLS_WRITE, MOST_BYTES)
async def add_contacts(campaign_id: CampaignId, request: Request, who: KeyWho, state: State) -> ContactReport:
    """Leads, contacts, or a CSV; each number is called once, in the order in which they came. What cannot be called is
    told row by row, and the rest is taken. A campaign that had run out of contacts goes on."""
    intake = ContactIntake(state.database, who, campaign_id)
    await run_in_threadpool(intake.check)
    data, is_csv = await _body(request)
    report = await state.pools.batches.run(partial(_take, intake, data, is_csv))
    return ContactReport.model_validate(report)


def _take(intake: ContactIntake, data: bytes, is_csv: bool) -> Report:
    return intake.add(read_contacts(data) if is_csv else _contacts(data))


async def _body(request: Request) -> tuple[bytes, bool]:
    """What was sent, and whether it is a CSV."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return await request.body(), kind in ("text/csv", "application/csv", "text/plain")
    async with request.form(max_files=1, max_fields=10) as form:
        file = next((value for _, value in form.multi_items() if isinstance(value, UploadFile)), None)
        if file is None:
            raise InvalidInput("Send the CSV as a file.", field="file")
        return await file.read(), True


def _contacts(data: bytes) -> list[NewContact]:
    if len(data) > PLAIN_BODY_BYTES:
        raise too_large(PLAIN_BODY_BYTES)
    body = parsed(data)
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object with contacts or contactIds.")
    try:
        return ContactsIn.model_validate(body).entries()
    except ValidationError as error:
        raise first_fault(error.errors()) from None


@router.get("")
def page(
    campaign_id: CampaignId,
    who: KeyWho,
    state: State,
    status: ContactStatus | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> ContactList:
    """As they were added."""
    with state.database.read() as session:
        rows, total = CampaignService(session, who).contacts(campaign_id, status, limit, offset)
    return ContactList(contacts=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.get("/{contactId}")
def get(campaign_id: CampaignId, contact_id: ContactId, who: KeyWho, state: State) -> ContactOut:
    with state.database.read() as session:
        return _out(CampaignService(session, who).contact(campaign_id, contact_id))
