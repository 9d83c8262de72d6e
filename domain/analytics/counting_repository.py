"""What a day is counted from, and where what was counted is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from domain.analytics.rows import KEPT, DayRows, Kept, day_rows
from domain.analytics.tally import Asked, Begun, Day
from domain.models import ClusterDay, Conversation, DayStats, Question, QuestionCluster, StaleDay, Workspace
from domain.scope import TenantRepository, mine

READ_TOGETHER = 2_000
DELETED_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Stale:
    """A workspace with something to count."""

    workspace_id: str
    timezone: str


def stale_workspaces(session: Session, limit: int) -> list[Stale]:
    """Of all tenants: this is our own job's question."""
    query = (
        select(Workspace.id, Workspace.timezone)
        .where(Workspace.id.in_(select(StaleDay.workspace_id).distinct()))
        .limit(limit)
    )
    return [Stale(*row) for row in session.execute(query)]


class CountingRepository(TenantRepository):
    def stale_moments(self, limit: int) -> list[datetime]:
        """Quarters of an hour with changes that are not counted, the latest first."""
        query = select(StaleDay.at).where(mine(StaleDay, self.who)).distinct()
        return list(self.session.scalars(query.order_by(StaleDay.at.desc()).limit(limit)))

    def marks(self, since: datetime, until: datetime, limit: int) -> list[str]:
        query = select(StaleDay.id).where(mine(StaleDay, self.who), StaleDay.at >= since, StaleDay.at < until)
        return list(self.session.scalars(query.order_by(StaleDay.id).limit(limit)))

    def questions(self, since: datetime, until: datetime) -> Iterator[Asked]:
        later = aliased(Question)
        again = (
            select(later.asked_at)
            .where(
                later.workspace_id == Question.workspace_id, later.cluster_id == Question.cluster_id,
                later.visitor_key == Question.visitor_key, later.asked_at > Question.asked_at,
            )
            .order_by(later.asked_at)
            .limit(1)
            .scalar_subquery()
        )  # fmt: skip
        query = select(
            Question.agent_id, Question.channel, Question.asked_at, Question.cluster_id,
            Question.answered, Question.refusal, Question.confidence, Question.response_ms, Question.document_ids,
            Question.feedback, Question.is_right, Question.escalated, again,
        ).where(mine(Question, self.who), Question.asked_at >= since, Question.asked_at < until)  # fmt: skip
        query = query.order_by(Question.id)  # sums of fractions are the same each time
        for row in self.session.execute(query.execution_options(yield_per=READ_TOGETHER)):
            yield Asked(*row)

    def conversations(self, since: datetime, until: datetime) -> Iterator[Begun]:
        query = select(
            Conversation.agent_id, Conversation.channel, Conversation.created_at, Conversation.last_message_at,
            Conversation.escalated_at,
        ).where(
            mine(Conversation, self.who), Conversation.created_at >= since, Conversation.created_at < until
        )  # fmt: skip
        query = query.order_by(Conversation.id)
        for row in self.session.execute(query.execution_options(yield_per=READ_TOGETHER)):
            yield Begun(*row)

    def questions_in(self, day: date) -> int:
        """As they were counted last."""
        query = select(func.max(DayStats.questions)).where(mine(DayStats, self.who), DayStats.day == day)
        return self.session.scalar(query) or 0

    def replace(self, day: date, counted: Day) -> None:
        workspace, new = {"workspace_id": self.who.workspace_id, "day": day}, day_rows(counted)
        before = [_values(row) for row in self._kept(ClusterDay, day)]
        for model, rows in new.items():
            self.session.execute(delete(model).where(mine(model, self.who), model.day == day))
            if rows:
                self.session.execute(insert(model), [workspace | row for row in rows])
        self.sum_up(_changed(before, new[ClusterDay]))

    def wrong_sums(self) -> list[str]:
        """Clusters that keep other sums than their days have."""
        days = (
            select(
                ClusterDay.cluster_id, func.sum(ClusterDay.asked).label("asked"),
                func.sum(ClusterDay.failed).label("failed"),
            )
            .where(mine(ClusterDay, self.who))
            .group_by(ClusterDay.cluster_id)
            .subquery()
        )  # fmt: skip
        query = select(QuestionCluster.id).outerjoin(days, days.c.cluster_id == QuestionCluster.id)
        asked, failed = (func.coalesce(days.c[name], 0) for name in ("asked", "failed"))
        other = or_(QuestionCluster.asked != asked, QuestionCluster.failed != failed)
        return list(self.session.scalars(query.where(mine(QuestionCluster, self.who), other)))

    def sum_up(self, cluster_ids: Sequence[str]) -> None:
        """What clusters keep of all their days."""
        for start in range(0, len(cluster_ids), DELETED_TOGETHER):
            of_cluster = (mine(ClusterDay, self.who), ClusterDay.cluster_id == QuestionCluster.id)
            failed = (*of_cluster, ClusterDay.failed > 0)
            some = QuestionCluster.id.in_(cluster_ids[start : start + DELETED_TOGETHER])
            sums = {
                "asked": select(func.coalesce(func.sum(ClusterDay.asked), 0)).where(*of_cluster),
                "failed": select(func.coalesce(func.sum(ClusterDay.failed), 0)).where(*of_cluster),
                "first_failed_on": select(func.min(ClusterDay.day)).where(*failed),
                "last_failed_on": select(func.max(ClusterDay.day)).where(*failed),
            }
            values = {name: query.scalar_subquery() for name, query in sums.items()}
            clusters = update(QuestionCluster).where(mine(QuestionCluster, self.who), some)
            self.session.execute(clusters.values(values).execution_options(synchronize_session=False))

    def stored(self, day: date) -> DayRows:
        """What is kept of the day, as `day_rows` makes it."""
        return {model: [_values(row) for row in self._kept(model, day)] for model in KEPT}

    def _kept(self, model: type[Kept], day: date) -> Iterator[Kept]:
        yield from self.session.scalars(
            self.select(model).where(model.day == day).order_by(*model.__table__.primary_key)
        )

    def remove_marks(self, mark_ids: Sequence[str]) -> int:
        """How many of them there still were."""
        removed = 0
        for start in range(0, len(mark_ids), DELETED_TOGETHER):
            some = mark_ids[start : start + DELETED_TOGETHER]
            result = self.session.execute(delete(StaleDay).where(mine(StaleDay, self.who), StaleDay.id.in_(some)))
            assert isinstance(result, CursorResult)
            removed += result.rowcount
        return removed


def _values(row: Kept) -> dict[str, Any]:
    """Without what all rows of a day share."""
    names = (column.key for column in type(row).__table__.columns)
    return {name: getattr(row, name) for name in names if name not in ("workspace_id", "day")}


def _changed(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[str]:
    """Clusters whose row of a day is another than before, or gone, or new."""
    old, new = ({row["cluster_id"]: row for row in rows} for rows in (before, after))
    return sorted(one for one in old.keys() | new.keys() if old.get(one) != new.get(one))
