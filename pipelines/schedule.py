"""What happens by the clock: sweeping, flushing, forgetting, optimising. One thread; each task at its own pace."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from core.errors import InsydrError
from core.queue.jobs import Periodic
from core.settings import Settings

log = structlog.get_logger()


@dataclass(slots=True)
class _Task:
    periodic: Periodic
    every_s: float
    next_at: float


class Schedule:
    """Runs `periodic` with `context`, those that the settings turn off left out."""

    def __init__(self, periodic: Sequence[Periodic], context: Any, settings: Settings) -> None:
        self._context, self._stop, self._tasks = context, threading.Event(), list[_Task]()
        for one in periodic:
            every_s = one.every_s(settings)
            if every_s is not None:
                self._tasks.append(_Task(one, every_s, time.monotonic() + min(one.first_after_s, every_s)))
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
                self._run(task.periodic)

    def _run(self, task: Periodic) -> None:
        try:
            task.run(self._context)
        except InsydrError as error:
            log.warning("schedule_waits", task=task.name, reason=error.message)
        except Exception:  # one task's bug must not stop the others
            log.exception("schedule_crashed", task=task.name)

    def _loop(self) -> None:
        while not self._stop.is_set():
            self.run_due()
            self._stop.wait(0.5)
