"""What agents are asked again as: their published version, or their draft where they have none."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from domain.agents.repository import AgentRepository
from domain.agents.service import snapshot, version_label
from domain.agents.settings import AgentStatus
from domain.calibration.repository import CalibrationRepository
from domain.conversations.service import Brief, brief_of
from domain.principal import Principal


def briefs(session: Session, who: Principal, agent_ids: Iterable[str]) -> dict[str, Brief]:
    """By agent; an archived one answers nobody, and neither does one that is gone."""
    agents, scaling = AgentRepository(session, who), CalibrationRepository(session, who).scaling()
    found: dict[str, Brief] = {}
    for agent_id in agent_ids:
        agent = agents.get(agent_id)
        if agent is None or agent.status == AgentStatus.ARCHIVED:
            continue
        version = agents.version(agent_id, agent.published_minor or 0)
        if version is not None and agent.status == AgentStatus.PUBLISHED:
            settings = version.snapshot
        else:
            settings = snapshot(agent, [row.id for row in agents.collections(agent_id)])
        brief = brief_of(agent_id, version_label(agent), settings, ())
        found[agent_id] = replace(brief, style=replace(brief.style, calibration=scaling))
    return found
