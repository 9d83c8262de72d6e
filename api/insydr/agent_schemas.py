"""Agents on the wire (seed section 4)."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.fields import FromText, IdText, Input, JsonObject, Name, ShortText
from domain.agents.repository import AgentStats
from domain.agents.service import version_label
from domain.agents.settings import AgentStatus, AgentType
from domain.models import Agent, Collection


class AgentIn(Input):
    name: Name
    description: ShortText | None = None
    agent_type: Annotated[AgentType, FromText] = AgentType.GENERAL
    behavior_settings: JsonObject = Field({}, description="tone, response_style, language_mode, fixed_language")
    response_config: JsonObject = Field(
        {}, description="max_response_length (characters), confidence_threshold, show_sources, stream_response"
    )
    conversation_rules: JsonObject = Field({}, description="allowed_topics, blocked_words, custom_system_prompt")
    widget_config: JsonObject = Field({}, description="appearance, behavior, branding, language")
    voice_settings: JsonObject = Field({}, description="voice, language, max_call_duration (seconds)")
    greeting_message: ShortText | None = None
    fallback_message: ShortText | None = None
    collection_ids: list[IdText] = Field(
        [], max_length=200, description="What the agent answers from; none: all of the workspace's."
    )


class AgentPatch(Input):
    name: Name | None = None
    description: ShortText | None = None
    agent_type: Annotated[AgentType, FromText] | None = None
    status: Annotated[AgentStatus, FromText] | None = Field(None, description="ARCHIVED, or DRAFT to take it back.")
    behavior_settings: JsonObject | None = None
    response_config: JsonObject | None = None
    conversation_rules: JsonObject | None = None
    widget_config: JsonObject | None = None
    voice_settings: JsonObject | None = None
    greeting_message: ShortText | None = None
    fallback_message: ShortText | None = None
    collection_ids: list[IdText] | None = Field(None, max_length=200)


class AgentOut(BaseModel):
    id: str
    name: str
    status: str
    agent_type: str
    version: str
    created_at: datetime


class AgentRow(AgentOut):
    conversation_count: int


class AgentList(BaseModel):
    agents: list[AgentRow]
    total: int


class AgentCollectionOut(BaseModel):
    id: str
    name: str
    document_count: int


class AgentStatsOut(BaseModel):
    total_conversations: int
    total_messages: int
    avg_satisfaction: float | None = Field(description="1 to 5; null without votes.")


class AgentDetail(AgentOut):
    description: str | None
    behavior_settings: dict[str, Any]
    response_config: dict[str, Any]
    conversation_rules: dict[str, Any]
    widget_config: dict[str, Any]
    voice_settings: dict[str, Any]
    greeting_message: str | None
    fallback_message: str | None
    knowledge_collections: list[AgentCollectionOut]
    all_collections: bool = Field(description="No collection was named: it answers from all of the workspace's.")
    stats: AgentStatsOut
    published_at: datetime | None
    paused_at: datetime | None = Field(description="Since when nobody is answered; null: it is not paused.")


def agent_fields(agent: Agent) -> dict[str, Any]:
    same = {name: getattr(agent, name) for name in AgentOut.model_fields if name != "version"}
    return {**same, "version": version_label(agent)}


def agent_detail(agent: Agent, collections: list[tuple[Collection, int]], stats: AgentStats) -> AgentDetail:
    own = ("description", "behavior_settings", "response_config", "conversation_rules", "widget_config",
           "voice_settings", "greeting_message", "fallback_message", "all_collections", "published_at",
           "paused_at")  # fmt: skip
    return AgentDetail(
        **agent_fields(agent),
        **{name: getattr(agent, name) for name in own},
        knowledge_collections=[
            AgentCollectionOut(id=row.id, name=row.name, document_count=count) for row, count in collections
        ],
        stats=AgentStatsOut(
            total_conversations=stats.conversations,
            total_messages=stats.messages,
            avg_satisfaction=stats.satisfaction,
        ),
    )
