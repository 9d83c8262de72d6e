"""VoxForge: agents, which are those of Insydr."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from api.fields import CamelInput, CamelOutput, Limit, Name, Offset, ShortText
from api.principal import KeyWho
from api.state import State
from api.voxforge.surface import VOXFORGE
from domain.agents.live import LiveAgents, is_active
from domain.agents.service import AgentChange, NewAgent
from domain.agents.settings import CallSeconds, Language, SystemPrompt, Voice, VoiceSettings, voice_settings
from domain.changes import change_of
from domain.models import Agent

router = VOXFORGE.router("/api/v1/agents", tag="Agents")
AgentId = Annotated[str, Path(alias="agentId")]
TOTAL: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"X-Total-Count": {"description": "How many there are.", "schema": {"type": "integer"}}}}
}


class AgentFields(CamelInput):
    system_prompt: SystemPrompt | None = Field(None, description="How the agent behaves.")
    first_message: ShortText | None = Field(None, description="What the agent says first.")
    voice: Voice | None = None
    language: Language | None = None
    max_call_duration: CallSeconds | None = Field(None, description="null: 600.")
    description: ShortText | None = None

    def settings(self) -> dict[str, Any]:
        """What was given, by the domain's names."""
        given = self.given()
        given.pop("is_active", None)
        voice = {name: given.pop(name) for name in VoiceSettings.model_fields.keys() & given.keys()}
        if voice:  # a null is the default
            told = VoiceSettings(**{name: value for name, value in voice.items() if value is not None})
            given["voice_settings"] = told.model_dump(include=set(voice))
        if "first_message" in given:
            given["greeting_message"] = given.pop("first_message")
        if "system_prompt" in given:
            given["conversation_rules"] = {"custom_system_prompt": given.pop("system_prompt")}
        return given


class AgentIn(AgentFields):
    name: Name
    is_active: bool = Field(True, description="Whether it is published at once.")


class AgentPatch(AgentFields):
    name: Name | None = None
    is_active: bool | None = Field(None, description="false: it makes and answers no calls and no chats.")


class AgentOut(CamelOutput):
    id: str
    name: str
    is_active: bool
    voice: str | None = Field(description="null: the provider's usual one.")
    first_message: str | None
    system_prompt: str | None
    language: str | None = Field(description="null: the provider's choice.")
    max_call_duration: int = Field(description="Seconds.")
    description: str | None
    created_at: datetime
    updated_at: datetime


def _out(agent: Agent) -> AgentOut:
    return AgentOut(
        id=agent.id, name=agent.name, is_active=is_active(agent), first_message=agent.greeting_message,
        system_prompt=agent.conversation_rules.get("custom_system_prompt"), description=agent.description,
        created_at=agent.created_at, updated_at=agent.updated_at,
        **voice_settings({"voice_settings": agent.voice_settings}).model_dump(),
    )  # fmt: skip


@router.get("", responses=TOTAL)
def page(
    who: KeyWho,
    state: State,
    response: Response,
    limit: Limit = 200,
    offset: Offset = 0,
) -> list[AgentOut]:
    """The oldest first, without those that were deleted."""
    with state.database.read() as session:
        rows, total = LiveAgents(session, who).page(limit, offset)
    response.headers["X-Total-Count"] = str(total)
    return [_out(row) for row in rows]


@router.post("", status_code=201)
def create(body: AgentIn, who: KeyWho, state: State) -> AgentOut:
    """It answers from all of the workspace's collections until some are named for it (Insydr's `collection_ids`)."""
    with state.database.write() as session:
        return _out(LiveAgents(session, who).create(NewAgent(**body.settings()), body.is_active))


@router.get("/{agentId}")
def get(agent_id: AgentId, who: KeyWho, state: State) -> AgentOut:
    with state.database.read() as session:
        return _out(LiveAgents(session, who).get(agent_id))


@router.patch("/{agentId}")
def update(agent_id: AgentId, body: AgentPatch, who: KeyWho, state: State) -> AgentOut:
    """A change of an active agent is served at once, with whatever else its draft holds."""
    change = change_of(AgentChange, body.settings())
    with state.database.write() as session:
        return _out(LiveAgents(session, who).change(agent_id, change, body.is_active))


@router.delete("/{agentId}")
def archive(agent_id: AgentId, who: KeyWho, state: State) -> AgentOut:
    """It is archived: its calls and conversations stay, and Insydr can take it back. Replies with what it was."""
    with state.database.write() as session:
        return _out(LiveAgents(session, who).archive(agent_id))
