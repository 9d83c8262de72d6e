"""Which resolved questions rest on documents that are about to go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import AnswerProof, ClusterDay, ClusterStatus, CrawlPage, Document, Phrasing, QuestionCluster
from domain.unanswered.outlook import MONTH, SPAN

TOGETHER = 500


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Questions that may open again, and how often they are asked in a month."""

    questions: int
    monthly_asks: int


NOTHING = AtRisk(0, 0)


def at_risk(session: Session, workspace_id: str, which: ColumnElement[bool]) -> AtRisk:
    """By these documents, at most: what else there is may answer them, too, which shows when they are asked again."""
    rests = (
        select(Phrasing.cluster_id)
        .join(AnswerProof, AnswerProof.phrasing_id == Phrasing.id)
        .join(QuestionCluster, QuestionCluster.id == Phrasing.cluster_id)
        .join(Document, Document.id == AnswerProof.document_id)
        .where(AnswerProof.workspace_id == workspace_id, QuestionCluster.status == ClusterStatus.RESOLVED, which)
    )
    clusters = list(session.scalars(rests.distinct()))
    return AtRisk(len(clusters), monthly_asks(session, workspace_id, clusters))


def tell(session: Session, workspace_id: str, risk: AtRisk, about: dict[str, Any]) -> None:
    """Whoever listens, where there is any."""
    if risk.questions:
        told = about | {"questions": risk.questions, "monthly_asks": risk.monthly_asks}
        record(session, Event(EventType.GAPS_AT_RISK, workspace_id, told))


def of_crawl(crawl_id: str) -> ColumnElement[bool]:
    return Document.id.in_(select(CrawlPage.document_id).where(CrawlPage.source_id == crawl_id))


def monthly_asks(session: Session, workspace_id: str, cluster_ids: Sequence[str]) -> int:
    """Of all of them, as in the last four weeks."""
    first = (utc_now() - timedelta(days=SPAN)).date()
    asked = 0
    for start in range(0, len(cluster_ids), TOGETHER):
        some = ClusterDay.cluster_id.in_(cluster_ids[start : start + TOGETHER])
        query = select(func.sum(ClusterDay.asked)).where(ClusterDay.workspace_id == workspace_id, some)
        asked += session.scalar(query.where(ClusterDay.day > first)) or 0
    return round(asked * MONTH / SPAN)
