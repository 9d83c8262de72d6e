"""Workers: for each queue a pool of threads of its own.

Dramatiq advises one `Worker` a process, for the sake of middleware that counts or interrupts threads: we use none.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

import dramatiq

from core.queue.jobs import Queue
from core.settings import Settings

UPKEEP_THREADS = 2
STOP_MS = 20_000


def pools(settings: Settings) -> dict[Queue, int]:
    """Threads by queue."""
    return {
        Queue.INGEST: settings.worker_threads + 1,  # one is free for those who wait at the screen
        Queue.UPKEEP: UPKEEP_THREADS,
        Queue.CRAWL: settings.crawl_at_once,
        Queue.WEBHOOK: settings.webhooks_at_once,
        Queue.OFFICE: settings.office_threads,
    }


class Workers:
    def __init__(self, broker: dramatiq.Broker, settings: Settings) -> None:
        broker.logger.addFilter(_is_no_second_worker)
        self._workers = [
            dramatiq.Worker(broker, queues={queue}, worker_threads=threads, worker_timeout=200)
            for queue, threads in pools(settings).items()
        ]

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """At once, not one after the other: each may have work in hand."""
        with ThreadPoolExecutor(len(self._workers)) as pool:
            list(pool.map(lambda worker: worker.stop(timeout=STOP_MS), self._workers))


def _is_no_second_worker(record: logging.LogRecord) -> bool:
    """Each worker adds the same middleware, of which Dramatiq warns."""
    return "middleware of the same type twice" not in record.getMessage()
