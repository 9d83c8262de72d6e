"""Whether an item is answered now: asked outside of transactions, written in one if nothing changed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.queue.outbox import enqueue
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.gaps.agents import briefs
from domain.gaps.asking import Heard, Proof, Wording, wording
from domain.gaps.changes_repository import URGENT
from domain.gaps.engine import Engine
from domain.gaps.gap_repository import GapRepository
from domain.gaps.jobs import TELL
from domain.gaps.reasons import Reasons, Why
from domain.models import ClusterStatus, QuestionCluster, Resolver
from domain.principal import Principal, system
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.states import open_again, resolve

REASON_HOLDS = timedelta(minutes=10)
MOST_PHRASINGS = 30  # of an item that are asked again: its own question, then those asked last


@dataclass(frozen=True, slots=True)
class _Plan:
    """An item as it was when it was asked; `phrasings` is how many it had."""

    cluster_id: str
    status: str | None
    revision: int
    wordings: Sequence[Wording]
    phrasings: int
    wants_reason: bool


class Checker:
    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine, self._reasons = database, engine, Reasons(database, engine)

    def check(self, workspace_id: str, cluster_id: str) -> int:
        """Ask the item again and settle what that shows; how often something was asked."""
        who = system(workspace_id)
        with self._database.read() as session:
            plan = _plan(GapRepository(session, who), cluster_id)
            wanted = sorted({agent for one in plan.wordings for agent in one.agents}) if plan else []
            agents = briefs(session, who, wanted)
        if plan is None:
            return 0
        is_open = plan.status == ClusterStatus.OPEN
        heard = self._engine.asker.hear(who, plan.wordings, agents, to_close=is_open)
        with self._database.read() as session:
            _dispute(GapRepository(session, who), heard)
        why = self._reasons.why(who, heard.stuck) if heard.stuck and is_open and plan.wants_reason else None
        with self._database.write() as session:
            _settle(session, who, plan, heard, why)
        return heard.asks + (why.asks if why else 0)


def _dispute(rows: GapRepository, heard: Heard) -> None:
    """What somebody called no answer is none until the document says something else."""
    for reply in heard.replies:
        proof = reply.proof()
        at = reply.wording.disputed.get(proof.document_id)
        since = rows.completed_at(proof.document_id, proof.version) if at is not None else None
        if at is not None and since is not None and since <= at:
            heard.stuck = heard.stuck or reply


def _plan(rows: GapRepository, cluster_id: str) -> _Plan | None:
    cluster = rows.cluster(cluster_id)
    if cluster is None:
        return None
    wordings = [wording(row) for row in rows.phrasings(cluster.id, cluster.phrasing_id, MOST_PHRASINGS)]
    wants = cluster.reason is None or cluster.reason_at is None or utc_now() - cluster.reason_at > REASON_HOLDS
    wants = wants or (cluster.recheck or 0.0) >= URGENT
    return _Plan(cluster.id, cluster.status, cluster.revision, wordings, rows.count(cluster.id), wants)


def _settle(session: Session, who: Principal, plan: _Plan, heard: Heard, why: Why | None) -> None:
    """What changed since it was asked is asked again."""
    rows = GapRepository(session, who)
    cluster = rows.cluster(plan.cluster_id, lock=True)
    if cluster is None or cluster.revision != plan.revision or rows.count(cluster.id) != plan.phrasings:
        return
    proofs = [reply.proof() for reply in heard.replies]
    if any(rows.completed_at(*place) is None for place in {(one.document_id, one.version) for one in proofs}):
        return
    cluster.recheck, cluster.checked_at = None, utc_now()
    for row in rows.phrasings(cluster.id, cluster.phrasing_id, MOST_PHRASINGS):
        if heard.places.get(row.id):
            row.passages = heard.places[row.id]
    if heard.stuck is not None or (not heard.asks and _rests_on_nothing(rows, cluster)):
        _not_answered(session, who, cluster)
    elif proofs:
        _answered(session, who, cluster, proofs)
    if why is not None:
        cluster.reason, cluster.reason_told, cluster.reason_at = why.reason.value, why.told, utc_now()


def _rests_on_nothing(rows: GapRepository, cluster: QuestionCluster) -> bool:
    """The document that resolved it is gone, and nobody is left who could be asked."""
    document_id = (cluster.resolved_by or {}).get("document_id")
    return document_id is not None and not rows.live([document_id])


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
        enqueue(session, TELL, workspace_id=cluster.workspace_id, cluster_id=cluster.id)
        return
    before = cluster.resolved_by or {}
    by |= {name: before[name] for name in ("kind", "user_id") if name in before}  # a person remains who resolved it
    if by != before:
        resolve(cluster, by)
        enqueue(session, TELL, workspace_id=cluster.workspace_id, cluster_id=cluster.id)


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
