"""Text messages: sent to those who want them, taken in, listed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.phone_numbers import e164
from core.queue.outbox import enqueue
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.front_office.service import settings_of, zone_of
from domain.leads.capture import capture
from domain.leads.contact import Contact
from domain.models import Direction, LeadSource, SmsOptOut, SmsStatus, TextMessage
from domain.principal import Permission, Principal
from domain.sandbox.stage import SANDBOX
from domain.texting.jobs import SEND_TEXT
from domain.texting.repository import TextRepository, Wanted
from domain.texting.words import consent
from domain.workspaces.repository import WorkspaceRepository

LONGEST = 1_600  # characters, ten segments: what carriers take
_THREADS = uuid.UUID("0a6a4cf4-6f43-5ad6-8f0c-3d6a44b6f0a1")
LEFT = "You will get no more messages from us. Reply START to get them again."
CAME = "You will get messages from us again. Reply STOP to end them."


@dataclass(frozen=True, slots=True)
class NewText:
    """`sender` is the front office's own number where none is given; `script` says how the sandbox plays it."""

    to: str
    body: str
    sender: str | None = None
    media_urls: Sequence[str] = ()
    conversation_id: str | None = None
    script: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """`provider_message_id` is the provider's own: what comes twice is taken once."""

    sender: str
    body: str
    to: str | None = None
    media_urls: Sequence[str] = ()
    provider: str = SANDBOX
    provider_message_id: str | None = None


class TextService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = TextRepository(session, who)
        self._office = settings_of(session, who)

    def send(self, new: NewText) -> TextMessage:
        """Queued at once, or for the end of the quiet hours. Raises `Conflict` for who wants no messages."""
        self._who.require(Permission.SMS_WRITE)
        to, sender = self._number(new.to, "to"), self._number(new.sender or self._office.number, "from")
        if not new.body.strip() and not new.media_urls:
            raise InvalidInput("A message needs a body, or mediaUrls.", field="body")
        self._check_consent(to)
        quiet = self._office.quiet_hours
        row = self._queued(to, sender, new)
        row.send_after = quiet.ends(utc_now(), zone_of(self._session, self._who)) if quiet else None
        lead = capture(self._session, self._who, Contact(LeadSource.SMS, phone=to))
        row.lead_id = lead.id if lead else None
        if row.send_after is None:
            enqueue(self._session, SEND_TEXT, message_id=row.id)
        done(self._session, self._who, Action.SMS_SENT, row)
        return row

    def receive(self, new: Incoming) -> TextMessage:
        """A message that came in. A word that stops or starts is heeded, and answered once."""
        self._who.require(Permission.SMS_WRITE)
        sender, to = self._number(new.sender, "from"), self._number(new.to or self._office.number, "to")
        if new.provider_message_id is not None:
            WorkspaceRepository(self._session).lock(self._who.workspace_id)  # the same may come twice at once
            known = self._rows.received(new.provider, new.provider_message_id)
            if known is not None:
                return known
        lead = capture(self._session, self._who, Contact(LeadSource.SMS, phone=sender))
        row = TextMessage(
            id=new_id(Prefix.TEXT_MESSAGE), workspace_id=self._who.workspace_id, lead_id=lead.id if lead else None,
            conversation_id=self._thread(to, sender), direction=Direction.INBOUND, from_number=sender, to_number=to,
            body=new.body, media_urls=list(new.media_urls), status=SmsStatus.RECEIVED, provider=new.provider,
            provider_message_id=new.provider_message_id,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        record(self._session, Event(EventType.SMS_RECEIVED, row.workspace_id, {"sms_id": row.id}))
        self._heed(row)
        return row

    def get(self, message_id: str) -> TextMessage:
        self._who.require(Permission.SMS_READ)
        row = self._rows.get(message_id)
        if row is None:
            raise NotFound("There is no such message in this workspace.", code="SMS_NOT_FOUND")
        return row

    def page(self, wanted: Wanted, limit: int, offset: int) -> tuple[list[TextMessage], int]:
        self._who.require(Permission.SMS_READ)
        return self._rows.page(wanted, limit, offset)

    def consents(self, limit: int, offset: int) -> tuple[list[SmsOptOut], int]:
        self._who.require(Permission.SMS_READ)
        return self._rows.consents(limit, offset)

    def set_consent(self, number: str, *, is_out: bool) -> SmsOptOut:
        """As somebody said it elsewhere than by message."""
        self._who.require(Permission.SMS_WRITE)
        number = self._number(number, "number")
        self._rows.set_consent(number, is_out=is_out, word="")
        self._session.expire_all()
        row = self._rows.consent(number)
        assert row is not None  # written in this transaction
        return row

    def _heed(self, row: TextMessage) -> None:
        wants = consent(row.body)
        if wants is None:
            return
        known = self._rows.consent(row.from_number)
        if known is not None and known.is_out is not wants:
            return  # it said so before
        self._rows.set_consent(row.from_number, is_out=not wants, word=row.body.strip()[:20])
        # carriers want the word answered once, also at night
        answer = self._queued(row.from_number, row.to_number, NewText(row.from_number, CAME if wants else LEFT))
        answer.lead_id = row.lead_id
        enqueue(self._session, SEND_TEXT, message_id=answer.id)

    def _check_consent(self, number: str) -> None:
        known = self._rows.consent(number)
        if known is not None and known.is_out:
            raise Conflict(f"{number} wants no messages: it must write START first.", code="OPTED_OUT", field="to")
        if self._office.opt_in_required and known is None and not self._rows.has_written(number):
            raise Conflict(
                f"{number} has not agreed to messages, which this workspace asks for: note the consent first.",
                code="OPT_IN_REQUIRED", field="to",
            )  # fmt: skip

    def _queued(self, to: str, sender: str, new: NewText) -> TextMessage:
        row = TextMessage(
            id=new_id(Prefix.TEXT_MESSAGE), workspace_id=self._who.workspace_id,
            conversation_id=self._thread(sender, to, new.conversation_id), direction=Direction.OUTBOUND,
            from_number=sender, to_number=to, body=new.body, media_urls=list(new.media_urls), status=SmsStatus.QUEUED,
            provider=SANDBOX, script=dict(new.script),
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return row

    def _thread(self, ours: str, theirs: str, given: str | None = None) -> str:
        """Two numbers have one thread; a given one must be there."""
        if given is not None and not self._rows.has_thread(given):
            raise NotFound("There is no such thread of messages in this workspace.", code="SMS_THREAD_NOT_FOUND")
        name = f"{self._who.workspace_id}/{ours}/{theirs}"
        return given or f"{Prefix.TEXT_THREAD}_{uuid.uuid5(_THREADS, name).hex}"

    def _number(self, text: str, field: str) -> str:
        return e164(text, self._office.default_region, field)
