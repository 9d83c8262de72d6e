"""What is read to find clusters that mean the same."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.models import Grouping, QuestionCluster, Workspace
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Due:
    """A workspace whose phrasings have changed since its clusters were last compared."""

    workspace_id: str
    timezone: str
    merged_at: datetime


def changed_workspaces(session: Session) -> list[Due]:
    """Of all tenants: this is our own job's question."""
    query = (
        select(Workspace.id, Workspace.timezone, Grouping.merged_at)
        .join(Grouping, Grouping.workspace_id == Workspace.id)
        .where(Grouping.version != Grouping.merged_version)
        .order_by(Workspace.id)
    )
    return [Due(*row) for row in session.execute(query)]


class MergingRepository(TenantRepository):
    def states(self) -> dict[str, str | None]:
        """Of the clusters that a job may join to others, by id."""
        query = select(QuestionCluster.id, QuestionCluster.status).where(
            mine(QuestionCluster, self.who), ~QuestionCluster.by_hand
        )
        return {row[0]: row[1] for row in self.session.execute(query)}
