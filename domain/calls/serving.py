"""What the agent of a call is told: the version that is published."""

from typing import Any

from sqlalchemy.orm import Session

from domain.agents.repository import AgentRepository
from domain.models import Call
from domain.principal import Principal


def served(session: Session, who: Principal, row: Call) -> dict[str, Any] | None:
    """None without an agent, or where nobody is served by it any more."""
    agents = AgentRepository(session, who)
    agent = agents.get(row.agent_id) if row.agent_id else None
    return agents.served(agent) if agent else None
