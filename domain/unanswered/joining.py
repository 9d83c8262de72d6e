"""Clusters that become one, and phrasings that become a cluster of their own: who moves them, holds the grouping.

The questions follow later, a page at a time (`moving`), and their days are counted again; until then the sums that
clusters keep are right already, those of a range are not.
"""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import Prefix, new_id
from domain.models import ClusterStatus, QuestionCluster
from domain.principal import Principal
from domain.unanswered.grouping_repository import GroupingRepository
from domain.unanswered.phrasing_repository import PhrasingRepository, Worded
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.removal_repository import retitle
from domain.unanswered.states import ask_again

T = TypeVar("T", bound=date)
_WEIGHT = {None: 0, ClusterStatus.IGNORED: 1, ClusterStatus.RESOLVED: 2, ClusterStatus.OPEN: 3}  # the most open counts


def join(session: Session, who: Principal, clusters: Sequence[QuestionCluster]) -> QuestionCluster:
    """That which began first, with what the others had; they are gone, their ids are its aliases. All are locked."""
    first, *others = sorted(clusters, key=lambda one: one.id)
    GroupingRepository(session, who).locked().version += 1
    for one in others:
        _take(first, one)
    first.revision += 1
    first.updated_at = utc_now()
    rows = PhrasingRepository(session, who)
    rows.move_all([one.id for one in others], first.id)
    rows.remove(others)
    if first.status == ClusterStatus.OPEN:
        ProofRepository(session, who).drop([first.id])
        ask_again(first)
    return first


def part(session: Session, who: Principal, cluster: QuestionCluster, phrasings: Sequence[Worded]) -> QuestionCluster:
    """A cluster of these phrasings of a locked one, which keeps others."""
    GroupingRepository(session, who).locked()
    now, title = utc_now(), phrasings[0]
    new = QuestionCluster(
        id=new_id(Prefix.UNANSWERED), workspace_id=cluster.workspace_id, phrasing_id=title.id, question=title.text,
        by_hand=True, category=cluster.category, last_asked_at=max(one.last_asked_at for one in phrasings),
        asked=sum(one.asked for one in phrasings), failed=sum(one.failed for one in phrasings),
        first_failed_on=cluster.first_failed_on, last_failed_on=cluster.last_failed_on, status=cluster.status,
        opened_at=cluster.opened_at, reopened_at=cluster.reopened_at, resolved_at=cluster.resolved_at,
        resolved_by=cluster.resolved_by, assigned_to=cluster.assigned_to, updated_at=now,
    )  # fmt: skip
    for one in (new, cluster):
        if one.status == ClusterStatus.OPEN:
            ask_again(one)
    session.add(new)
    cluster.asked = max(0, cluster.asked - new.asked)
    cluster.failed = max(0, cluster.failed - new.failed)
    cluster.revision += 1
    cluster.updated_at = now
    session.flush()
    PhrasingRepository(session, who).move([one.id for one in phrasings], new.id)
    retitle(session, [cluster.id])
    session.refresh(cluster)
    return new


def _take(first: QuestionCluster, other: QuestionCluster) -> None:
    first.asked += other.asked
    first.failed += other.failed
    first.last_asked_at = max(first.last_asked_at, other.last_asked_at)
    first.first_failed_on = _least(first.first_failed_on, other.first_failed_on)
    first.last_failed_on = max(filter(None, (first.last_failed_on, other.last_failed_on)), default=None)
    first.opened_at = _least(first.opened_at, other.opened_at)
    first.reopened_at = max(filter(None, (first.reopened_at, other.reopened_at)), default=None)
    first.assigned_to = first.assigned_to or other.assigned_to
    if _weight(other) <= _weight(first):
        return
    if first.status == ClusterStatus.RESOLVED:  # the other is open
        first.reopened_at = utc_now()
    first.status, first.resolved_at, first.resolved_by = other.status, other.resolved_at, other.resolved_by


def _weight(cluster: QuestionCluster) -> int:
    return _WEIGHT[ClusterStatus(cluster.status) if cluster.status else None]


def _least(a: T | None, b: T | None) -> T | None:
    return min(filter(None, (a, b)), default=None)
