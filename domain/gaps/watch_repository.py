"""Visitors who wait for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from domain.models import (
    Agent,
    AnswerProof,
    ClusterStatus,
    Conversation,
    GapWatch,
    Message,
    Question,
    QuestionCluster,
)
from domain.scope import TenantRepository, mine


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who is to be told what."""

    id: str
    email: str
    agent_name: str
    question: str
    quote: str
    page_url: str | None


class WatchRepository(TenantRepository):
    def question_of(self, answer_id: str) -> Question | None:
        return self.session.scalar(self.select(Question).where(Question.answer_id == answer_id))

    def get(self, watch_id: str, key_id: str) -> GapWatch | None:
        """Locked; of whoever asked with that key."""
        query = self.select(GapWatch).where(GapWatch.id == watch_id, GapWatch.key_id == key_id)
        return self.session.scalar(query.with_for_update())

    def same(self, question_id: str, email: str) -> GapWatch | None:
        query = self.select(GapWatch).where(GapWatch.question_id == question_id, GapWatch.email == email)
        return self.session.scalar(query.with_for_update())

    def cluster_of(self, watch: GapWatch) -> str | None:
        query = select(Question.cluster_id).where(mine(Question, self.who), Question.id == watch.question_id)
        return self.session.scalar(query)

    def waiting(self, cluster_id: str, limit: int) -> list[Waiting]:
        """Those who confirmed, of an item that a document resolved; with the passage that answers their own words,
        else that which answers the item."""
        query = (
            select(GapWatch, Agent.name, Message.content, Question.phrasing_id, QuestionCluster, Conversation.page_url)
            .join(Question, Question.id == GapWatch.question_id)
            .join(Message, Message.id == Question.id)
            .join(Conversation, Conversation.id == Question.conversation_id)
            .join(Agent, Agent.id == Question.agent_id)
            .join(QuestionCluster, QuestionCluster.id == Question.cluster_id)
            .where(mine(GapWatch, self.who), GapWatch.confirmed_at.is_not(None), Question.cluster_id == cluster_id)
            .where(QuestionCluster.status == ClusterStatus.RESOLVED)
            .order_by(GapWatch.id)
            .limit(limit)
        )
        rows = self.session.execute(query).all()
        quotes = self._quotes([row[3] for row in rows if row[3]])
        found = []
        for watch, agent, question, phrasing_id, cluster, page_url in rows:
            quote = quotes.get(phrasing_id or "") or (cluster.resolved_by or {}).get("quote")
            if quote:
                found.append(Waiting(watch.id, watch.email, agent, question, quote, page_url))
        return found

    def remove(self, watch_id: str) -> None:
        self.session.execute(delete(GapWatch).where(mine(GapWatch, self.who), GapWatch.id == watch_id))

    def _quotes(self, phrasing_ids: Sequence[str]) -> dict[str, str]:
        query = (
            select(AnswerProof.phrasing_id, func.max(AnswerProof.quote))
            .where(mine(AnswerProof, self.who), AnswerProof.phrasing_id.in_(phrasing_ids))
            .group_by(AnswerProof.phrasing_id)
        )
        return {row[0]: row[1] for row in self.session.execute(query)}


def forget_unconfirmed(session: Session, before: datetime) -> None:
    """Of all tenants: this is our own job's work."""
    session.execute(delete(GapWatch).where(GapWatch.confirmed_at.is_(None), GapWatch.created_at < before))
