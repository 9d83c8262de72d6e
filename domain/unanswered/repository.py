"""Queries of the work list, and of what is asked for most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.sql.selectable import Subquery

from core.errors import NotFound
from domain.analytics.days import Period
from domain.models import ClusterAlias, ClusterDay, ClusterStatus, QuestionCluster
from domain.scope import TenantRepository, mine
from domain.unanswered.outlook import Outlook


class ItemOrder(StrEnum):
    OCCURRENCES = "occurrences"
    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"
    GAIN = "gain"


@dataclass(frozen=True, slots=True)
class WantedItems:
    """Which items; None: whichever. Of a `period` those that came up in it, with how often then."""

    status: ClusterStatus | None = None
    assigned_to: str | None = None
    text: str | None = None
    reason: str | None = None
    period: Period | None = None
    order: ItemOrder = ItemOrder.OCCURRENCES
    recent: Period | None = None  # by the failures of which gains are ordered


@dataclass(frozen=True, slots=True)
class Item:
    """A cluster of the work list. Of the `asked` that meant the same `occurrences` went without an answer, in the
    period where there is one; both as far as they are counted."""

    cluster: QuestionCluster
    occurrences: int
    asked: int
    outlook: Outlook | None = None  # as far as it was looked for


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
        """An item, also by the id of one that became part of it; what was always answered is none."""
        return self.several([cluster_id]).get(cluster_id)

    def existing(self, cluster_id: str) -> QuestionCluster:
        """As `get`; raises `NotFound`."""
        cluster = self.get(cluster_id)
        if cluster is None:
            raise not_found()
        return cluster

    def several(self, cluster_ids: Sequence[str]) -> dict[str, QuestionCluster]:
        """As `get`, by the ids that were given; what is not there is left out."""
        aliases = self.select(ClusterAlias).where(ClusterAlias.id.in_(cluster_ids))
        into = {row.id: row.cluster_id for row in self.session.scalars(aliases)}
        wanted = {one: into.get(one, one) for one in cluster_ids}
        found = self._items().where(QuestionCluster.id.in_(sorted(set(wanted.values()))))
        items = {row.id: row for row in self.session.scalars(found)}
        return {one: items[cluster_id] for one, cluster_id in wanted.items() if cluster_id in items}

    def page(self, wanted: WantedItems, limit: int, offset: int) -> tuple[list[Item], int]:
        """Open ones first, then as ordered; and how many there are."""
        query = self._wanted(wanted)
        failed: ColumnElement[int] = QuestionCluster.failed.expression
        asked: ColumnElement[int] = QuestionCluster.asked.expression
        if wanted.period is not None:
            seen = self._asked(wanted.period)
            query = query.join(seen, seen.c.cluster_id == QuestionCluster.id).where(seen.c.failed > 0)
            failed, asked = seen.c.failed, seen.c.asked
        total = self.session.scalar(query.with_only_columns(func.count())) or 0
        key = _key(wanted.order, failed)
        if wanted.order is ItemOrder.GAIN and wanted.recent is not None:
            lately = self._asked(wanted.recent)
            query = query.outerjoin(lately, lately.c.cluster_id == QuestionCluster.id)
            key = func.coalesce(lately.c.failed, 0).desc()
        first = case((QuestionCluster.status == ClusterStatus.OPEN, 0), else_=1)
        page = query.add_columns(failed, asked).order_by(first, key, QuestionCluster.id).limit(limit).offset(offset)
        return [Item(*row) for row in self.session.execute(page)], total

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

    def asked_for(self, period: Period, limit: int, offset: int) -> tuple[list[AskedFor], int]:
        """What was asked in the period, the most often first; and how many questions there were."""
        now = self._asked(period)
        total = self.session.scalar(select(func.count()).select_from(now)) or 0
        query = self._compared(now, period).order_by(now.c.asked.desc(), QuestionCluster.id)
        return [AskedFor(*row) for row in self.session.execute(query.limit(limit).offset(offset))], total

    def grown(self, period: Period, least: int, factor: float, most: int) -> list[AskedFor]:
        """What was asked at least so often, and so many times as often as before; those that grew by most."""
        now = self._asked(period)
        query = self._compared(now, period).subquery()
        growth = query.c.count - query.c.before
        grown = select(query).where(query.c.count >= least, query.c.count > query.c.before * factor)
        return [AskedFor(*row) for row in self.session.execute(grown.order_by(growth.desc()).limit(most))]

    def _compared(self, now: Subquery, period: Period) -> Select[Any]:
        before = self._asked(period.before())
        return (
            select(
                QuestionCluster.id, QuestionCluster.question, QuestionCluster.status, now.c.asked.label("count"),
                func.coalesce(before.c.asked, 0).label("before"), now.c.failed,
                (now.c.confidence / func.nullif(now.c.confident, 0)).label("avg_confidence"),
            )
            .join(now, now.c.cluster_id == QuestionCluster.id)
            .outerjoin(before, before.c.cluster_id == QuestionCluster.id)
            .where(mine(QuestionCluster, self.who))
        )  # fmt: skip

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
        if wanted.reason is not None:
            query = query.where(QuestionCluster.reason == wanted.reason)
        if wanted.text is not None:
            query = query.where(QuestionCluster.question.icontains(wanted.text, autoescape=True))
        return query

    def _asked(self, period: Period) -> Subquery:
        query = select(
            ClusterDay.cluster_id, func.sum(ClusterDay.asked).label("asked"),
            func.sum(ClusterDay.failed).label("failed"), func.sum(ClusterDay.confidence).label("confidence"),
            func.sum(ClusterDay.confident).label("confident"),
        ).where(mine(ClusterDay, self.who), ClusterDay.day >= period.first, ClusterDay.day <= period.last)  # fmt: skip
        return query.group_by(ClusterDay.cluster_id).subquery()


def not_found(field: str | None = None) -> NotFound:
    return NotFound("There is no such question in the work list.", code="UNANSWERED_NOT_FOUND", field=field)


def _key(order: ItemOrder, failed: ColumnElement[int]) -> ColumnElement[Any]:
    if order is ItemOrder.LAST_SEEN:
        return QuestionCluster.last_asked_at.desc()
    return QuestionCluster.opened_at.asc() if order is ItemOrder.FIRST_SEEN else failed.desc()
