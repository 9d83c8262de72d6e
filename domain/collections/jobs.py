"""Removal of a collection that was deleted."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _purge(on: "JobContext", workspace_id: str, collection_id: str) -> bool:
    return on.purge.collection(workspace_id, collection_id)


PURGE_COLLECTION = JobType("collections.purge", Queue.UPKEEP, _purge)
JOBS = (PURGE_COLLECTION,)
