"""Which agents call, and what the agent of a call is told: the version that is published."""

from typing import Any

from sqlalchemy.orm import Session

from core.errors import Conflict
from domain.agents.repository import AgentRepository
from domain.agents.service import no_such_agent
from domain.agents.settings import AgentStatus
from domain.models import Agent, Call
from domain.principal import Principal


def named_agent(session: Session, who: Principal, agent_id: str) -> Agent:
    """One that is published. Raises `NotFound`, `Conflict`."""
    agent = AgentRepository(session, who).get(agent_id)
    if agent is None:
        raise no_such_agent("agent_id")
    if agent.status != AgentStatus.PUBLISHED:
        raise Conflict("The agent is not published, so it cannot call.", code="AGENT_NOT_PUBLISHED", field="agent_id")
    return agent


def check_awake(agent: Agent) -> None:
    """Raises `Conflict` for one that calls nobody now."""
    if agent.paused_at is not None:
        raise Conflict("The agent is paused: resume it first.", code="AGENT_PAUSED", field="agent_id")


def served(session: Session, who: Principal, row: Call) -> dict[str, Any] | None:
    """None without an agent, or where nobody is served by it any more."""
    agents = AgentRepository(session, who)
    agent = agents.get(row.agent_id) if row.agent_id else None
    return agents.served(agent) if agent else None
