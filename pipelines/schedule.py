"""What happens by the clock: sweeping, flushing, forgetting, optimising. One thread; each task at its own pace."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from core.errors import InsydrError

log = structlog.get_logger()


@dataclass(slots=True)
class Periodic:
    """A task and its pace; safe to run in several processes at once."""

    name: str
    every_s: float
    run: Callable[[], object]
    next_at: float = 0.0


class Schedule:
    def __init__(self, tasks: list[Periodic]) -> None:
        self._tasks, self._stop = tasks, threading.Event()
        self._thread = threading.Thread(target=self._loop, name="schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def run_due(self) -> None:
        """Run what is due now."""
        for task in self._tasks:
            if time.monotonic() >= task.next_at:
                task.next_at = time.monotonic() + task.every_s
                self._run(task)

    def _run(self, task: Periodic) -> None:
        try:
            task.run()
        except InsydrError as error:
            log.warning("schedule_waits", task=task.name, reason=error.message)
        except Exception:  # one task's bug must not stop the others
            log.exception("schedule_crashed", task=task.name)

    def _loop(self) -> None:
        while not self._stop.is_set():
            self.run_due()
            self._stop.wait(0.5)
