"""What an event says beyond its ids: looked up when it is sent, so that what was deleted meanwhile is not sent.

Everything is read for a page of events at once, one query a kind of thing. System work: the ids are the events' own.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.models import (
    Agent,
    Appointment,
    Call,
    Campaign,
    CampaignContact,
    Conversation,
    CrawlSource,
    Document,
    Email,
    Escalation,
    EventRow,
    Lead,
    Message,
    QuestionCluster,
    Status,
    TextMessage,
    User,
)

Json = dict[str, Any]
Found = dict[str, Json]  # by id


def details(session: Session, events: Sequence[EventRow | None]) -> list[Json]:
    """For each event its data with the details; empty where there is no event."""
    told = [dict(event.data) if event else {} for event in events]
    for key, look in _LOOKS:
        ids = {str(data[key]) for data in told if data.get(key)}
        found = look(session, ids) if ids else {}
        for data in told:
            if data.get(key):
                data.update(found.get(str(data[key])) or look.missing)
    return told


class _Look:
    """Fields of one kind of thing, read by id; null for what is gone."""

    def __init__(self, names: Sequence[str], read: Callable[[Session, Iterable[str]], Found]) -> None:
        self.missing: Json = dict.fromkeys(names)
        self._read = read

    def __call__(self, session: Session, ids: Iterable[str]) -> Found:
        return self._read(session, ids)


def _read(model: Any, **columns: Any) -> _Look:
    """`columns` by the names that they have in events."""

    def read(session: Session, ids: Iterable[str]) -> Found:
        rows = session.execute(select(model.id, *columns.values()).where(model.id.in_(sorted(ids))))
        return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}

    return _Look(list(columns), read)


def _documents(session: Session, ids: Iterable[str]) -> Found:
    columns = (Document.id, Document.title, Document.external_id, Document.source_url)
    rows = session.execute(select(*columns).where(Document.id.in_(sorted(ids)), Document.status != Status.DELETED))
    return {row[0]: {"title": row[1], "external_id": row[2], "source_url": row[3]} for row in rows}


_ANSWER = {
    "answer": Message.content, "answered": Message.answered, "confidence": Message.confidence,
    "comment": Message.feedback_comment,
}  # fmt: skip
_VISIT = {
    "session_id": Conversation.session_id, "visitor_id": Conversation.visitor_id, "page_url": Conversation.page_url,
    "language": Conversation.language,
}  # fmt: skip
_REQUEST = {
    "email": Escalation.email, "name": Escalation.name, "phone": Escalation.phone, "message": Escalation.message,
    "page_url": Escalation.page_url,
}  # fmt: skip
_LEAD = {
    "first_name": Lead.first_name, "last_name": Lead.last_name, "lead_email": Lead.email, "lead_phone": Lead.phone_key,
    "source": Lead.source, "stage": Lead.stage, "left_in": Lead.conversation_id,
}  # fmt: skip
_CALL = {
    "call_to": Call.to_number, "call_from": Call.from_number, "call_direction": Call.direction,
    "call_lead_id": Call.lead_id, "call_summary": Call.summary, "call_sentiment": Call.sentiment,
    "call_recording": Call.recording_url, "call_turns": Call.turns, "call_analysis": Call.analysis,
}  # fmt: skip
_CONTACT = {"contact_to": CampaignContact.to_number, "contact_lead_id": CampaignContact.lead_id}
_SMS = {
    "sms_from": TextMessage.from_number, "sms_to": TextMessage.to_number, "sms_body": TextMessage.body,
    "sms_thread": TextMessage.conversation_id, "sms_lead_id": TextMessage.lead_id,
}  # fmt: skip
_APPOINTMENT = {
    "apt_lead_id": Appointment.lead_id, "apt_contact": Appointment.contact_ref, "apt_name": Appointment.customer_name,
    "apt_phone": Appointment.customer_phone, "apt_email": Appointment.customer_email,
    "apt_staff": Appointment.staff_id, "apt_service": Appointment.service_type, "apt_title": Appointment.title,
    "apt_start": Appointment.starts_at, "apt_end": Appointment.ends_at, "apt_timezone": Appointment.timezone,
    "apt_status": Appointment.status, "apt_notes": Appointment.notes,
}  # fmt: skip
_EMAIL = {
    "email_thread": Email.thread_id, "email_from": Email.sender, "email_to": Email.recipients,
    "email_subject": Email.subject, "email_body": Email.body, "email_received": Email.created_at,
    "email_lead_id": Email.lead_id,
}  # fmt: skip
_LOOKS = (
    ("agent_id", _read(Agent, name=Agent.name)),
    ("conversation_id", _read(Conversation, **_VISIT)),
    ("message_id", _read(Message, **_ANSWER)),
    ("question_id", _read(Message, question=Message.content)),
    ("escalation_id", _read(Escalation, **_REQUEST)),
    ("call_id", _read(Call, **_CALL)),
    ("campaign_id", _read(Campaign, campaign_name=Campaign.name)),
    ("contact_id", _read(CampaignContact, **_CONTACT)),
    ("sms_id", _read(TextMessage, **_SMS)),
    ("appointment_id", _read(Appointment, **_APPOINTMENT)),
    ("email_id", _read(Email, **_EMAIL)),
    ("lead_id", _read(Lead, **_LEAD)),
    ("unanswered_id", _read(QuestionCluster, question=QuestionCluster.question)),
    ("document_id", _Look(["title", "external_id", "source_url"], _documents)),
    ("crawl_id", _read(CrawlSource, url=CrawlSource.url)),
    ("user_id", _read(User, email=User.email, full_name=User.full_name)),
)
