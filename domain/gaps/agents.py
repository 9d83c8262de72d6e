"""What agents are asked again as: their published version, or their draft where they have none."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from domain.agents.repository import AgentRepository
from domain.agents.service import Settings, snapshot, version_label
from domain.agents.settings import AgentStatus
from domain.calibration.repository import CalibrationRepository
from domain.conversations.service import Brief, brief_of
from domain.models import Agent
from domain.principal import Principal
from retrieval.scaling import Scaling


def briefs(session: Session, who: Principal, agent_ids: Iterable[str]) -> dict[str, Brief]:
    """By agent; an archived one answers nobody, and neither does one that is gone."""
    agents, scaling = AgentRepository(session, who), CalibrationRepository(session, who).scaling()
    found: dict[str, Brief] = {}
    for agent_id in agent_ids:
        agent = agents.get(agent_id)
        if agent is None or agent.status == AgentStatus.ARCHIVED:
            continue
        settings = agents.served(agent)
        if settings is None:
            settings = snapshot(agent, [row.id for row in agents.collections(agent_id)])
        found[agent_id] = _brief(agent, settings, scaling)
    return found


def draft_brief(session: Session, who: Principal, agent_id: str) -> Brief | None:
    """As it would answer if its draft were published; None where that is what answers, or nothing."""
    agents = AgentRepository(session, who)
    agent = agents.get(agent_id)
    if agent is None or agent.status != AgentStatus.PUBLISHED:
        return None
    settings = snapshot(agent, [row.id for row in agents.collections(agent_id)])
    return _brief(agent, settings, CalibrationRepository(session, who).scaling())


def _brief(agent: Agent, settings: Settings, scaling: Scaling) -> Brief:
    brief = brief_of(agent.id, version_label(agent), settings, ())
    return replace(brief, style=replace(brief.style, calibration=scaling))
