"""Actors: three-line shells round plain functions. A job's name and ids come in, a service does the work."""

from collections.abc import Callable
from typing import Any

import dramatiq

from domain.ingestion.service import IngestionService
from domain.jobnames import INGEST_WAKE, PURGE_COLLECTION, PURGE_DOCUMENT, PURGE_WORKSPACE, RETIRE_VERSIONS

INGEST_QUEUE, UPKEEP_QUEUE = "ingest", "upkeep"


def declare_actors(broker: dramatiq.Broker, service: Callable[[], IngestionService]) -> None:
    """Register an actor for every job's name; `service` is asked at the first message, so that senders load nothing."""

    def actor(name: str, queue: str) -> Callable[[Callable[..., None]], Any]:
        return dramatiq.actor(actor_name=name, queue_name=queue, broker=broker)

    @actor(INGEST_WAKE, INGEST_QUEUE)
    def ingest_wake(workspace_id: str) -> None:
        service().work(workspace_id, lambda again: ingest_wake.send(workspace_id=again))

    @actor(RETIRE_VERSIONS, UPKEEP_QUEUE)
    def retire_versions(workspace_id: str, document_id: str, before: str) -> None:
        service().purge.retire(workspace_id, document_id, int(before))

    @actor(PURGE_DOCUMENT, UPKEEP_QUEUE)
    def purge_document(workspace_id: str, document_id: str) -> None:
        service().purge.document(workspace_id, document_id)

    @actor(PURGE_COLLECTION, UPKEEP_QUEUE)
    def purge_collection(workspace_id: str, collection_id: str) -> None:
        service().purge.collection(workspace_id, collection_id)

    @actor(PURGE_WORKSPACE, UPKEEP_QUEUE)
    def purge_workspace(workspace_id: str) -> None:
        service().purge.workspace(workspace_id)
