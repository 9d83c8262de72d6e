"""Queries of phrasings: those of a cluster, and their way to another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, Select, and_, case, cast, func, or_, select, update

from domain.models import ClusterAlias, Feedback, Phrasing, Question, QuestionCluster
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Worded:
    """A phrasing, and how often it was asked and not answered."""

    id: str
    text: str
    asked: int
    failed: int
    first_asked_at: datetime
    last_asked_at: datetime


class PhrasingRepository(TenantRepository):
    def page(self, cluster_id: str, limit: int, offset: int) -> tuple[list[Worded], int]:
        """Those asked most often first; and how many there are."""
        of_cluster = (mine(Phrasing, self.who), Phrasing.cluster_id == cluster_id)
        query = self._worded().where(*of_cluster).order_by(func.count(Question.id).desc(), Phrasing.id)
        page = self.session.execute(query.limit(limit).offset(offset))
        return [Worded(*row) for row in page], self.count(cluster_id)

    def count(self, cluster_id: str) -> int:
        own = select(func.count()).where(mine(Phrasing, self.who), Phrasing.cluster_id == cluster_id)
        return self.session.scalar(own) or 0

    def some(self, cluster_id: str, phrasing_ids: Sequence[str]) -> list[Worded]:
        """Those of them that are the cluster's, in the order in which they were first asked."""
        query = self._worded().where(
            mine(Phrasing, self.who), Phrasing.cluster_id == cluster_id, Phrasing.id.in_(phrasing_ids)
        )
        return [Worded(*row) for row in self.session.execute(query.order_by(Phrasing.id))]

    def move(self, phrasing_ids: Sequence[str], cluster_id: str) -> None:
        """Their questions follow them: a job's work."""
        some = update(Phrasing).where(mine(Phrasing, self.who), Phrasing.id.in_(phrasing_ids))
        self.session.execute(some.values(cluster_id=cluster_id, moved=True))

    def move_all(self, cluster_ids: Sequence[str], cluster_id: str) -> None:
        """Those of the clusters into another, which their ids find from now on."""
        some = update(Phrasing).where(mine(Phrasing, self.who), Phrasing.cluster_id.in_(cluster_ids))
        self.session.execute(some.values(cluster_id=cluster_id, moved=True))
        before = update(ClusterAlias).where(mine(ClusterAlias, self.who), ClusterAlias.cluster_id.in_(cluster_ids))
        self.session.execute(before.values(cluster_id=cluster_id))
        workspace_id = self.who.workspace_id
        aliases = [ClusterAlias(id=one, workspace_id=workspace_id, cluster_id=cluster_id) for one in cluster_ids]
        self.session.add_all(aliases)
        self.session.flush()

    def remove(self, clusters: Sequence[QuestionCluster]) -> None:
        for one in clusters:
            self.session.delete(one)
        self.session.flush()

    def _worded(self) -> Select[str, str, int, int, datetime, datetime]:
        has_failed = or_(~Question.answered, Question.feedback == Feedback.THUMBS_DOWN, Question.escalated)
        failed = func.coalesce(func.sum(case((has_failed, 1), else_=0)), 0)
        return (
            select(
                Phrasing.id, Phrasing.text, func.count(Question.id), cast(failed, Integer),
                func.coalesce(func.min(Question.asked_at), Phrasing.last_asked_at), Phrasing.last_asked_at,
            )
            .outerjoin(Question, and_(mine(Question, self.who), Question.phrasing_id == Phrasing.id))
            .group_by(Phrasing.id)
        )  # fmt: skip
