"""CONTRACT, Insydr row 2: workspaces."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, EmailStr, Field

from api.fields import IfMatch, Input, JsonObject, Limit, MessageOut, Name, Offset, Output, ShortText
from api.insydr.surface import INSYDR
from api.principal import CurrentUser, From, Who
from api.state import State
from domain.changes import change_of
from domain.revision import etag
from domain.workspaces.repository import WorkspaceRepository
from domain.workspaces.service import NewWorkspace, WorkspaceChange, WorkspaceService, create_workspace

router = INSYDR.router("/api/v1/workspaces", tag="Workspaces")


RETENTION = "Days after its last message that a conversation is kept; 0 for ever, null as the installation does."
Retention = Annotated[int, Field(ge=0, le=36_500, description=RETENTION)]


class WorkspaceIn(Input):
    name: Name
    timezone: ShortText = "UTC"
    settings: JsonObject = {}


class WorkspacePatch(Input):
    name: Name | None = None
    logo_url: ShortText | None = None
    timezone: ShortText | None = None
    settings: JsonObject | None = None
    escalation_email: Annotated[EmailStr, Field(max_length=320)] | None = None
    conversation_retention_days: Retention | None = None


class WorkspaceOut(Output):
    id: str
    name: str
    slug: str
    owner_id: str
    subscription_tier: str = Field(validation_alias="plan")
    logo_url: str | None
    timezone: str
    settings: dict[str, Any]
    escalation_email: str | None = Field(description="Who is told of visitors that ask for a human; null: the owner.")
    conversation_retention_days: int | None = Field(description=RETENTION)
    created_at: datetime


class StatsOut(BaseModel):
    total_agents: int
    total_documents: int
    total_conversations: int
    total_messages: int


class WorkspaceDetail(WorkspaceOut):
    stats: StatsOut


class WorkspaceRow(BaseModel):
    id: str
    name: str
    slug: str
    role: str
    agent_count: int
    document_count: int


class WorkspaceList(BaseModel):
    workspaces: list[WorkspaceRow]
    total: int


@router.post("", status_code=201)
def create(body: WorkspaceIn, user: CurrentUser, origin: From, state: State, response: Response) -> WorkspaceOut:
    with state.database.write() as session:
        new = NewWorkspace(**body.model_dump())
        workspace = create_workspace(session, user.id, new, state.settings.plan, origin)
    response.headers["ETag"] = etag(workspace)
    return WorkspaceOut.model_validate(workspace)


@router.get("")
def page(user: CurrentUser, state: State, limit: Limit = 50, offset: Offset = 0) -> WorkspaceList:
    with state.database.read() as session:
        rows, total = WorkspaceRepository(session).of_user(user.id, limit, offset)
    return WorkspaceList(
        workspaces=[
            WorkspaceRow(
                id=row.workspace.id, name=row.workspace.name, slug=row.workspace.slug, role=row.role,
                agent_count=row.agents, document_count=row.documents,
            )
            for row in rows
        ],
        total=total,
    )  # fmt: skip


@router.get("/{workspace_id}")
def get(who: Who, state: State, response: Response) -> WorkspaceDetail:
    with state.database.read() as session:
        workspace = WorkspaceService(session, who).get()
        stats = WorkspaceRepository(session).stats(who.workspace_id)
    response.headers["ETag"] = etag(workspace)
    counts = StatsOut(
        total_agents=stats.agents,
        total_documents=stats.documents,
        total_conversations=stats.conversations,
        total_messages=stats.messages,
    )
    return WorkspaceDetail(**WorkspaceOut.model_validate(workspace).model_dump(), stats=counts)


@router.patch("/{workspace_id}")
def update(body: WorkspacePatch, who: Who, state: State, response: Response, if_match: IfMatch = None) -> WorkspaceOut:
    change = change_of(WorkspaceChange, body.given())
    with state.database.write() as session:
        workspace = WorkspaceService(session, who).update(change, if_match)
    response.headers["ETag"] = etag(workspace)
    return WorkspaceOut.model_validate(workspace)


@router.delete("/{workspace_id}")
def delete(who: Who, state: State, if_match: IfMatch = None) -> MessageOut:
    with state.database.write() as session:
        WorkspaceService(session, who).delete(if_match)
    return MessageOut(message="Workspace deleted successfully")
