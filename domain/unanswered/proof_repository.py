"""What proves that items are answered; an item that is open again has no proof."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from domain.models import AnswerProof, Phrasing
from domain.scope import TenantRepository, mine


class ProofRepository(TenantRepository):
    def of(self, phrasing_ids: Sequence[str]) -> dict[str, AnswerProof]:
        """By phrasing, the least sure of those of its agents."""
        query = self.select(AnswerProof).where(AnswerProof.phrasing_id.in_(phrasing_ids))
        rows = self.session.scalars(query.order_by(AnswerProof.confidence.desc(), AnswerProof.agent_id.desc()))
        return {row.phrasing_id: row for row in rows}

    def drop(self, cluster_ids: Sequence[str]) -> None:
        own = select(Phrasing.id).where(mine(Phrasing, self.who), Phrasing.cluster_id.in_(cluster_ids))
        gone = delete(AnswerProof).where(mine(AnswerProof, self.who), AnswerProof.phrasing_id.in_(own))
        self.session.execute(gone.execution_options(synchronize_session=False))
