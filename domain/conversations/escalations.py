"""Visitors who ask for a human: kept, told to the workspace, and marked in the conversation."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.agents.service import AgentService
from domain.analytics.recording import note_escalation
from domain.conversations import allowance
from domain.conversations.jobs import MAIL_ESCALATION
from domain.conversations.recording import Visit, conversation_of, describe
from domain.conversations.repository import ConversationRepository
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.leads.capture import capture
from domain.leads.contact import Contact
from domain.models import Escalation, LeadSource
from domain.principal import Principal


@dataclass(frozen=True, slots=True)
class Request:
    """`session_id` as the client names it; None, or one that is not known, begins a conversation."""

    agent_id: str
    email: str
    session_id: str | None = None
    name: str | None = None
    phone: str | None = None
    message: str | None = None


def escalate(session: Session, who: Principal, visit: Visit, request: Request) -> tuple[Escalation, str]:
    """Keep it; the session of its conversation. The agent may be paused: then above all."""
    agent, _ = AgentService(session, who).published(request.agent_id)
    allowance.bound_escalations(session, visit.key_id)
    repository = ConversationRepository(session, who)
    conversation = conversation_of(repository, agent.id, visit, request.session_id)
    describe(conversation, visit)
    is_lead = conversation.email is None
    conversation.email, conversation.escalated_at = request.email, utc_now()
    row = Escalation(
        id=new_id(Prefix.ESCALATION), workspace_id=who.workspace_id, conversation_id=conversation.id,
        agent_id=agent.id, email=request.email, name=request.name, phone=request.phone, message=request.message,
        page_url=visit.page_url,
    )  # fmt: skip
    session.add(row)
    session.flush()
    note_escalation(session, conversation)
    contact = Contact(LeadSource.WEB, row.name, row.email, row.phone, conversation.id)
    capture(session, who, contact)
    ids = {"escalation_id": row.id, "conversation_id": conversation.id, "agent_id": agent.id}
    for kind in (EventType.LEAD_CAPTURED, EventType.ESCALATION_CREATED) if is_lead else (EventType.ESCALATION_CREATED,):
        record(session, Event(kind, who.workspace_id, ids))
    enqueue(session, MAIL_ESCALATION, escalation_id=row.id)
    return row, conversation.session_id
