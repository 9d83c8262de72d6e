"""Agents: drafts, their collections, publishing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, new_id
from domain.agents.repository import AgentRepository, AgentStats
from domain.agents.settings import MODELS, AgentStatus, AgentType, merged
from domain.audit.actions import Action
from domain.audit.facts import Facts, changes, facts
from domain.audit.recording import audit, created, done, target_of
from domain.changes import UNSET, Unset, changed
from domain.collections.repository import CollectionRepository
from domain.collections.service import require_collections
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.gaps.changes_repository import note_agent
from domain.models import Agent, AgentVersion, Collection
from domain.principal import Permission, Principal
from domain.revision import check_match
from domain.usage.room import Room

TEXTS = ("name", "description", "agent_type", "greeting_message", "fallback_message")
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewAgent:
    """The settings objects may leave out what has a default."""

    name: str
    agent_type: AgentType = AgentType.GENERAL
    description: str | None = None
    greeting_message: str | None = None
    fallback_message: str | None = None
    behavior_settings: Settings = field(default_factory=dict)
    response_config: Settings = field(default_factory=dict)
    conversation_rules: Settings = field(default_factory=dict)
    widget_config: Settings = field(default_factory=dict)
    voice_settings: Settings = field(default_factory=dict)
    collection_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AgentChange:
    """The settings objects merge with what the draft has; None changes nothing in them."""

    name: str | Unset = UNSET
    description: str | Unset | None = UNSET
    agent_type: AgentType | Unset = UNSET
    status: AgentStatus | Unset = UNSET
    greeting_message: str | Unset | None = UNSET
    fallback_message: str | Unset | None = UNSET
    behavior_settings: Settings | Unset | None = UNSET
    response_config: Settings | Unset | None = UNSET
    conversation_rules: Settings | Unset | None = UNSET
    widget_config: Settings | Unset | None = UNSET
    voice_settings: Settings | Unset | None = UNSET
    collection_ids: Sequence[str] | Unset = UNSET


class AgentService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._agents = AgentRepository(session, who)

    def create(self, new: NewAgent) -> Agent:
        """A draft, version 1.0."""
        self._who.require(Permission.AGENTS_WRITE)
        collections = require_collections(self._session, self._who, new.collection_ids, "collection_ids")
        Room(self._session, self._who).require_agent()
        agent = Agent(
            id=new_id(Prefix.AGENT),
            workspace_id=self._who.workspace_id,
            status=AgentStatus.DRAFT,
            all_collections=not collections,
            **{name: getattr(new, name) for name in TEXTS},
            **{name: merged(name, {}, getattr(new, name)) for name in MODELS},
        )
        self._session.add(agent)
        self._session.flush()
        self._agents.set_collections(agent.id, collections)
        created(self._session, self._who, Action.AGENT_CREATED, agent)
        return agent

    def to_test(self, agent_id: str) -> Agent:
        self._who.require(Permission.AGENTS_TEST)
        return self._existing(agent_id)

    def named(self, agent_id: str) -> Agent:
        """One that a filter names; whoever filters has required a permission of its own."""
        return self._existing(agent_id, "agent_id")

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

    def update(self, agent_id: str, change: AgentChange, if_match: str | None) -> Agent:
        """Change the draft."""
        self._who.require(Permission.AGENTS_WRITE)
        if change.status == AgentStatus.PUBLISHED:
            raise InvalidInput("An agent is published by a request of its own.", field="status")
        agent = self._existing(agent_id)
        check_match(agent, if_match)
        if agent.status == AgentStatus.ARCHIVED and change.status is AgentStatus.DRAFT:
            Room(self._session, self._who).require_agent()
        before = self._facts(agent)
        if change.collection_ids is not UNSET:
            wanted = require_collections(self._session, self._who, change.collection_ids, "collection_ids")
            self._agents.set_collections(agent.id, wanted)
            agent.all_collections = not wanted
        _apply(agent, change)
        agent.revision += 1
        agent.updated_at = utc_now()
        if agent.status != AgentStatus.PUBLISHED:  # its draft is what answers
            note_agent(self._session, agent.workspace_id, agent.id)
        action = Action.AGENT_ARCHIVED if change.status == AgentStatus.ARCHIVED else Action.AGENT_UPDATED
        self._audit(action, agent, before)
        if change.status == AgentStatus.ARCHIVED:
            record(self._session, _event(EventType.AGENT_ARCHIVED, agent))
        return agent

    def archive(self, agent_id: str, if_match: str | None) -> Agent:
        return self.update(agent_id, AgentChange(status=AgentStatus.ARCHIVED), if_match)

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
        note_agent(self._session, agent.workspace_id, agent.id)
        record(self._session, _event(EventType.AGENT_PUBLISHED, agent))
        done(self._session, self._who, Action.AGENT_PUBLISHED, agent, version=version_label(agent))
        return agent

    def set_paused(self, agent_id: str, paused: bool) -> Agent:
        """While it is paused nobody is answered but by `test`; whoever is being answered is to the end."""
        self._who.require(Permission.AGENTS_WRITE)
        agent = self._existing(agent_id)
        before = self._facts(agent)
        agent.paused_at = (agent.paused_at or utc_now()) if paused else None
        agent.revision += 1
        self._audit(Action.AGENT_PAUSED if paused else Action.AGENT_RESUMED, agent, before)
        return agent

    def published(self, agent_id: str) -> tuple[Agent, Settings]:
        """The agent that is served, and the settings of its published version."""
        self._who.require(Permission.AGENTS_ASK)
        agent = self._existing(agent_id)
        if agent.status == AgentStatus.ARCHIVED:
            raise Conflict("The agent is archived.", code="AGENT_ARCHIVED")
        settings = self._agents.served(agent)
        if settings is None:
            raise Conflict("The agent is not published: publish it first.", code="AGENT_NOT_PUBLISHED")
        return agent, settings

    def _facts(self, agent: Agent) -> Facts:
        return facts(agent) | {"collection_ids": sorted(row.id for row in self._agents.collections(agent.id))}

    def _audit(self, action: Action, agent: Agent, before: Facts) -> None:
        old, new = changes(before, self._facts(agent))
        if old or new:
            audit(self._session, self._who, action, target_of(agent), old, new)

    def _existing(self, agent_id: str, field: str | None = None) -> Agent:
        agent = self._agents.get(agent_id)
        if agent is None:
            raise no_such_agent(field)
        return agent


def no_such_agent(field: str | None = None) -> NotFound:
    return NotFound("There is no such agent in this workspace.", code="AGENT_NOT_FOUND", field=field)


def _apply(agent: Agent, change: AgentChange) -> None:
    agent.name = changed(change.name, agent.name)
    agent.description = changed(change.description, agent.description)
    agent.agent_type = changed(change.agent_type, agent.agent_type)
    agent.status = changed(change.status, agent.status)
    agent.greeting_message = changed(change.greeting_message, agent.greeting_message)
    agent.fallback_message = changed(change.fallback_message, agent.fallback_message)
    agent.behavior_settings = merged("behavior_settings", agent.behavior_settings, change.behavior_settings)
    agent.response_config = merged("response_config", agent.response_config, change.response_config)
    agent.conversation_rules = merged("conversation_rules", agent.conversation_rules, change.conversation_rules)
    agent.widget_config = merged("widget_config", agent.widget_config, change.widget_config)
    agent.voice_settings = merged("voice_settings", agent.voice_settings, change.voice_settings)


def _event(kind: EventType, agent: Agent) -> Event:
    return Event(kind, agent.workspace_id, {"agent_id": agent.id, "version": version_label(agent)})


def version_label(agent: Agent) -> str:
    """A draft is 1.0, the first publish makes 1.1."""
    return f"1.{agent.published_minor or 0}"


def snapshot(agent: Agent, collection_ids: list[str]) -> dict[str, Any]:
    """All that an answer depends on, as JSON. `collection_ids` is null where no collection was ever named: all."""
    fields = {name: getattr(agent, name) for name in (*TEXTS, *MODELS)}
    return {**fields, "collection_ids": None if agent.all_collections else collection_ids}
