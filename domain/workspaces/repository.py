"""Queries of workspaces and members."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.models import Agent, Conversation, Document, Member, Message, Status, Workspace


@dataclass(frozen=True, slots=True)
class Membership:
    workspace: Workspace
    role: str
    agents: int
    documents: int


@dataclass(frozen=True, slots=True)
class Stats:
    agents: int
    documents: int
    conversations: int
    messages: int


class WorkspaceRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, workspace_id: str) -> Workspace | None:
        return self.session.scalar(
            select(Workspace).where(Workspace.id == workspace_id, Workspace.deleted_at.is_(None))
        )

    def plan(self, workspace_id: str) -> str | None:
        """None for one that is deleted."""
        query = select(Workspace.plan).where(Workspace.id == workspace_id, Workspace.deleted_at.is_(None))
        return self.session.scalar(query)

    def lock(self, workspace_id: str) -> None:
        """Until the transaction ends; rows that refer to it may be added meanwhile."""
        query = select(Workspace.id).where(Workspace.id == workspace_id)
        self.session.execute(query.with_for_update(key_share=True))

    def by_id_or_slug(self, wanted: str) -> Workspace | None:
        named = (Workspace.id == wanted) | (Workspace.slug == wanted)
        return self.session.scalar(select(Workspace).where(named, Workspace.deleted_at.is_(None)))

    def oldest(self) -> Workspace | None:
        live = select(Workspace).where(Workspace.deleted_at.is_(None))
        return self.session.scalar(live.order_by(Workspace.created_at, Workspace.id).limit(1))

    def role(self, workspace_id: str, user_id: str) -> str | None:
        """The user's role in a workspace that is not deleted."""
        query = select(Member.role).join(Workspace, Workspace.id == Member.workspace_id)
        return self.session.scalar(
            query.where(Member.workspace_id == workspace_id, Member.user_id == user_id, Workspace.deleted_at.is_(None))
        )

    def slug_taken(self, slug: str) -> bool:
        return self.session.scalar(select(Workspace.id).where(Workspace.slug == slug)) is not None

    def of_user(self, user_id: str, limit: int, offset: int) -> tuple[list[Membership], int]:
        """A page of the user's workspaces with counts, in two queries, and how many there are."""
        agents = select(func.count()).where(Agent.workspace_id == Workspace.id).scalar_subquery()
        live = Document.status != Status.DELETED
        documents = select(func.count()).where(Document.workspace_id == Workspace.id, live).scalar_subquery()
        joined = Member.workspace_id == Workspace.id
        wanted = (Member.user_id == user_id, Workspace.deleted_at.is_(None))
        total = self.session.scalar(select(func.count()).select_from(Member).join(Workspace, joined).where(*wanted))
        page = select(Workspace, Member.role, agents, documents).join(Member, joined).where(*wanted)
        rows = self.session.execute(page.order_by(Workspace.id).limit(limit).offset(offset))
        return [Membership(*row) for row in rows], total or 0

    def stats(self, workspace_id: str) -> Stats:
        row = self.session.execute(
            select(
                select(func.count()).where(Agent.workspace_id == workspace_id).scalar_subquery(),
                select(func.count())
                .where(Document.workspace_id == workspace_id, Document.status != Status.DELETED)
                .scalar_subquery(),
                select(func.count()).where(Conversation.workspace_id == workspace_id).scalar_subquery(),
                select(func.count()).where(Message.workspace_id == workspace_id).scalar_subquery(),
            )
        ).one()
        return Stats(*row)
