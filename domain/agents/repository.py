"""Queries of agents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from domain.models import Agent, AgentCollection, Collection, Conversation, Message
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class AgentStats:
    conversations: int
    messages: int


class AgentRepository(TenantRepository):
    def get(self, agent_id: str) -> Agent | None:
        return self.session.scalar(self.select(Agent).where(Agent.id == agent_id))

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
        conversations = select(func.count()).where(Conversation.agent_id == agent_id)
        messages = select(func.count()).select_from(Message).join(Conversation)
        row = self.session.execute(
            select(conversations.scalar_subquery(), messages.where(Conversation.agent_id == agent_id).scalar_subquery())
        ).one()
        return AgentStats(*row)
