"""The turn to write: SQLite has one writer, so who wants to write waits here, first come first served, not for ever."""

import threading
from collections import deque
from types import TracebackType

from core.errors import Unavailable

WAIT_S = 10.0


def busy() -> Unavailable:
    return Unavailable(
        "The database is busy with other changes. Nothing was changed; try again in a moment.", code="DATABASE_BUSY"
    )


class WriterLock:
    """A lock in the order of asking (`threading.Lock` gives it to whoever is awake, mostly who has just let go).

    Raises `Unavailable` for who would wait longer than `wait_s`.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if not mine.acquire(timeout=self._wait_s) and self._gave_up(mine):
            raise busy()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()  # it stays held: by the next
            else:
                self._held = False

    def _gave_up(self, mine: threading.Lock) -> bool:
        """False when the turn came after all, in the last moment."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
            return False
