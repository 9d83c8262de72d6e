"""Mails: sent, taken in, listed by threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from core.visible import is_visible
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.emails import headers
from domain.emails.attachments import Attached
from domain.emails.content import sanitised, text_of
from domain.emails.headers import Mailbox, mailbox, mailboxes
from domain.emails.jobs import SEND_EMAIL
from domain.emails.repository import EmailRepository, Wanted
from domain.emails.states import MOVES
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.front_office.service import settings_of
from domain.leads.capture import capture
from domain.leads.contact import Contact, Keys
from domain.leads.repository import LeadRepository
from domain.models import Direction, Email, EmailPriority, EmailStatus, LeadSource
from domain.principal import Permission, Principal
from domain.sandbox.stage import SANDBOX

MOST_ADDRESSES = 50


@dataclass(frozen=True, slots=True)
class NewEmail:
    """Sent at once, unless `status` is one of a draft. `attachments` are stored; `script` is how the sandbox plays."""

    to: Sequence[str]
    subject: str | None = None
    body: str | None = None
    body_html: str | None = None
    cc: Sequence[str] = ()
    attachments: Sequence[Attached] = ()
    thread_id: str | None = None
    priority: EmailPriority = EmailPriority.NORMAL
    status: EmailStatus | None = None
    script: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What comes twice, by its `message_id`, is taken once."""

    sender: str
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    subject: str | None = None
    body: str | None = None
    body_html: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    message_id: str | None = None
    thread_id: str | None = None
    attachments: Sequence[Attached] = ()
    provider: str = SANDBOX


class EmailService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = EmailRepository(session, who)
        self._own = settings_of(session, who).address

    def send(self, new: NewEmail) -> Email:
        """Queued, or kept as a draft. Raises `InvalidInput`, and `NotFound` for a thread that is not there."""
        self._who.require(Permission.EMAILS_WRITE)
        to, cc = self._addressed(new.to, new.cc)
        if not to:
            raise InvalidInput("A mail needs somebody to go to.", field="to")
        body, clean = _content(new.body, new.body_html)
        if not is_visible(body) and not clean:
            raise InvalidInput("A mail needs a body or a bodyHtml.", code="EMAIL_EMPTY", field="body")
        last = self._last_of(new.thread_id)
        email_id = new_id(Prefix.EMAIL)
        row = Email(
            id=email_id, workspace_id=self._who.workspace_id, lead_id=self._known(to, last),
            thread_id=last.thread_id if last else new_id(Prefix.EMAIL_THREAD), direction=Direction.OUTBOUND,
            sender=self._own, recipients=[str(one) for one in to], copies=[str(one) for one in cc],
            subject=_subject(new.subject, last), body=body, body_html=clean,
            attachments=[one.as_json() for one in new.attachments], priority=new.priority,
            status=new.status or EmailStatus.QUEUED, provider=SANDBOX, script=dict(new.script),
            message_id=headers.own_message_id(email_id, self._own),
            references=headers.references([*last.references, last.message_id]) if last else [],
        )  # fmt: skip
        self._session.add(row)
        if row.status == EmailStatus.QUEUED:
            self._leave(row)
        else:
            self._session.flush()
        return row

    def send_draft(self, email_id: str) -> Email:
        """One that was kept as a draft, or waited for somebody's yes. Raises `Conflict` for any other."""
        self._who.require(Permission.EMAILS_WRITE)
        row = self._existing(email_id, lock=True)
        if EmailStatus.QUEUED not in MOVES[EmailStatus(row.status)]:
            raise Conflict(
                f"This mail is {row.status}: only a draft, or one that waits for approval, can be sent.",
                code="INVALID_STATUS", field="status",
            )  # fmt: skip
        row.status, row.sender, row.updated_at = EmailStatus.QUEUED, self._own, utc_now()
        self._leave(row)
        return row

    def receive(self, new: Incoming) -> tuple[Email, bool]:
        """A mail that came in, and whether it is new. It finds its thread by what it refers to."""
        self._who.require(Permission.EMAILS_WRITE)
        sender = mailbox(new.sender, "from", (self._own,))
        to, cc = self._addressed(new.to or [self._own], new.cc)
        given = headers.message_id(new.message_id, "messageId") if new.message_id else None
        known = self._received(given) if given else None
        if known is not None:
            return known, False
        refers = self._refers(new)
        thread_id = self._thread(refers, new.thread_id)
        body, clean = _content(new.body, new.body_html)
        lead = capture(self._session, self._who, Contact(LeadSource.EMAIL, sender.name or None, sender.address))
        email_id, now = new_id(Prefix.EMAIL), utc_now()
        message_id = given or headers.own_message_id(email_id, sender.address)
        is_new = self._rows.insert({
            "id": email_id, "workspace_id": self._who.workspace_id, "lead_id": lead.id if lead else None,
            "thread_id": thread_id, "direction": Direction.INBOUND, "sender": str(sender),
            "recipients": [str(one) for one in to], "copies": [str(one) for one in cc],
            "subject": headers.subject_line(new.subject or ""), "body": body, "body_html": clean,
            "attachments": [one.as_json() for one in new.attachments], "status": EmailStatus.RECEIVED,
            "provider": new.provider, "message_id": message_id, "references": refers, "created_at": now,
            "updated_at": now,
        })  # fmt: skip
        if not is_new and (known := self._received(message_id)):
            return known, False
        record(self._session, Event(EventType.EMAIL_RECEIVED, self._who.workspace_id, {"email_id": email_id}))
        return self._existing(email_id), True

    def get(self, email_id: str) -> Email:
        self._who.require(Permission.EMAILS_READ)
        return self._existing(email_id)

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[Email], int]:
        self._who.require(Permission.EMAILS_READ)
        return self._rows.page(wanted, limit, offset)

    def attachment(self, email_id: str, attachment_id: str) -> Attached:
        found = next((one for one in self.get(email_id).attachments if one["id"] == attachment_id), None)
        if found is None:
            raise NotFound("This mail has no such attachment.", code="ATTACHMENT_NOT_FOUND")
        return Attached(**found)

    def _leave(self, row: Email) -> None:
        enqueue(self._session, SEND_EMAIL, email_id=row.id)
        done(self._session, self._who, Action.EMAIL_SENT, row)

    def _addressed(self, to: Sequence[str], cc: Sequence[str]) -> tuple[list[Mailbox], list[Mailbox]]:
        for name, given in (("to", to), ("cc", cc)):
            if len(given) > MOST_ADDRESSES:
                raise InvalidInput(f"{name} has at most {MOST_ADDRESSES} addresses.", field=name)
        own = (self._own,)
        return mailboxes(to, "to", own), mailboxes(cc, "cc", own)

    def _known(self, to: Sequence[Mailbox], last: Email | None) -> str | None:
        """The lead with the first address that is somebody's, else whose thread it is."""
        leads = LeadRepository(self._session, self._who)
        known = {lead.email_key: lead.id for lead in leads.known_by_any(Keys(email=one.address) for one in to)}
        found = next((known[one.address] for one in to if one.address in known), None)
        return found or (last.lead_id if last else None)

    def _received(self, message_id: str) -> Email | None:
        row = self._rows.by_message_ids([message_id]).get(message_id)
        if row is not None and row.direction != Direction.INBOUND:
            raise Conflict(
                "messageId is that of a mail which was sent from here: what refers to it names it in inReplyTo.",
                code="DUPLICATE_MESSAGE_ID", field="messageId",
            )  # fmt: skip
        return row

    def _refers(self, new: Incoming) -> list[str]:
        found = [headers.message_id(one, "references") for one in new.references]
        last = [headers.message_id(new.in_reply_to, "inReplyTo")] if new.in_reply_to else []
        return headers.references([*(one for one in found if one not in last), *last])

    def _thread(self, refers: Sequence[str], thread_id: str | None) -> str:
        known = self._rows.by_message_ids(refers)
        for one in reversed(refers):
            if one in known:
                return known[one].thread_id
        last = self._last_of(thread_id)
        return last.thread_id if last else new_id(Prefix.EMAIL_THREAD)

    def _last_of(self, thread_id: str | None) -> Email | None:
        if thread_id is None:
            return None
        last = self._rows.last_of(thread_id)
        if last is None:
            raise NotFound("There is no such thread of mails in this workspace.", code="EMAIL_THREAD_NOT_FOUND")
        return last

    def _existing(self, email_id: str, *, lock: bool = False) -> Email:
        row = self._rows.get(email_id, lock=lock)
        if row is None:
            raise NotFound("There is no such mail in this workspace.", code="EMAIL_NOT_FOUND")
        return row


def _content(body: str | None, body_html: str | None) -> tuple[str, str | None]:
    """The text, from the HTML where there is no other, and the HTML as it may be shown."""
    clean = sanitised(body_html) or None if body_html is not None else None
    if body is not None and is_visible(body):
        return body, clean
    return text_of(clean) if clean else "", clean


def _subject(given: str | None, last: Email | None) -> str:
    if given is not None and is_visible(given):
        return headers.subject_line(given)
    if last is None:
        raise InvalidInput("A mail that opens a thread needs a subject.", field="subject")
    return headers.reply_to(last.subject)
