"""What is left to do when a version or a document has gone out of sight."""

from typing import TYPE_CHECKING

from core.queue.jobs import JobType, Queue

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _retire(on: "JobContext", workspace_id: str, document_id: str, before: str) -> None:
    on.purge.retire(workspace_id, document_id, int(before))


def _abandon(on: "JobContext", workspace_id: str, document_id: str, version: str, lease: str = "") -> bool:
    return on.purge.abandon(workspace_id, document_id, int(version), lease)


def _purge(on: "JobContext", workspace_id: str, ids: str, lease: str = "") -> bool:
    return on.purge.documents(workspace_id, ids.split(), lease)


def _purge_one(on: "JobContext", workspace_id: str, document_id: str, lease: str = "") -> bool:
    """As it was queued before 0.2."""
    return on.purge.documents(workspace_id, [document_id], lease)


def _drop_blobs(on: "JobContext", keys: str) -> None:
    on.purge.drop_blobs(keys.split())


RETIRE_VERSIONS = JobType("documents.retire_versions", Queue.UPKEEP, _retire)
ABANDON_VERSION = JobType("documents.abandon_version", Queue.UPKEEP, _abandon)
PURGE_DOCUMENTS = JobType("documents.purge_all", Queue.UPKEEP, _purge)
PURGE_DOCUMENT = JobType("documents.purge", Queue.UPKEEP, _purge_one)
DROP_BLOBS = JobType("blobs.drop", Queue.UPKEEP, _drop_blobs)
JOBS = (RETIRE_VERSIONS, ABANDON_VERSION, PURGE_DOCUMENTS, PURGE_DOCUMENT, DROP_BLOBS)
