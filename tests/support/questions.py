"""Questions as a conversation would have left them, and what became of them."""

from sqlalchemy import select

from domain.models import Phrasing, Question, QuestionCluster
from evals import asking


class Asking(asking.Asking):
    """A workspace with one agent, whose groups are looked at."""

    def clusters(self) -> list[QuestionCluster]:
        """In the order in which they began."""
        mine = select(QuestionCluster).where(QuestionCluster.workspace_id == self.who.workspace_id)
        with self.database.read() as session:
            return list(session.scalars(mine.order_by(QuestionCluster.id)))

    def phrasings(self) -> list[Phrasing]:
        """In the order in which they were first asked."""
        mine = select(Phrasing).where(Phrasing.workspace_id == self.who.workspace_id)
        with self.database.read() as session:
            return list(session.scalars(mine.order_by(Phrasing.id)))

    def cluster_of(self, question_id: str) -> str | None:
        with self.database.read() as session:
            return session.get_one(Question, question_id).cluster_id
