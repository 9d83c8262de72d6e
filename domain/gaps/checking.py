"""Whether an item is answered now: asked outside of transactions, written in one if nothing changed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.gaps.agents import briefs
from domain.gaps.asking import Asker, Heard, Proof, Wording, wording
from domain.gaps.gap_repository import GapRepository
from domain.models import ClusterStatus, QuestionCluster, Resolver
from domain.principal import Principal, system
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.states import open_again, resolve

MOST_PHRASINGS = 30  # of an item that are asked again: its own question, then those asked last


@dataclass(frozen=True, slots=True)
class _Plan:
    """An item as it was when it was asked; `phrasings` is how many it had."""

    cluster_id: str
    status: str | None
    revision: int
    wordings: Sequence[Wording]
    phrasings: int


class Checker:
    def __init__(self, database: Database, asker: Asker) -> None:
        self._database, self._asker = database, asker

    def check(self, workspace_id: str, cluster_id: str) -> int:
        """Ask the item again and settle what that shows; how often something was asked."""
        who = system(workspace_id)
        with self._database.read() as session:
            plan = _plan(GapRepository(session, who), cluster_id)
            wanted = sorted({agent for one in plan.wordings for agent in one.agents}) if plan else []
            agents = briefs(session, who, wanted)
        if plan is None:
            return 0
        heard = self._asker.hear(who, plan.wordings, agents, to_close=plan.status == ClusterStatus.OPEN)
        with self._database.write() as session:
            _settle(session, who, plan, heard)
        return heard.asks


def _plan(rows: GapRepository, cluster_id: str) -> _Plan | None:
    cluster = rows.cluster(cluster_id)
    if cluster is None:
        return None
    wordings = [wording(row) for row in rows.phrasings(cluster.id, cluster.phrasing_id, MOST_PHRASINGS)]
    return _Plan(cluster.id, cluster.status, cluster.revision, wordings, rows.count(cluster.id))


def _settle(session: Session, who: Principal, plan: _Plan, heard: Heard) -> None:
    """What changed since it was asked is asked again."""
    rows = GapRepository(session, who)
    cluster = rows.cluster(plan.cluster_id, lock=True)
    if cluster is None or cluster.revision != plan.revision or rows.count(cluster.id) != plan.phrasings:
        return
    times = {(one.document_id, one.version): None for one in heard.proofs}
    live = {key: at for key in times if (at := rows.completed_at(*key)) is not None}
    if len(live) < len(times):
        return
    disputed = {one.id: one.disputed for one in plan.wordings}
    for one in heard.proofs:
        at = disputed[one.phrasing_id].get(one.document_id)
        if at is not None and live[one.document_id, one.version] <= at:
            heard.failed = True
    rests_on = (cluster.resolved_by or {}).get("document_id")
    if not heard.asks and rests_on is not None and not rows.live([rests_on]):  # and nobody is left to ask
        heard.failed = True
    cluster.recheck, cluster.checked_at = None, utc_now()
    for row in rows.phrasings(cluster.id, cluster.phrasing_id, MOST_PHRASINGS):
        if heard.places.get(row.id):
            row.passages = heard.places[row.id]
    if heard.failed:
        _not_answered(session, who, cluster)
    elif heard.proofs:
        _answered(session, who, cluster, heard.proofs)


def _answered(session: Session, who: Principal, cluster: QuestionCluster, proofs: Sequence[Proof]) -> None:
    if cluster.status not in (ClusterStatus.OPEN, ClusterStatus.RESOLVED):
        return
    now, first = utc_now(), proofs[0]
    ProofRepository(session, who).drop([cluster.id])
    GapRepository(session, who).keep_proofs([_kept(one) | {"proved_at": now} for one in proofs])
    by: dict[str, Any] = {
        "kind": Resolver.DOCUMENT.value, "document_id": first.document_id, "external_id": first.external_id,
        "chunk_index": first.chunk_index, "quote": first.quote, "confidence": round(first.confidence, 4),
    }  # fmt: skip
    if cluster.status == ClusterStatus.OPEN:
        resolve(cluster, by, now)
        told = {"document_id": first.document_id, "collection_id": first.collection_id, "confidence": by["confidence"]}
        record(session, _event(EventType.GAP_RESOLVED, cluster, told))
        return
    before = cluster.resolved_by or {}
    by |= {name: before[name] for name in ("kind", "user_id") if name in before}  # a person remains who resolved it
    if by != before:
        resolve(cluster, by)


def _not_answered(session: Session, who: Principal, cluster: QuestionCluster) -> None:
    """One that was proved is open again. What a person resolved without any proof stays: they know why."""
    document_id = (cluster.resolved_by or {}).get("document_id")
    if cluster.status != ClusterStatus.RESOLVED or document_id is None:
        return
    ProofRepository(session, who).drop([cluster.id])
    open_again(cluster)
    record(session, _event(EventType.GAP_REOPENED, cluster, {"document_id": document_id}))


def _kept(one: Proof) -> dict[str, Any]:
    return {
        "phrasing_id": one.phrasing_id, "agent_id": one.agent_id, "document_id": one.document_id,
        "version": one.version, "chunk_index": one.chunk_index, "quote": one.quote, "confidence": one.confidence,
    }  # fmt: skip


def _event(kind: EventType, cluster: QuestionCluster, told: dict[str, Any]) -> Event:
    return Event(kind, cluster.workspace_id, {"unanswered_id": cluster.id, "occurrences": cluster.failed} | told)
