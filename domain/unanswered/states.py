"""The states of an item of the work list; whoever changes one writes `revision` and `updated_at` with it."""

from datetime import datetime
from typing import Any

from core.clock import utc_now
from domain.models import ClusterStatus, QuestionCluster

NEW = 1.0  # as urgent as what is nearest to new content: what answers it may have come while it was being asked


def open_first(cluster: QuestionCluster) -> None:
    """It was always answered until now."""
    cluster.status, cluster.opened_at = ClusterStatus.OPEN, utc_now()
    _changed(cluster)


def open_again(cluster: QuestionCluster) -> None:
    """Its proofs are to be dropped, too."""
    cluster.status, cluster.reopened_at = ClusterStatus.OPEN, utc_now()
    cluster.resolved_at = cluster.resolved_by = None
    cluster.reason = cluster.reason_told = cluster.reason_at = None
    _changed(cluster)


def resolve(cluster: QuestionCluster, by: dict[str, Any], at: datetime | None = None) -> None:
    """`at` None: it was resolved before, by something else."""
    cluster.status, cluster.resolved_by = ClusterStatus.RESOLVED, by
    cluster.resolved_at = at or cluster.resolved_at
    cluster.reason = cluster.reason_told = cluster.reason_at = None
    _changed(cluster)


def ignore(cluster: QuestionCluster) -> None:
    """Its proofs are to be dropped, too."""
    cluster.status, cluster.recheck = ClusterStatus.IGNORED, None
    cluster.resolved_at = cluster.resolved_by = None
    _changed(cluster)


def assign(cluster: QuestionCluster, member_id: str | None) -> None:
    if cluster.assigned_to != member_id:
        cluster.assigned_to = member_id
        _changed(cluster)


def ask_again(cluster: QuestionCluster) -> None:
    cluster.recheck = max(cluster.recheck or 0.0, NEW)


def _changed(cluster: QuestionCluster) -> None:
    cluster.updated_at = utc_now()
    cluster.revision += 1
