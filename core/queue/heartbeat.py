"""A heartbeat: keeps a lease alive while work is done under it, and lets the work learn what happened meanwhile.

The lease is renewed only while the work makes progress: a worker that hangs loses its work to another one, just as one
that died does, while one that is merely slow keeps it.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import InsydrError
from core.queue import leases

log = structlog.get_logger()
LOOK_EVERY_S = 1.0  # what was cancelled is noticed so soon


class Heartbeat:
    """`look` reads what the work must know; `stall_s` without `mark` means that the work hangs."""

    def __init__(
        self,
        database: Database,
        lease_id: str,
        lease_s: float,
        look: Callable[[Session], None],
        *,
        stall_s: float = math.inf,
    ) -> None:
        self._database, self._lease_id, self._lease_s = database, lease_id, lease_s
        self._look, self._stall_s = look, stall_s
        self._marked = self._renewed = time.monotonic()
        self._stop = threading.Event()
        self.is_lost = False  # the lease was taken away

    def mark(self) -> None:
        """Progress was made."""
        self._marked = time.monotonic()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat while the block runs."""
        thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(min(LOOK_EVERY_S, self._lease_s / 4)):
            try:
                with self._database.read() as session:
                    self._look(session)
                self._renew()
            except InsydrError as error:
                log.warning("heartbeat_missed", reason=error.message)

    def _renew(self) -> None:
        now = time.monotonic()
        if now - self._renewed < self._lease_s / 4:
            return
        if now - self._marked > self._stall_s:
            log.error("work_stalled", lease=self._lease_id, stall_s=self._stall_s)
            return
        with self._database.write() as session:
            self.is_lost = not leases.renew(session, self._lease_id, self._lease_s)
        self._renewed = now
