"""Queries of what a workspace uses of its plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.database.conflicts import insert_into
from domain.agents.settings import AgentStatus
from domain.models import Agent, Campaign, CampaignStatus, Document, MonthlyUsage, Status, User, Workspace
from domain.scope import TenantRepository


@dataclass(frozen=True, slots=True)
class Counted:
    """Messages of a month after one more, and what its owner was told before."""

    messages: int
    told_percent: int
    told_limit: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """What the workspace has: documents that are not deleted, and the bytes of their newest originals."""

    documents: int
    bytes_: int


class UsageRepository(TenantRepository):
    def count_message(self, month: str, most: int | None) -> Counted | None:
        """One message more, in one statement, so that those of one moment are counted apart; None beyond `most`."""
        first = insert_into(self.session, MonthlyUsage).values(
            workspace_id=self.who.workspace_id, month=month, messages=1, told_percent=0
        )
        counted = first.on_conflict_do_update(
            index_elements=["workspace_id", "month"], set_={"messages": MonthlyUsage.messages + 1},
            where=None if most is None else MonthlyUsage.messages < most,
        ).returning(MonthlyUsage.messages, MonthlyUsage.told_percent, MonthlyUsage.told_limit)  # fmt: skip
        row = self.session.execute(counted).one_or_none()
        return Counted(*row) if row else None

    def give_back(self, month: str) -> None:
        self._update(month, messages=MonthlyUsage.messages - 1)

    def tell(self, month: str, percent: int, limit: int) -> None:
        self._update(month, told_percent=percent, told_limit=limit)

    def months(self, limit: int) -> Sequence[MonthlyUsage]:
        """The latest ones."""
        query = self.select(MonthlyUsage).order_by(MonthlyUsage.month.desc())
        return self.session.scalars(query.limit(limit)).all()

    def held(self) -> Held:
        living = self.select(Document).where(Document.status != Status.DELETED)
        query = living.with_only_columns(func.count(), func.coalesce(func.sum(Document.size_bytes), 0))
        documents, bytes_ = self.session.execute(query).one()
        return Held(documents, int(bytes_))

    def agents(self) -> int:
        """Those that are not archived."""
        query = self.select(Agent).where(Agent.status != AgentStatus.ARCHIVED)
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def campaigns(self) -> int:
        """Those that have not ended."""
        running = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
        query = self.select(Campaign).where(Campaign.status.in_(running))
        return self.session.scalar(query.with_only_columns(func.count())) or 0

    def _update(self, month: str, **values: object) -> None:
        mine = (MonthlyUsage.workspace_id == self.who.workspace_id, MonthlyUsage.month == month)
        self.session.execute(update(MonthlyUsage).where(*mine, MonthlyUsage.messages > 0).values(**values))


@dataclass(frozen=True, slots=True)
class Told:
    workspace: Workspace
    to: str
    messages: int


def told(session: Session, workspace_id: str, month: str) -> Told | None:
    """Our own job's id, so no caller's tenant; None for a workspace that is deleted."""
    query = (
        select(Workspace, User.email, MonthlyUsage.messages)
        .join(User, User.id == Workspace.owner_id)
        .join(MonthlyUsage, MonthlyUsage.workspace_id == Workspace.id)
        .where(Workspace.id == workspace_id, Workspace.deleted_at.is_(None), MonthlyUsage.month == month)
    )
    row = session.execute(query).one_or_none()
    return Told(*row) if row else None
