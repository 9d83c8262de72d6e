"""The turn to write: SQLite has one writer, so who wants to write waits here, first come first served, not for ever.

Who works in the background says so (`patiently`) and lets those pass for whom somebody waits, but not all of them.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType

from core.errors import Unavailable

WAIT_S = 10.0
PASSED_BY = 10  # that may pass one who is patient
_PATIENT: ContextVar[bool] = ContextVar("patient_writer", default=False)


def busy() -> Unavailable:
    return Unavailable(
        "The database is busy with other changes. Nothing was changed; try again in a moment.", code="DATABASE_BUSY"
    )


@contextmanager
def patiently() -> Iterator[None]:
    """Writes of the block let others pass; they wait as long as it takes."""
    token = _PATIENT.set(True)
    try:
        yield
    finally:
        _PATIENT.reset(token)


class WriterLock:
    """A lock in the order of asking (`threading.Lock` gives it to whoever is awake, mostly who has just let go).

    Raises `Unavailable` for who would wait longer than `wait_s`, but for the patient.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._guard = threading.Lock()
        self._held = False
        self._passed = 0
        self._waiting: deque[threading.Lock] = deque()
        self._patient: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            is_patient = _PATIENT.get()
            (self._patient if is_patient else self._waiting).append(mine)
        if is_patient:
            mine.acquire()
        elif not mine.acquire(timeout=self._wait_s) and self._gave_up(mine):
            raise busy()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._guard:
            following = self._next()
            if following is None:
                self._held = False
            else:
                following.release()  # it stays held: by that one

    def _next(self) -> "threading.Lock | None":
        if self._patient and (not self._waiting or self._passed >= PASSED_BY):
            self._passed = 0
            return self._patient.popleft()
        if not self._waiting:
            return None
        self._passed += bool(self._patient)
        return self._waiting.popleft()

    def _gave_up(self, mine: threading.Lock) -> bool:
        """False when the turn came after all, in the last moment."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
            return False
