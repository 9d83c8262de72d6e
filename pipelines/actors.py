"""Actors: three-line shells round plain functions. A job's name and ids come in, a service does the work."""

from collections.abc import Callable

import dramatiq

from core.database import Database
from core.queue.outbox import run_recorded
from domain.crawls.runner import CrawlRunner
from domain.ingestion.service import IngestionService
from domain.jobnames import CRAWL, INGEST_WAKE

INGEST_QUEUE, UPKEEP_QUEUE, CRAWL_QUEUE = "ingest", "upkeep", "crawl"


def declare_actors(
    broker: dramatiq.Broker,
    service: Callable[[], IngestionService],
    crawls: Callable[[], CrawlRunner],
    database: Callable[[], Database],
) -> None:
    """Register an actor for every job's name; services are asked at the first message, so that senders load nothing."""

    def declare(name: str, queue: str, run: Callable[..., None]) -> None:
        dramatiq.actor(actor_name=name, queue_name=queue, broker=broker)(run)

    def wake(**_: str) -> None:
        service().work(lambda: broker.enqueue(broker.get_actor(INGEST_WAKE).message()))

    def recorded(name: str) -> Callable[..., None]:
        return lambda row_id, **arguments: service().run_job(name, row_id, arguments)

    def crawl(row_id: str, run_id: str, **_: str) -> None:
        run_recorded(database(), row_id, lambda: crawls().work(run_id))

    declare(INGEST_WAKE, INGEST_QUEUE, wake)
    declare(CRAWL, CRAWL_QUEUE, crawl)
    for name in IngestionService.JOBS:
        declare(name, UPKEEP_QUEUE, recorded(name))
