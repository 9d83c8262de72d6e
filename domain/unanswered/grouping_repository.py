"""What grouping reads and writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.models import Message, Question, QuestionCluster
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that has to be looked at."""

    id: str
    text: str
    asked_at: datetime
    cluster_id: str | None
    visitor_key: str
    answered: bool
    feedback: str | None
    escalated: bool


def pending_workspaces(session: Session, limit: int) -> list[str]:
    """Of all tenants: this is our own job's question."""
    return list(session.scalars(select(Question.workspace_id).where(Question.pending).distinct().limit(limit)))


class GroupingRepository(TenantRepository):
    def pending(self, limit: int) -> list[Pending]:
        """The oldest first."""
        query = (
            select(
                Question.id, Message.content, Question.asked_at, Question.cluster_id, Question.visitor_key,
                Question.answered, Question.feedback, Question.escalated,
            )
            .join(Message, Message.id == Question.id)
            .where(mine(Question, self.who), Question.pending)
            .order_by(Question.id)
            .limit(limit)
        )  # fmt: skip
        return [Pending(*row) for row in self.session.execute(query)]

    def clusters_after(self, cluster_id: str, limit: int) -> Sequence[QuestionCluster]:
        """In the order in which they began."""
        query = self.select(QuestionCluster).where(QuestionCluster.id > cluster_id)
        return self.session.scalars(query.order_by(QuestionCluster.id).limit(limit)).all()

    def used_since(self, most: int) -> datetime | None:
        """Since when the `most` latest used clusters were; None where there are no more than that."""
        query = select(QuestionCluster.last_asked_at).where(mine(QuestionCluster, self.who))
        return self.session.scalar(query.order_by(QuestionCluster.last_asked_at.desc()).offset(most).limit(1))

    def store(self, clusters: Sequence[QuestionCluster]) -> None:
        self.session.add_all(clusters)
        self.session.flush()

    def existing(self, cluster_ids: Sequence[str]) -> dict[str, QuestionCluster]:
        """Locked, by id, in the order of their ids."""
        query = self.select(QuestionCluster).where(QuestionCluster.id.in_(cluster_ids)).order_by(QuestionCluster.id)
        return {row.id: row for row in self.session.scalars(query.with_for_update())}

    def assign(self, clusters: Mapping[str, str]) -> None:
        """The cluster of each question, which has been looked at then."""
        for cluster_id in sorted(set(clusters.values())):
            ids = [question_id for question_id, one in clusters.items() if one == cluster_id]
            some = update(Question).where(mine(Question, self.who), Question.id.in_(ids))
            self.session.execute(some.values(cluster_id=cluster_id, pending=False))

    def asked_before(self, question: Pending, cluster_id: str, since: datetime) -> datetime | None:
        """When the same visitor last asked the same: that answer is contradicted now, earlier ones were before."""
        query = select(Question.asked_at).where(
            mine(Question, self.who), Question.cluster_id == cluster_id, Question.visitor_key == question.visitor_key,
            Question.asked_at >= since, Question.asked_at < question.asked_at,
        )  # fmt: skip
        return self.session.scalar(query.order_by(Question.asked_at.desc()).limit(1))
