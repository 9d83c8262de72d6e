"""Which resolved questions rest on documents that are about to go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import AnswerProof, ClusterStatus, CrawlPage, Document, Phrasing, QuestionCluster, Workspace
from domain.principal import system
from domain.scope import mine
from domain.unanswered.forecast import forecast
from domain.unanswered.repository import Item

TOGETHER = 500


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Questions that may open again, and how often they will be asked in a month."""

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
    """Of all of them, as each is expected to be asked."""
    timezone = session.scalar(select(Workspace.timezone).where(Workspace.id == workspace_id)) or "UTC"
    who, asks = system(workspace_id), 0.0
    for start in range(0, len(cluster_ids), TOGETHER):
        some = select(QuestionCluster).where(QuestionCluster.id.in_(cluster_ids[start : start + TOGETHER]))
        items = [Item(one, one.failed, one.asked) for one in session.scalars(some.where(mine(QuestionCluster, who)))]
        asks += sum(one.outlook.monthly.value for one in forecast(session, who, items, timezone) if one.outlook)
    return round(asks)
