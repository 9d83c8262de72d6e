"""Removal of a workspace that was deleted."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _purge(on: "JobContext", workspace_id: str) -> bool:
    return on.purge.workspace(workspace_id)


PURGE_WORKSPACE = JobType("workspaces.purge", Queue.UPKEEP, _purge)
JOBS = (PURGE_WORKSPACE,)
