"""Queries of the work list, and of what is asked for most."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, case, func, select
from sqlalchemy.sql.selectable import Subquery

from domain.analytics.days import Period
from domain.models import ClusterDay, ClusterStatus, QuestionCluster
from domain.scope import TenantRepository, mine


class ItemOrder(StrEnum):
    OCCURRENCES = "occurrences"
    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"


@dataclass(frozen=True, slots=True)
class WantedItems:
    """Which items; None: whichever. Of a `period` those that came up in it, with how often then."""

    status: ClusterStatus | None = None
    assigned_to: str | None = None
    text: str | None = None
    period: Period | None = None
    order: ItemOrder = ItemOrder.OCCURRENCES


@dataclass(frozen=True, slots=True)
class Item:
    """A cluster of the work list. Of the `asked` that meant the same `occurrences` went without an answer; both, and
    the days, are as far as they are counted."""

    cluster: QuestionCluster
    occurrences: int
    asked: int
    first_seen: date | None
    last_seen: date | None


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A cluster, how often it was asked for in a period and in the one before, and how it went in the former."""

    cluster_id: str
    question: str
    status: str | None
    count: int
    before: int
    failed: int
    avg_confidence: float | None


class ItemRepository(TenantRepository):
    def get(self, cluster_id: str) -> QuestionCluster | None:
        """An item: what was always answered is none."""
        return self.session.scalar(self._items().where(QuestionCluster.id == cluster_id))

    def item(self, cluster: QuestionCluster) -> Item:
        """With what was counted of it, so far."""
        seen = self._seen(None, cluster.id)
        row = self.session.execute(select(seen.c.failed, seen.c.asked, seen.c.first, seen.c.last)).one_or_none()
        return Item(cluster, *(row or (0, 0, None, None)))

    def page(self, wanted: WantedItems, limit: int, offset: int) -> tuple[list[Item], int]:
        """Open ones first, then as ordered; and how many there are."""
        seen = self._seen(wanted.period)
        query = self._wanted(wanted).join(seen, seen.c.cluster_id == QuestionCluster.id, isouter=not wanted.period)
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        first = case((QuestionCluster.status == ClusterStatus.OPEN, 0), else_=1)
        key = {
            ItemOrder.OCCURRENCES: func.coalesce(seen.c.failed, 0).desc(),
            ItemOrder.LAST_SEEN: QuestionCluster.last_asked_at.desc(),
            ItemOrder.FIRST_SEEN: QuestionCluster.opened_at,
        }[wanted.order]
        counts = (func.coalesce(seen.c.failed, 0), func.coalesce(seen.c.asked, 0), seen.c.first, seen.c.last)
        rows = self.session.execute(
            query.add_columns(*counts).order_by(first, key, QuestionCluster.id).limit(limit).offset(offset)
        )
        return [Item(*row) for row in rows], total

    def states(self) -> dict[str, int]:
        """How many items there are of each status."""
        query = select(QuestionCluster.status, func.count()).where(mine(QuestionCluster, self.who))
        rows = self.session.execute(query.where(QuestionCluster.status.is_not(None)).group_by(QuestionCluster.status))
        return {str(status): count for status, count in rows}

    def resolved_since(self, moment: datetime) -> int:
        resolved = self._items().where(
            QuestionCluster.status == ClusterStatus.RESOLVED, QuestionCluster.resolved_at >= moment
        )
        return self.session.scalar(resolved.with_only_columns(func.count())) or 0

    def asked_for(self, period: Period) -> list[AskedFor]:
        """Every cluster that was asked for in the period, the most often first."""
        now, before = self._asked(period), self._asked(period.before())
        query = (
            select(
                QuestionCluster.id, QuestionCluster.question, QuestionCluster.status, now.c.asked,
                func.coalesce(before.c.asked, 0), now.c.failed, now.c.confidence / func.nullif(now.c.confident, 0),
            )
            .join(now, now.c.cluster_id == QuestionCluster.id)
            .outerjoin(before, before.c.cluster_id == QuestionCluster.id)
            .where(mine(QuestionCluster, self.who))
            .order_by(now.c.asked.desc(), QuestionCluster.id)
        )  # fmt: skip
        return [AskedFor(*row) for row in self.session.execute(query)]

    def categories(self, period: Period) -> list[tuple[str, int, int]]:
        """Names with how often their questions were asked and failed; what has none is under the empty one."""
        now = self._asked(period)
        name = func.coalesce(QuestionCluster.category, "")
        query = (
            select(name, func.sum(now.c.asked), func.sum(now.c.failed))
            .join(now, now.c.cluster_id == QuestionCluster.id)
            .where(mine(QuestionCluster, self.who))
            .group_by(name)
        )
        rows = [(str(row[0]), int(row[1]), int(row[2])) for row in self.session.execute(query)]
        return sorted(rows, key=lambda row: (not row[0], -row[1], row[0]))

    def _items(self) -> Select[QuestionCluster]:
        return self.select(QuestionCluster).where(QuestionCluster.status.is_not(None))

    def _wanted(self, wanted: WantedItems) -> Select[QuestionCluster]:
        query = self._items()
        if wanted.status is not None:
            query = query.where(QuestionCluster.status == wanted.status)
        if wanted.assigned_to is not None:
            query = query.where(QuestionCluster.assigned_to == wanted.assigned_to)
        if wanted.text is not None:
            query = query.where(QuestionCluster.question.icontains(wanted.text, autoescape=True))
        return query

    def _seen(self, period: Period | None, cluster_id: str | None = None) -> Subquery:
        """Of each cluster how often it failed and was asked, and the first and last day on which it failed."""
        failed_on = case((ClusterDay.failed > 0, ClusterDay.day))
        query = select(
            ClusterDay.cluster_id, func.sum(ClusterDay.failed).label("failed"),
            func.sum(ClusterDay.asked).label("asked"), func.min(failed_on).label("first"),
            func.max(failed_on).label("last"),
        ).where(mine(ClusterDay, self.who))  # fmt: skip
        if period is not None:
            query = query.where(ClusterDay.day >= period.first, ClusterDay.day <= period.last, ClusterDay.failed > 0)
        if cluster_id is not None:
            query = query.where(ClusterDay.cluster_id == cluster_id)
        return query.group_by(ClusterDay.cluster_id).subquery()

    def _asked(self, period: Period) -> Subquery:
        query = select(
            ClusterDay.cluster_id, func.sum(ClusterDay.asked).label("asked"),
            func.sum(ClusterDay.failed).label("failed"), func.sum(ClusterDay.confidence).label("confidence"),
            func.sum(ClusterDay.confident).label("confident"),
        ).where(mine(ClusterDay, self.who), ClusterDay.day >= period.first, ClusterDay.day <= period.last)  # fmt: skip
        return query.group_by(ClusterDay.cluster_id).subquery()
