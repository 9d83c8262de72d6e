"""Agents as a surface without drafts shows them: what is said of one is what is served (CONTRACT, VoxForge `isActive`).

The same agents that have drafts and versions elsewhere: each change of an active one is published, and an inactive one
is paused. An archived one is gone.
"""

from dataclasses import astuple

from sqlalchemy.orm import Session

from domain.agents.repository import AgentRepository
from domain.agents.service import AgentChange, AgentService, NewAgent, no_such_agent, snapshot
from domain.agents.settings import AgentStatus
from domain.changes import UNSET
from domain.models import Agent
from domain.principal import Permission, Principal


def is_active(agent: Agent) -> bool:
    return agent.status == AgentStatus.PUBLISHED and agent.paused_at is None


class LiveAgents:
    def __init__(self, session: Session, who: Principal) -> None:
        self._who = who
        self._agents, self._service = AgentRepository(session, who), AgentService(session, who)

    def create(self, new: NewAgent, active: bool) -> Agent:
        """Raises `PlanLimit`."""
        agent = self._service.create(new)
        return self._service.publish(agent.id) if active else agent

    def page(self, limit: int, offset: int) -> tuple[list[Agent], int]:
        """Those that are not archived, the oldest first, and how many there are."""
        self._who.require(Permission.AGENTS_READ)
        return self._agents.unarchived(limit, offset)

    def get(self, agent_id: str) -> Agent:
        self._who.require(Permission.AGENTS_READ)
        return self._existing(agent_id)

    def change(self, agent_id: str, change: AgentChange, active: bool | None) -> Agent:
        """`active` None leaves it as it is. What its draft has by then is published, also what others put there. Of two
        at once one follows the other."""
        self._who.require(Permission.AGENTS_WRITE)
        agent = self._existing(agent_id, lock=True)
        wanted = is_active(agent) if active is None else active
        if any(value is not UNSET for value in astuple(change)):
            agent = self._service.update(agent_id, change, None)
        if wanted and not self._is_served(agent):
            agent = self._service.publish(agent_id)
        if agent.status == AgentStatus.PUBLISHED and wanted != is_active(agent):
            agent = self._service.set_paused(agent_id, not wanted)
        return agent

    def archive(self, agent_id: str) -> Agent:
        self._who.require(Permission.AGENTS_WRITE)
        return self._service.archive(self._existing(agent_id, lock=True).id, None)

    def _is_served(self, agent: Agent) -> bool:
        """Whether what is published is what its draft says."""
        return self._agents.served(agent) == snapshot(agent, [row.id for row in self._agents.collections(agent.id)])

    def _existing(self, agent_id: str, *, lock: bool = False) -> Agent:
        agent = self._agents.get(agent_id, lock=lock)
        if agent is None or agent.status == AgentStatus.ARCHIVED:
            raise no_such_agent()
        return agent
