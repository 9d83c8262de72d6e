"""`/metrics`: what this process counted, and the queue as SQL has it at this moment."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from core.clock import utc_now
from core.database import Database
from core.errors import InsydrError
from core.queue.outbox import backlog
from domain.upkeep.health import QueueState, queue_health


class QueueCollector(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Empty but for `insydr_database_up` while the database does not answer."""
        try:
            found = list(self._queue())
        except InsydrError:
            found = [GaugeMetricFamily("insydr_database_up", "Whether the database answers.", 0)]
        yield from found

    def _queue(self) -> Iterator[Metric]:
        with self._database.read() as session:
            health, (jobs, oldest, dead) = queue_health(session), backlog(session)
        counts = health.counts
        yield GaugeMetricFamily("insydr_database_up", "Whether the database answers.", 1)
        depth = GaugeMetricFamily("insydr_queue_documents", "Documents on their way.", labels=["state"])
        for state, count in (("queued", counts.queued), ("due", counts.due), ("processing", counts.processing),
                             ("silent", counts.silent)):  # fmt: skip
            depth.add_metric([state], count)
        yield depth
        yield GaugeMetricFamily("insydr_queue_oldest_seconds", "Age of the oldest due document.", health.oldest_due_s)
        yield GaugeMetricFamily("insydr_workers", "Processes that run jobs.", counts.workers)
        failed = GaugeMetricFamily("insydr_documents_failed", "Dead letters by code.", labels=["code"])
        for code, count in sorted(counts.failed.items()):
            failed.add_metric([code], count)
        yield failed
        states = GaugeMetricFamily("insydr_queue_state", "1 for the state that holds.", labels=["state"])
        for name in QueueState:
            states.add_metric([name], float(name == health.state))
        yield states
        yield GaugeMetricFamily("insydr_outbox_jobs", "Upkeep jobs that have not ended.", jobs)
        age = (utc_now() - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("insydr_outbox_oldest_seconds", "Age of the oldest of them.", age)
        yield GaugeMetricFamily("insydr_outbox_dead", "Upkeep jobs that failed every time.", dead)


def exposition(database: Database) -> bytes:
    """Prometheus text format."""
    now = CollectorRegistry()
    now.register(QueueCollector(database))
    return generate_latest(REGISTRY) + generate_latest(now)
