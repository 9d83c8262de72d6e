"""What grouping reads and writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, union, update
from sqlalchemy.orm import Session, aliased

from core.clock import utc_now
from core.database.conflicts import insert_into
from domain.analytics.tally import has_failed
from domain.models import Grouping, Message, Phrasing, Question, QuestionCluster
from domain.scope import TenantRepository, mine
from domain.unanswered.groups import Place
from retrieval.answers import Refusal


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that has to be looked at."""

    id: str
    text: str
    asked_at: datetime
    phrasing_id: str | None
    cluster_id: str | None
    visitor_key: str
    answered: bool
    feedback: str | None
    escalated: bool
    passages: list[Any] | None
    agent_id: str
    refusal: str | None
    document_ids: list[Any]

    @property
    def failed(self) -> bool:
        return has_failed(self.answered, self.feedback, self.escalated)

    def disputed(self) -> set[str]:
        """Documents that were no answer to it, though they were given, or to a language model, as one."""
        if self.failed and self.answered:
            return set(self.document_ids)
        if self.refusal == Refusal.MODEL_REFUSED:
            return {place.rpartition("#")[0] for place in self.passages or ()}
        return set()


def pending_workspaces(session: Session, limit: int) -> list[str]:
    """Of all tenants: this is our own job's question."""
    asked = select(Question.workspace_id).where(Question.pending)
    moved = select(Phrasing.workspace_id).where(Phrasing.moved)
    return list(session.scalars(union(asked.distinct(), moved.distinct()).limit(limit)))


class GroupingRepository(TenantRepository):
    def pending(self, after: str, limit: int) -> list[Pending]:
        """The oldest first, of those after that one: what was looked at before leaves its traces in the index."""
        some = select(Question.id).where(mine(Question, self.who), Question.pending, Question.id > after)
        first = some.order_by(Question.id).limit(limit).subquery()  # before texts are read
        query = (
            select(
                Question.id, func.coalesce(Question.asked, Message.content), Question.asked_at, Question.phrasing_id,
                Question.cluster_id, Question.visitor_key, Question.answered, Question.feedback, Question.escalated,
                Question.passages, Question.agent_id, Question.refusal, Question.document_ids,
            )
            .join(first, first.c.id == Question.id)
            .join(Message, Message.id == Question.id)
            .order_by(Question.id)
        )  # fmt: skip
        return [Pending(*row) for row in self.session.execute(query)]

    def version(self) -> int:
        """Of the phrasings, without holding it."""
        return self.session.scalar(select(Grouping.version).where(mine(Grouping, self.who))) or 0

    def locked(self) -> Grouping:
        """Nobody else changes phrasings of the workspace until this transaction ends."""
        row = insert_into(self.session, Grouping).values(workspace_id=self.who.workspace_id, merged_at=utc_now())
        self.session.execute(row.on_conflict_do_nothing(index_elements=["workspace_id"]))
        return self.session.scalars(self.select(Grouping).with_for_update()).one()

    def places(self, most: int) -> list[Place]:
        """Of the phrasings that were asked last, in the order in which they were first asked."""
        latest = (
            select(Phrasing.id, Phrasing.cluster_id)
            .where(mine(Phrasing, self.who))
            .order_by(Phrasing.last_asked_at.desc())
            .limit(most)
            .subquery()
        )
        query = select(latest.c.id, latest.c.cluster_id, QuestionCluster.category).join(
            QuestionCluster, QuestionCluster.id == latest.c.cluster_id
        )
        return [Place(*row) for row in self.session.execute(query.order_by(latest.c.id))]

    def phrasings(self, phrasing_ids: Sequence[str]) -> dict[str, Phrasing]:
        query = self.select(Phrasing).where(Phrasing.id.in_(phrasing_ids))
        return {row.id: row for row in self.session.scalars(query)}

    def by_digest(self, digests: Sequence[str]) -> dict[str, str]:
        """Ids of the phrasings in these words."""
        query = select(Phrasing.digest, Phrasing.id).where(mine(Phrasing, self.who), Phrasing.digest.in_(digests))
        return {row[0]: row[1] for row in self.session.execute(query)}

    def existing(self, cluster_ids: Sequence[str]) -> dict[str, QuestionCluster]:
        """Locked, by id, in the order of their ids."""
        query = self.select(QuestionCluster).where(QuestionCluster.id.in_(cluster_ids)).order_by(QuestionCluster.id)
        return {row.id: row for row in self.session.scalars(query.with_for_update())}

    def assign(self, places: Mapping[str, Phrasing]) -> None:
        """The phrasing of each question, which has been looked at then."""
        by_phrasing: dict[str, list[str]] = {}
        for question_id, one in places.items():
            by_phrasing.setdefault(one.id, []).append(question_id)
        found = {one.id: one.cluster_id for one in places.values()}
        for phrasing_id, ids in sorted(by_phrasing.items()):
            values = {"phrasing_id": phrasing_id, "cluster_id": found[phrasing_id], "pending": False, "passages": None}
            some = update(Question).where(Question.id.in_(ids))  # of `pending`, so of the workspace
            self.session.execute(some.values(values).execution_options(synchronize_session=False))

    def asked_before(self, question_ids: Sequence[str], within: timedelta) -> list[datetime]:
        """When the visitor of each last asked the same: that answer is contradicted now, earlier ones were before."""
        earlier = aliased(Question)
        last = (
            select(earlier.asked_at)
            .where(
                earlier.workspace_id == Question.workspace_id, earlier.cluster_id == Question.cluster_id,
                earlier.visitor_key == Question.visitor_key, earlier.asked_at < Question.asked_at,
            )
            .order_by(earlier.asked_at.desc())
            .limit(1)
            .scalar_subquery()
        )  # fmt: skip
        query = select(Question.asked_at, last).where(mine(Question, self.who), Question.id.in_(question_ids))
        found = self.session.execute(query)
        return [before for at, before in found if before is not None and at - before <= within]

    def moved(self, limit: int) -> list[str]:
        """Phrasings whose questions have to follow them to another cluster."""
        query = select(Phrasing.id).where(mine(Phrasing, self.who), Phrasing.moved)
        return list(self.session.scalars(query.order_by(Phrasing.id).limit(limit)))

    def left_behind(self, phrasing: Phrasing, limit: int) -> list[tuple[str, datetime]]:
        """Questions of a phrasing in another cluster than its own, and when they were asked."""
        # not `!=`, which would read all that have followed already
        other = or_(Question.cluster_id < phrasing.cluster_id, Question.cluster_id > phrasing.cluster_id)
        query = select(Question.id, Question.asked_at).where(
            mine(Question, self.who), Question.phrasing_id == phrasing.id, other
        )
        return [(row[0], row[1]) for row in self.session.execute(query.limit(limit))]

    def follow(self, phrasing: Phrasing, question_ids: Sequence[str]) -> None:
        """Those of `left_behind`: by their keys alone, or PostgreSQL may read all of the workspace for each page."""
        some = update(Question).where(Question.id.in_(question_ids))
        self.session.execute(some.values(cluster_id=phrasing.cluster_id).execution_options(synchronize_session=False))
