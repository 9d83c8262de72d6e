"""Queries of what is done for clusters by the clock."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from domain.models import ClusterDay, Phrasing, QuestionCluster
from domain.scope import TenantRepository, mine
from domain.unanswered.categories import OTHER

TOGETHER = 500


def unnamed_workspaces(session: Session, limit: int) -> list[str]:
    """Of all tenants: this is our own job's question."""
    query = select(QuestionCluster.workspace_id).where(QuestionCluster.category.is_(None)).distinct()
    return list(session.scalars(query.limit(limit)))


class CategoryRepository(TenantRepository):
    def counts(self) -> tuple[int, int]:
        """Clusters without a category, and all."""
        query = select(func.count(), func.count(QuestionCluster.category)).where(mine(QuestionCluster, self.who))
        all_, named = self.session.execute(query).one()
        return all_ - named, all_

    def most_asked(self, limit: int) -> list[tuple[QuestionCluster, bytes, int]]:
        """With the vector of its question and how often it was asked; what is not counted yet was asked once."""
        asked = (
            select(ClusterDay.cluster_id, func.sum(ClusterDay.asked).label("asked"))
            .where(mine(ClusterDay, self.who))
            .group_by(ClusterDay.cluster_id)
            .subquery()
        )
        times = func.coalesce(asked.c.asked, 1)
        query = (
            self.select(QuestionCluster)
            .add_columns(Phrasing.vector, times)
            .join(Phrasing, Phrasing.id == QuestionCluster.phrasing_id)
            .outerjoin(asked, asked.c.cluster_id == QuestionCluster.id)
        )
        rows = self.session.execute(query.order_by(times.desc(), QuestionCluster.id).limit(limit))
        return [(row[0], row[1], int(row[2])) for row in rows]

    def name(self, categories: Mapping[str, str]) -> None:
        """What has none of these belongs to no category."""
        for name in sorted(set(categories.values())):
            ids = [cluster_id for cluster_id, one in categories.items() if one == name]
            for start in range(0, len(ids), TOGETHER):
                self._set(name, QuestionCluster.id.in_(ids[start : start + TOGETHER]))
        self._set(OTHER, QuestionCluster.category.is_(None))

    def _set(self, name: str, which: ColumnElement[bool]) -> None:
        some = update(QuestionCluster).where(mine(QuestionCluster, self.who), which)
        self.session.execute(some.values(category=name).execution_options(synchronize_session=False))
