"""What the mail about an escalation tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.models import Agent, Escalation, Message, User, Workspace

LAST_MESSAGES = 10


@dataclass(frozen=True, slots=True)
class Told:
    escalation: Escalation
    to: str
    workspace_name: str
    agent_name: str
    messages: Sequence[Message]  # the last ones, oldest first


def told(session: Session, escalation_id: str) -> Told | None:
    """Our own job's id, so no caller's tenant."""
    row = session.get(Escalation, escalation_id)
    workspace = session.get(Workspace, row.workspace_id) if row else None
    if row is None or workspace is None or workspace.deleted_at is not None:
        return None
    owner, agent = session.get(User, workspace.owner_id), session.get(Agent, row.agent_id)
    to = workspace.escalation_email or (owner.email if owner else None)
    if to is None:
        return None
    said = select(Message).where(Message.conversation_id == row.conversation_id)
    messages = session.scalars(said.order_by(Message.id.desc()).limit(LAST_MESSAGES)).all()
    return Told(row, to, workspace.name, agent.name if agent else row.agent_id, messages[::-1])
