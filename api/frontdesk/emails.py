"""FrontDesk 3.5: mails."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, Field

from api.body_limits import takes_files
from api.fields import CamelInput, CamelOutput, FromText, IdText, Limit, Moment, Offset, ShortText, Text, check_order
from api.frontdesk.played import Played
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.ranges import download
from api.state import State
from core.errors import InvalidInput
from domain.emails.attachments import MOST, File, blob_key, stored
from domain.emails.repository import Wanted
from domain.emails.service import MOST_ADDRESSES, EmailService, Incoming, NewEmail
from domain.models import Direction, Email, EmailPriority, EmailStatus
from domain.principal import Permission

router = FRONTDESK.router("/api/emails", tag="E-mails")
EmailId = Annotated[str, Path(alias="emailId")]
AttachmentId = Annotated[str, Path(alias="attachmentId")]
OneAddress = Annotated[Text, Field(max_length=500)]
Several = BeforeValidator(lambda given: [given] if isinstance(given, str) else given, str | list[str])
Addresses = Annotated[list[OneAddress], Field(max_length=MOST_ADDRESSES), Several]
To = Annotated[list[OneAddress], Field(min_length=1, max_length=MOST_ADDRESSES), Several]
Subject = Annotated[Text, Field(max_length=998, description="One line. A reply without one has its thread's.")]
Body = Annotated[Text, Field(max_length=200_000, description="Plain text.")]
BodyHtml = Annotated[Text, Field(max_length=500_000, description="Scripts and what else could run are taken out.")]
Words = BeforeValidator(lambda given: given.split() if isinstance(given, str) else given, str | list[str])
MessageIds = Annotated[list[ShortText], Field(max_length=100), Words]


class AttachmentIn(CamelInput):
    filename: Annotated[Text, Field(max_length=255)]
    content: str = Field(repr=False, description="Base64.")
    content_type: Annotated[str, Field(max_length=127, pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/octet-stream"


BODY_BYTES = 16 * 2**20  # ten mebibytes of files in Base64, and the rest
Attachments = Annotated[list[AttachmentIn], Field(max_length=MOST, description="10 MiB together, at most.")]


class EmailSandbox(Played):
    outcome: Literal["delivered", "bounced", "failed"] | None = None


class EmailIn(CamelInput):
    to: To = Field(description="One address or several: ada@example.com, or Ada <ada@example.com>.")
    cc: Addresses = []
    subject: Subject | None = None
    body: Body | None = None
    body_html: BodyHtml | None = None
    attachments: Attachments = []
    thread_id: IdText | None = Field(None, description="The thread that it answers in.")
    priority: Annotated[EmailPriority, FromText] = EmailPriority.NORMAL
    status: Literal["draft", "pending_approval"] | None = Field(None, description="Kept, and not sent yet.")
    sandbox: EmailSandbox | None = None


class IncomingIn(CamelInput):
    sender: OneAddress = Field(validation_alias="from")
    to: Addresses = Field([], description="The front office's own address without it.")
    cc: Addresses = []
    subject: Subject | None = None
    body: Body | None = None
    body_html: BodyHtml | None = None
    in_reply_to: ShortText | None = None
    references: MessageIds = Field([], description="As a list, or as a header has them.")
    message_id: ShortText | None = Field(None, description="The same id again is the same mail.")
    thread_id: IdText | None = Field(None, description="Where it refers to no mail that is here.")
    attachments: Attachments = []


class AttachmentOut(CamelOutput):
    id: str
    filename: str
    content_type: str
    size: int = Field(description="Bytes.")


class EmailOut(CamelOutput):
    id: str
    direction: str = Field(description="inbound or outbound.")
    sender: str = Field(serialization_alias="from")
    to: list[str] = Field(validation_alias="recipients")
    cc: list[str] = Field(validation_alias="copies")
    subject: str
    body: str = Field(description="Plain text; of the HTML where there was no other.")
    body_html: str | None = Field(description="Sanitised.")
    attachments: list[AttachmentOut]
    thread_id: str
    customer_id: str | None = Field(validation_alias="lead_id", description="The lead.")
    priority: str
    status: str = Field(description="draft, pending_approval, queued, sent, delivered, bounced, failed or received.")
    error: str | None
    provider: str = Field(description="sandbox: it left for nobody's mailbox.")
    message_id: str
    sent_at: datetime | None
    created_at: datetime
    updated_at: datetime


class EmailList(BaseModel):
    emails: list[EmailOut]
    total: int
    limit: int
    offset: int


def _wanted(
    status: EmailStatus | None = None,
    direction: Direction | None = None,
    thread_id: Annotated[str | None, Query(alias="threadId", max_length=64)] = None,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=64)] = None,
    search: Annotated[str | None, Query(max_length=200, description="In subjects.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Made at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Made before this moment.")] = None,
) -> Wanted:
    check_order(since, until)
    return Wanted(status, direction, thread_id, customer_id, search, since, until)


def _files(given: list[AttachmentIn]) -> list[File]:
    return [File(one.filename, one.content_type, _decoded(number, one)) for number, one in enumerate(given)]


def _decoded(number: int, given: AttachmentIn) -> bytes:
    try:
        return base64.b64decode(given.content, validate=True)
    except (binascii.Error, ValueError):
        field = f"attachments.{number}.content"
        raise InvalidInput(f"{field} is no Base64.", code="INVALID_BASE64", field=field) from None


def _out(row: Email) -> EmailOut:
    named = {"sender", "recipients", "copies", "lead_id"}
    same = EmailOut.model_fields.keys() - {"sender", "to", "cc", "customer_id", "attachments"} | named
    attached = [AttachmentOut(**{**one, "size": one["bytes"]}) for one in row.attachments]
    return EmailOut(**{name: getattr(row, name) for name in same}, attachments=attached)


@router.get("")
def page(
    who: KeyWho, state: State, wanted: Annotated[Wanted, Depends(_wanted)], limit: Limit = 50, offset: Offset = 0
) -> EmailList:
    with state.database.read() as session:
        rows, total = EmailService(session, who).page(wanted, limit, offset)
    return EmailList(emails=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
@takes_files(Permission.EMAILS_WRITE, BODY_BYTES)
def send(body: EmailIn, who: KeyWho, state: State) -> EmailOut:
    """Queued; with a status it is kept until somebody sends it."""
    status = EmailStatus(body.status) if body.status else None
    script = body.sandbox.script() if body.sandbox else {}
    with stored(state.database, state.blobs, who, _files(body.attachments)) as attached:
        new = NewEmail(
            body.to, body.subject, body.body, body.body_html, body.cc, attached, body.thread_id, body.priority, status,
            script,
        )  # fmt: skip
        with state.database.write() as session:
            return _out(EmailService(session, who).send(new))


@router.post("/receive", status_code=201)
@takes_files(Permission.EMAILS_WRITE, BODY_BYTES)
def receive(body: IncomingIn, who: KeyWho, state: State, response: Response) -> EmailOut:
    """The sandbox's: as if a mail had come in. 200 for one that is here already."""
    with stored(state.database, state.blobs, who, _files(body.attachments)) as attached:
        new = Incoming(
            body.sender, body.to, body.cc, body.subject, body.body, body.body_html, body.in_reply_to, body.references,
            body.message_id, body.thread_id, attached,
        )  # fmt: skip
        with state.database.write() as session:
            row, is_new = EmailService(session, who).receive(new)
    response.status_code = 201 if is_new else 200
    return _out(row)


@router.get("/{emailId}")
def get(email_id: EmailId, who: KeyWho, state: State) -> EmailOut:
    with state.database.read() as session:
        return _out(EmailService(session, who).get(email_id))


@router.post("/{emailId}/send")
def send_draft(email_id: EmailId, who: KeyWho, state: State) -> EmailOut:
    """One that was kept as a draft, or that waited for approval."""
    with state.database.write() as session:
        return _out(EmailService(session, who).send_draft(email_id))


@router.get("/{emailId}/attachments/{attachmentId}", response_class=Response)
def attachment(email_id: EmailId, attachment_id: AttachmentId, who: KeyWho, state: State, request: Request) -> Response:
    with state.database.read() as session:
        found = EmailService(session, who).attachment(email_id, attachment_id)
    # always a download in a sandbox: what somebody sent must not run as ours
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    key = blob_key(who.workspace_id, found.id)
    return download(request, found.bytes, found.id, lambda *part: state.blobs.stream(key, *part), headers)
