"""What a process counts of its own work (Prometheus naming: base units, `_total` for counters)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

STAGE_SECONDS = Histogram(
    "insydr_ingest_stage_seconds",
    "Time of one claimed batch in a stage.",
    ["stage"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
WEBHOOK_ATTEMPTS = Counter("insydr_webhook_attempts_total", "Requests to receivers of events, by outcome.", ["outcome"])
RATES_UNCOUNTED = Counter(
    "insydr_rates_uncounted_total", "Requests that passed uncounted because the store of rates did not answer."
)
RATE_LIMITED = Counter("insydr_rate_limited_total", "Requests refused by a rate, by bucket.", ["bucket"])
DOCUMENTS_ENDED = Counter("insydr_documents_ended_total", "Documents that ended, by outcome.", ["outcome", "code"])


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time the block as a stage of ingestion."""
    started = time.perf_counter()
    try:
        yield
    finally:
        STAGE_SECONDS.labels(name).observe(time.perf_counter() - started)
