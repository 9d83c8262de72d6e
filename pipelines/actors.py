"""Actors: three-line shells round plain functions. A job's name and ids come in, a service does the work."""

from collections.abc import Callable

import dramatiq

from domain.ingestion.service import IngestionService
from domain.jobnames import INGEST_WAKE

INGEST_QUEUE, UPKEEP_QUEUE = "ingest", "upkeep"


def declare_actors(broker: dramatiq.Broker, service: Callable[[], IngestionService]) -> None:
    """Register an actor for every job's name; `service` is asked at the first message, so that senders load nothing."""

    def declare(name: str, queue: str, run: Callable[..., None]) -> None:
        dramatiq.actor(actor_name=name, queue_name=queue, broker=broker)(run)

    def wake(**_: str) -> None:
        service().work(lambda: broker.enqueue(broker.get_actor(INGEST_WAKE).message()))

    def recorded(name: str) -> Callable[..., None]:
        return lambda row_id, **arguments: service().run_job(name, row_id, arguments)

    declare(INGEST_WAKE, INGEST_QUEUE, wake)
    for name in IngestionService.JOBS:
        declare(name, UPKEEP_QUEUE, recorded(name))
