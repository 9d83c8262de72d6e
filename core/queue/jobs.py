"""What a job is: a name in the outbox, the queue that it waits in, and the function that does it.

Each stands beside its noun, in `domain/<noun>/jobs.py`, and in the registry (`domain/job_registry.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.settings import Settings


class Queue(StrEnum):
    """Each has workers of its own, so that slow work of one kind starves no other."""

    INGEST = "ingest"
    UPKEEP = "upkeep"
    CRAWL = "crawl"
    WEBHOOK = "webhook"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class JobType:
    """`run` takes what jobs work with (a `JobContext`) and the ids that were queued; it may be run twice.

    What it returns `core.queue.outbox.run_recorded` explains. A `wake` says only that there is work, which SQL
    describes, so its end is not recorded.
    """

    name: str
    queue: Queue
    run: Callable[..., object]
    wake: bool = False


@dataclass(frozen=True, slots=True)
class Periodic:
    """What every working process does by the clock; safe to run in several at once.

    `every_s` is None where the settings turn it off. One that runs `apart`, because it may take a minute, holds up no
    other.
    """

    name: str
    every_s: Callable[[Settings], float | None]
    run: Callable[[Any], object]
    first_after_s: float = 0.0
    apart: bool = False


def every(seconds: float) -> Callable[[Settings], float]:
    """Whatever the settings."""
    return lambda _: seconds
