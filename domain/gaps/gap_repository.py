"""What the loop reads and writes: items that are due, what is asked of whom, and what proves an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select, union, update
from sqlalchemy.orm import Session

from core.database.bulk import insert_rows
from domain.gaps.changes_repository import URGENT
from domain.models import (
    AnswerProof,
    ChunkRow,
    ClusterStatus,
    Collection,
    ContentChange,
    Document,
    DocumentVersion,
    Phrasing,
    QuestionCluster,
    SourceType,
    Status,
)
from domain.scope import TenantRepository, mine

TOGETHER = 500  # ids of a query, rows of a statement


def waiting_workspaces(session: Session, limit: int) -> list[str]:
    """Of all tenants: this is our own job's question."""
    changed = select(ContentChange.workspace_id)
    due = select(QuestionCluster.workspace_id).where(QuestionCluster.recheck.is_not(None))
    return list(session.scalars(union(changed, due).limit(limit)))


def retest_reasons(session: Session, before: datetime, urgency: float) -> bool:
    """Of some open items that nothing called up since then, whether there may be more; of all tenants: this is our own
    job's work."""
    stale = select(QuestionCluster.id).where(
        QuestionCluster.status == ClusterStatus.OPEN, QuestionCluster.recheck.is_(None),
        or_(QuestionCluster.reason_at.is_(None), QuestionCluster.reason_at < before),
    )  # fmt: skip
    ids = list(session.scalars(stale.limit(TOGETHER)))
    some = update(QuestionCluster).where(QuestionCluster.id.in_(ids)).values(recheck=urgency)
    session.execute(some.execution_options(synchronize_session=False))
    return len(ids) == TOGETHER


@dataclass(frozen=True, slots=True)
class Live:
    """A document that is searchable; `answers` is its external id where a person wrote it as an answer."""

    id: str
    version: int
    chunks: int
    answers: str | None


class GapRepository(TenantRepository):
    def live(self, document_ids: Sequence[str]) -> list[Live]:
        is_answer = Document.source_type == SourceType.ANSWER
        query = select(
            Document.id, Document.live_version, Document.chunk_count, case((is_answer, Document.external_id))
        ).where(
            mine(Document, self.who), Document.id.in_(document_ids), Document.live_version.is_not(None),
            Document.status != Status.DELETED,
        )  # fmt: skip
        return [Live(*row) for row in self.session.execute(query)]

    def answer(self, collection_id: str, external_id: str) -> str | None:
        """The document of an answer by hand."""
        query = select(Document.id).where(
            mine(Document, self.who), Document.collection_id == collection_id, Document.external_id == external_id
        )
        return self.session.scalar(query)

    def text_hashes(self, document: Live, limit: int, offset: int) -> list[str]:
        """By which the vectors of its chunks are kept."""
        query = (
            select(ChunkRow.text_hash)
            .where(ChunkRow.document_id == document.id, ChunkRow.version == document.version)
            .where(mine(ChunkRow, self.who), ChunkRow.chunk_index >= offset, ChunkRow.chunk_index < offset + limit)
        )
        return list(self.session.scalars(query))

    def vectors(self, statuses: Sequence[str | None], most: int) -> list[tuple[str, str, bytes]]:
        """Cluster, model and vector of the phrasings of such clusters that were asked last."""
        named, always = [one for one in statuses if one], QuestionCluster.status.is_(None)
        wanted = QuestionCluster.status.in_(named)
        query = (
            select(Phrasing.cluster_id, Phrasing.model, Phrasing.vector)
            .join(QuestionCluster, QuestionCluster.id == Phrasing.cluster_id)
            .where(mine(Phrasing, self.who), or_(wanted, always) if None in statuses else wanted)
            .order_by(Phrasing.last_asked_at.desc())
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(query.limit(most))]

    def most_failed(self, most: int) -> list[str]:
        """Open items."""
        query = select(QuestionCluster.id).where(
            mine(QuestionCluster, self.who), QuestionCluster.status == ClusterStatus.OPEN
        )
        return list(self.session.scalars(query.order_by(QuestionCluster.failed.desc()).limit(most)))

    def proved_by(self, document_ids: Sequence[str]) -> list[tuple[str, str, int]]:
        """Items that rest on these documents, and on which version of them."""
        query = (
            select(Phrasing.cluster_id, AnswerProof.document_id, AnswerProof.version)
            .join(AnswerProof, AnswerProof.phrasing_id == Phrasing.id)
            .where(mine(AnswerProof, self.who), AnswerProof.document_id.in_(document_ids))
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(query.distinct())]

    def resting_on(self, agent_ids: Sequence[str]) -> list[str]:
        """Items that are proved with what these agents answer."""
        query = (
            select(Phrasing.cluster_id)
            .join(AnswerProof, AnswerProof.phrasing_id == Phrasing.id)
            .where(mine(AnswerProof, self.who), AnswerProof.agent_id.in_(agent_ids))
        )
        return list(self.session.scalars(query.distinct()))

    def failed(self, document_ids: Sequence[str]) -> bool:
        """Whether one of these documents could not be processed."""
        query = select(Document.id).where(
            mine(Document, self.who), Document.id.in_(document_ids), Document.status == Status.FAILED
        )
        return self.session.scalar(query.limit(1)) is not None

    def forget_reasons(self, cluster_ids: Sequence[str]) -> None:
        """Why they are not answered is tried out again when they are asked."""
        some = update(QuestionCluster).where(mine(QuestionCluster, self.who), QuestionCluster.id.in_(cluster_ids))
        self.session.execute(some.values(reason_at=None).execution_options(synchronize_session=False))

    def mark(self, urgency: Mapping[str, float]) -> None:
        """Items that are to be asked again, unless they are more urgent already or ignored."""
        by_value: dict[float, list[str]] = {}
        for cluster_id, value in urgency.items():
            by_value.setdefault(round(value, 2), []).append(cluster_id)
        for value, ids in sorted(by_value.items()):
            for start in range(0, len(ids), TOGETHER):
                some = update(QuestionCluster).where(
                    mine(QuestionCluster, self.who), QuestionCluster.id.in_(ids[start : start + TOGETHER]),
                    QuestionCluster.status.in_([ClusterStatus.OPEN, ClusterStatus.RESOLVED]),
                    or_(QuestionCluster.recheck.is_(None), QuestionCluster.recheck < value),
                )  # fmt: skip
                self.session.execute(some.values(recheck=value).execution_options(synchronize_session=False))

    def due(self, rested: datetime, limit: int) -> list[str]:
        """The most urgent first; what is not urgent rests after it was asked."""
        query = (
            select(QuestionCluster.id)
            .where(mine(QuestionCluster, self.who), QuestionCluster.recheck.is_not(None))
            .where(
                or_(
                    QuestionCluster.recheck >= URGENT,
                    QuestionCluster.checked_at.is_(None),
                    QuestionCluster.checked_at < rested,
                )
            )
            .order_by(QuestionCluster.recheck.desc(), QuestionCluster.failed.desc(), QuestionCluster.id)
        )
        return list(self.session.scalars(query.limit(limit)))

    def put_off(self, cluster_id: str, now: datetime) -> None:
        some = update(QuestionCluster).where(mine(QuestionCluster, self.who), QuestionCluster.id == cluster_id)
        values = {"recheck": None, "checked_at": now, "reason_at": now}
        self.session.execute(some.values(values).execution_options(synchronize_session=False))

    def cluster(self, cluster_id: str, *, lock: bool = False) -> QuestionCluster | None:
        query = self.select(QuestionCluster).where(QuestionCluster.id == cluster_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(query)

    def phrasings(self, cluster_id: str, first: str, limit: int) -> list[Phrasing]:
        """That one first, then those asked last."""
        own = self.select(Phrasing).where(Phrasing.cluster_id == cluster_id)
        order = (case((Phrasing.id == first, 0), else_=1), Phrasing.last_asked_at.desc(), Phrasing.id)
        return list(self.session.scalars(own.order_by(*order).limit(limit)))

    def several(self, cluster_ids: Sequence[str], phrasings: int) -> list[tuple[QuestionCluster, list[Phrasing]]]:
        """Clusters in this order, each with so many phrasings as `phrasings` gives them; in two queries."""
        clusters = self.select(QuestionCluster).where(QuestionCluster.id.in_(cluster_ids))
        known = {row.id: row for row in self.session.scalars(clusters)}
        place = func.row_number().over(
            partition_by=Phrasing.cluster_id,
            order_by=(
                case((Phrasing.id == QuestionCluster.phrasing_id, 0), else_=1), Phrasing.last_asked_at.desc(),
                Phrasing.id,
            ),
        )  # fmt: skip
        ranked = (
            select(Phrasing.id, place.label("place"))
            .join(QuestionCluster, QuestionCluster.id == Phrasing.cluster_id)
            .where(mine(Phrasing, self.who), Phrasing.cluster_id.in_(cluster_ids))
            .subquery()
        )
        first = select(Phrasing).join(ranked, ranked.c.id == Phrasing.id).where(ranked.c.place <= phrasings)
        own: dict[str, list[Phrasing]] = {}
        for row in self.session.scalars(first.order_by(ranked.c.place)):
            own.setdefault(row.cluster_id, []).append(row)
        return [(known[one], own[one]) for one in cluster_ids if one in known and one in own]

    def count(self, cluster_id: str) -> int:
        own = select(func.count()).where(mine(Phrasing, self.who), Phrasing.cluster_id == cluster_id)
        return self.session.scalar(own) or 0

    def completed_at(self, document_id: str, version: int) -> datetime | None:
        """When that version became searchable; None if it is not any more."""
        query = (
            select(DocumentVersion.completed_at)
            .join(Document, Document.id == DocumentVersion.document_id)
            .join(Collection, Collection.id == Document.collection_id)
            .where(
                mine(Document, self.who), Document.id == document_id, Document.status != Status.DELETED,
                Document.live_version == version, DocumentVersion.version == version, Collection.deleted_at.is_(None),
            )
        )  # fmt: skip
        return self.session.scalar(query)

    def keep_proofs(self, rows: Sequence[Mapping[str, object]]) -> None:
        insert_rows(self.session, AnswerProof, rows, {"workspace_id": self.who.workspace_id})
