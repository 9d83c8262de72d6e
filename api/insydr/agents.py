"""CONTRACT, Insydr row 4: agents."""

from datetime import datetime
from typing import Any

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
from api.state import State
from core.errors import InvalidInput
from domain.agents.service import AgentService, version_label
from domain.agents.settings import AgentStatus, AgentType
from domain.revision import etag

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/agents", tag="Agents")
NOT_NULL = ("name", "agent_type", "collection_ids", "status")


class PublishOut(BaseModel):
    message: str = "Agent published successfully"
    version: str
    published_at: datetime | None


@router.post("", status_code=201)
def create(body: AgentIn, who: Who, state: State, response: Response) -> AgentOut:
    fields = body.model_dump()
    with state.database.write() as session:
        agent = AgentService(session, who).create(fields, fields.pop("collection_ids"))
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
    changes = _checked(body.given())
    with state.database.write() as session:
        service = AgentService(session, who)
        agent, collections, stats = service.described(service.update(agent_id, changes, if_match))
    response.headers["ETag"] = etag(agent)
    return agent_detail(agent, collections, stats)


@router.post("/{agent_id}/publish")
def publish(agent_id: str, who: Who, state: State) -> PublishOut:
    with state.database.write() as session:
        agent = AgentService(session, who).publish(agent_id)
    return PublishOut(version=version_label(agent), published_at=agent.published_at)


@router.delete("/{agent_id}")
def archive(agent_id: str, who: Who, state: State, if_match: IfMatch = None) -> AgentOut:
    with state.database.write() as session:
        agent = AgentService(session, who).update(agent_id, {"status": AgentStatus.ARCHIVED}, if_match)
    return AgentOut(**agent_fields(agent))


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    for name in NOT_NULL:
        if name in changes and changes[name] is None:
            raise InvalidInput(f"{name} must not be null.", field=name)
    if changes.get("status") == AgentStatus.PUBLISHED:
        raise InvalidInput("Publish with POST …/publish.", field="status")
    return changes
