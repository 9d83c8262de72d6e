"""Queries of agents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select

from domain.agents.settings import AgentStatus
from domain.analytics.measures import satisfaction
from domain.models import Agent, AgentCollection, AgentVersion, Collection, Conversation
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class AgentStats:
    conversations: int
    messages: int
    thumbs_up: int
    thumbs_down: int

    @property
    def satisfaction(self) -> float | None:
        return satisfaction(self.thumbs_up, self.thumbs_down)


class AgentRepository(TenantRepository):
    def get(self, agent_id: str, *, lock: bool = False) -> Agent | None:
        query = self.select(Agent).where(Agent.id == agent_id)
        return self.session.scalar(query.with_for_update(key_share=True) if lock else query)

    def names(self, agent_ids: Iterable[str]) -> dict[str, str]:
        rows = self.session.execute(
            self.select(Agent).where(Agent.id.in_(sorted(agent_ids))).with_only_columns(Agent.id, Agent.name)
        )
        return {row[0]: row[1] for row in rows}

    def page(
        self, status: str | None, agent_type: str | None, limit: int, offset: int
    ) -> tuple[list[tuple[Agent, int]], int]:
        """Agents with their number of conversations, and how many there are."""
        wanted = self.select(Agent)
        wanted = wanted.where(Agent.status == status) if status else wanted
        wanted = wanted.where(Agent.agent_type == agent_type) if agent_type else wanted
        total = self.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        conversations = select(func.count()).where(Conversation.agent_id == Agent.id).scalar_subquery()
        rows = self.session.execute(wanted.add_columns(conversations).order_by(Agent.id).limit(limit).offset(offset))
        return [(row[0], row[1]) for row in rows], total

    def unarchived(self, limit: int, offset: int) -> tuple[list[Agent], int]:
        """The oldest first, and how many there are."""
        wanted = self.select(Agent).where(Agent.status != AgentStatus.ARCHIVED)
        total = self.session.scalar(wanted.with_only_columns(func.count())) or 0
        return list(self.session.scalars(wanted.order_by(Agent.id).limit(limit).offset(offset))), total

    def served(self, agent: Agent) -> dict[str, Any] | None:
        """The settings of its published version; None where nobody is served."""
        if agent.status != AgentStatus.PUBLISHED:
            return None
        version = self.version(agent.id, agent.published_minor or 0)
        return version.snapshot if version else None

    def version(self, agent_id: str, minor: int) -> AgentVersion | None:
        return self.session.get(AgentVersion, (agent_id, minor))

    def collections(self, agent_id: str) -> list[Collection]:
        query = self.select(Collection).join(AgentCollection, AgentCollection.collection_id == Collection.id)
        query = query.where(AgentCollection.agent_id == agent_id, Collection.deleted_at.is_(None))
        return list(self.session.scalars(query.order_by(Collection.id)))

    def set_collections(self, agent_id: str, collection_ids: Sequence[str]) -> None:
        self.session.execute(delete(AgentCollection).where(AgentCollection.agent_id == agent_id))
        rows = [{"agent_id": agent_id, "collection_id": collection_id} for collection_id in collection_ids]
        if rows:
            self.session.execute(insert(AgentCollection), rows)

    def stats(self, agent_id: str) -> AgentStats:
        sums = (Conversation.messages, Conversation.thumbs_up, Conversation.thumbs_down)
        query = select(func.count(), *(func.coalesce(func.sum(column), 0) for column in sums))
        row = self.session.execute(query.where(mine(Conversation, self.who), Conversation.agent_id == agent_id)).one()
        return AgentStats(row[0], row[1], row[2], row[3])
