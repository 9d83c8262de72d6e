"""Agents: drafts, their collections, publishing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.ids import Prefix, new_id
from domain.agents.repository import AgentRepository, AgentStats
from domain.agents.settings import MODELS, AgentStatus, merged
from domain.collections.repository import CollectionRepository
from domain.collections.service import require_collections
from domain.models import Agent, AgentVersion, Collection
from domain.principal import Permission, Principal
from domain.revision import check_match

TEXTS = ("name", "description", "agent_type", "greeting_message", "fallback_message")


class AgentService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._agents = AgentRepository(session, who)

    def create(self, fields: dict[str, Any], collection_ids: Sequence[str]) -> Agent:
        """A draft, version 1.0."""
        self._who.require(Permission.AGENTS_WRITE)
        collections = require_collections(self._session, self._who, collection_ids, "collection_ids")
        agent = Agent(
            id=new_id(Prefix.AGENT),
            workspace_id=self._who.workspace_id,
            status=AgentStatus.DRAFT,
            **{name: fields.get(name) for name in TEXTS},
            **{name: merged(name, {}, fields.get(name)) for name in MODELS},
        )
        self._session.add(agent)
        self._session.flush()
        self._agents.set_collections(agent.id, collections)
        return agent

    def to_test(self, agent_id: str) -> Agent:
        self._who.require(Permission.AGENTS_TEST)
        return self._existing(agent_id)

    def get(self, agent_id: str) -> Agent:
        self._who.require(Permission.AGENTS_READ)
        return self._existing(agent_id)

    def detail(self, agent_id: str) -> tuple[Agent, list[tuple[Collection, int]], AgentStats]:
        """The agent, its collections with their number of documents, and its counts."""
        return self.described(self.get(agent_id))

    def described(self, agent: Agent) -> tuple[Agent, list[tuple[Collection, int]], AgentStats]:
        """As `detail`, of an agent that the caller has just written: no further permission is needed."""
        collections = self._agents.collections(agent.id)
        counts = CollectionRepository(self._session, self._who).document_counts([row.id for row in collections])
        return agent, [(row, counts.get(row.id, 0)) for row in collections], self._agents.stats(agent.id)

    def page(
        self, status: str | None, agent_type: str | None, limit: int, offset: int
    ) -> tuple[list[tuple[Agent, int]], int]:
        self._who.require(Permission.AGENTS_READ)
        return self._agents.page(status, agent_type, limit, offset)

    def update(self, agent_id: str, changes: dict[str, Any], if_match: str | None) -> Agent:
        """Apply the given fields to the draft; the three settings objects merge."""
        self._who.require(Permission.AGENTS_WRITE)
        agent = self._existing(agent_id)
        check_match(agent, if_match)
        if "collection_ids" in changes:
            wanted = require_collections(self._session, self._who, changes.pop("collection_ids"), "collection_ids")
            self._agents.set_collections(agent.id, wanted)
        for name, value in changes.items():
            setattr(agent, name, merged(name, getattr(agent, name), value) if name in MODELS else value)
        agent.revision += 1
        agent.updated_at = utc_now()
        return agent

    def publish(self, agent_id: str) -> Agent:
        """Freeze the draft as the next version: 1.1, 1.2 … 1.10."""
        self._who.require(Permission.AGENTS_WRITE)
        agent = self._existing(agent_id)
        if agent.status == AgentStatus.ARCHIVED:
            raise Conflict("The agent is archived: set its status to DRAFT first.", code="AGENT_ARCHIVED")
        agent.published_minor = (agent.published_minor or 0) + 1
        agent.published_at = agent.updated_at = utc_now()
        agent.status = AgentStatus.PUBLISHED
        agent.revision += 1
        self._session.add(
            AgentVersion(
                agent_id=agent.id,
                minor=agent.published_minor,
                snapshot=snapshot(agent, [row.id for row in self._agents.collections(agent.id)]),
                published_by=self._who.user_id,
            )
        )
        return agent

    def _existing(self, agent_id: str) -> Agent:
        agent = self._agents.get(agent_id)
        if agent is None:
            raise NotFound("There is no such agent in this workspace.", code="AGENT_NOT_FOUND")
        return agent


def version_label(agent: Agent) -> str:
    """A draft is 1.0, the first publish makes 1.1."""
    return f"1.{agent.published_minor or 0}"


def snapshot(agent: Agent, collection_ids: list[str]) -> dict[str, Any]:
    """All that an answer depends on, as JSON."""
    fields = {name: getattr(agent, name) for name in (*TEXTS, *MODELS)}
    return {**fields, "collection_ids": collection_ids}
