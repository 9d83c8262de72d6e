"""FrontDesk 3.4: text messages."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Path, Query
from pydantic import AliasChoices, BaseModel, Field

from api.fields import CamelInput, CamelOutput, IdText, Limit, Moment, Offset, ShortText, Text, check_order
from api.frontdesk.played import Played
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.state import State
from domain.models import Direction, SmsStatus, TextMessage
from domain.texting.repository import Wanted
from domain.texting.service import LONGEST, Incoming, NewText, TextService

router = FRONTDESK.router("/api/sms", tag="SMS")
SmsId = Annotated[str, Path(alias="smsId")]
Body = Annotated[Text, Field(max_length=LONGEST)]
MediaUrl = Annotated[str, Field(max_length=2_000, pattern=r"^https://[^\s]+$")]
MediaUrls = Annotated[list[MediaUrl], Field(max_length=10)]


class SmsSandbox(Played):
    outcome: Literal["delivered", "failed", "undelivered"] | None = None


class SmsIn(CamelInput):
    to: ShortText
    body: Body = Field("", validation_alias=AliasChoices("body", "message"))
    sender: ShortText | None = Field(None, validation_alias="from", description="The front office's number without it.")
    media_urls: MediaUrls = []
    conversation_id: IdText | None = Field(None, description="A thread that is there; two numbers have one anyway.")
    sandbox: SmsSandbox | None = None


class IncomingIn(CamelInput):
    sender: ShortText = Field(validation_alias="from")
    to: ShortText | None = None
    body: Body = Field("", validation_alias=AliasChoices("body", "message"))
    media_urls: MediaUrls = []
    message_id: IdText | None = Field(None, description="The same id again is the same message.")


class SmsOut(CamelOutput):
    id: str
    direction: str
    sender: str = Field(validation_alias="from_number", serialization_alias="from")
    to: str = Field(validation_alias="to_number")
    body: str
    media_urls: list[str]
    conversation_id: str
    customer_id: str | None = Field(validation_alias="lead_id", description="The lead.")
    status: str = Field(description="queued, sent, delivered, failed, undelivered or received.")
    error: str | None
    provider: str = Field(description="sandbox: nobody's phone buzzed.")
    send_after: datetime | None = Field(description="When the quiet hours end for which it waits.")
    sent_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class SmsList(BaseModel):
    messages: list[SmsOut]
    total: int
    limit: int
    offset: int


class ConsentIn(CamelInput):
    number: ShortText
    opted_out: bool


class ConsentOut(CamelOutput):
    number: str
    opted_out: bool = Field(validation_alias="is_out")
    word: str = Field(description="How the number said so; empty where somebody noted it.")
    created_at: datetime


class ConsentList(CamelOutput):
    opt_outs: list[ConsentOut]
    total: int
    limit: int
    offset: int


def _wanted(
    status: SmsStatus | None = None,
    direction: Direction | None = None,
    conversation_id: Annotated[str | None, Query(alias="conversationId", max_length=64)] = None,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=64)] = None,
    number: Annotated[str | None, Query(max_length=64, description="E.164, of either side.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Made at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Made before this moment.")] = None,
) -> Wanted:
    check_order(since, until)
    return Wanted(status, direction, conversation_id, customer_id, number, since, until)


def _out(row: TextMessage) -> SmsOut:
    return SmsOut.model_validate(row)


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> SmsList:
    with state.database.read() as session:
        rows, total = TextService(session, who).page(wanted, limit, offset)
    return SmsList(messages=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def send(body: SmsIn, who: KeyWho, state: State) -> SmsOut:
    script = body.sandbox.script() if body.sandbox else {}
    new = NewText(body.to, body.body, body.sender, body.media_urls, body.conversation_id, script)
    with state.database.write() as session:
        row = TextService(session, who).send(new)
    return _out(row)


@router.post("/receive", status_code=201)
def receive(body: IncomingIn, who: KeyWho, state: State) -> SmsOut:
    """The sandbox's: as if a message had come in."""
    new = Incoming(body.sender, body.body, body.to, body.media_urls, provider_message_id=body.message_id)
    with state.database.write() as session:
        row = TextService(session, who).receive(new)
    return _out(row)


@router.get("/opt-outs")
def consents(who: KeyWho, state: State, limit: Limit = 50, offset: Offset = 0) -> ConsentList:
    """Who wants no messages, and who said that they do."""
    with state.database.read() as session:
        rows, total = TextService(session, who).consents(limit, offset)
    found = [ConsentOut.model_validate(row) for row in rows]
    return ConsentList(opt_outs=found, total=total, limit=limit, offset=offset)


@router.post("/opt-outs", status_code=201)
def note_consent(body: ConsentIn, who: KeyWho, state: State) -> ConsentOut:
    """What somebody said elsewhere than by message."""
    with state.database.write() as session:
        row = TextService(session, who).set_consent(body.number, is_out=body.opted_out)
    return ConsentOut.model_validate(row)


@router.get("/{smsId}")
def get(sms_id: SmsId, who: KeyWho, state: State) -> SmsOut:
    with state.database.read() as session:
        return _out(TextService(session, who).get(sms_id))
