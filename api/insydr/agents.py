"""CONTRACT, Insydr row 4: agents."""

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from api.fields import IfMatch, Limit, Offset
from api.insydr.agent_schemas import (
    AgentDetail,
    AgentIn,
    AgentList,
    AgentOut,
    AgentPatch,
    AgentRow,
    agent_detail,
    agent_fields,
)
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import ApiState, State
from domain.agents.service import AgentChange, AgentService, NewAgent, version_label
from domain.agents.settings import AgentStatus, AgentType
from domain.changes import change_of
from domain.principal import Principal
from domain.revision import etag

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/agents", tag="Agents")


class PublishOut(BaseModel):
    message: str = "Agent published successfully"
    version: str
    published_at: datetime | None


class PausedOut(BaseModel):
    id: str
    paused: bool
    paused_at: datetime | None


@router.post("", status_code=201)
def create(body: AgentIn, who: Who, state: State, response: Response) -> AgentOut:
    with state.database.write() as session:
        agent = AgentService(session, who).create(NewAgent(**body.model_dump()))
    response.headers["ETag"] = etag(agent)
    return AgentOut(**agent_fields(agent))


@router.get("")
def page(
    who: Who,
    state: State,
    status: AgentStatus | None = None,
    type: AgentType | None = None,  # noqa: A002  the seed's name
    limit: Limit = 50,
    offset: Offset = 0,
) -> AgentList:
    with state.database.read() as session:
        rows, total = AgentService(session, who).page(status, type, limit, offset)
    listed = [AgentRow(**agent_fields(agent), conversation_count=count) for agent, count in rows]
    return AgentList(agents=listed, total=total)


@router.get("/{agent_id}")
def get(agent_id: str, who: Who, state: State, response: Response) -> AgentDetail:
    with state.database.read() as session:
        agent, collections, stats = AgentService(session, who).detail(agent_id)
    response.headers["ETag"] = etag(agent)
    return agent_detail(agent, collections, stats)


@router.patch("/{agent_id}")
def update(
    agent_id: str, body: AgentPatch, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> AgentDetail:
    change = change_of(AgentChange, body.given())
    with state.database.write() as session:
        service = AgentService(session, who)
        agent, collections, stats = service.described(service.update(agent_id, change, if_match))
    response.headers["ETag"] = etag(agent)
    return agent_detail(agent, collections, stats)


@router.post("/{agent_id}/publish")
def publish(agent_id: str, who: Who, state: State) -> PublishOut:
    with state.database.write() as session:
        agent = AgentService(session, who).publish(agent_id)
    return PublishOut(version=version_label(agent), published_at=agent.published_at)


@router.post("/{agent_id}/pause")
def pause(agent_id: str, who: Who, state: State) -> PausedOut:
    return _paused(agent_id, who, state, True)


@router.post("/{agent_id}/resume")
def resume(agent_id: str, who: Who, state: State) -> PausedOut:
    return _paused(agent_id, who, state, False)


def _paused(agent_id: str, who: Principal, state: ApiState, paused: bool) -> PausedOut:
    with state.database.write() as session:
        agent = AgentService(session, who).set_paused(agent_id, paused)
    return PausedOut(id=agent.id, paused=paused, paused_at=agent.paused_at)


@router.delete("/{agent_id}")
def archive(agent_id: str, who: Who, state: State, if_match: IfMatch = None) -> AgentOut:
    with state.database.write() as session:
        agent = AgentService(session, who).archive(agent_id, if_match)
    return AgentOut(**agent_fields(agent))
