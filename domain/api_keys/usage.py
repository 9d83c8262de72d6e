"""When keys were last used: collected in memory, written in batches, so that no request pays for it."""

import threading

from core.database import Database
from domain.api_keys.repository import touch


class KeyUsage:
    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, threading.Lock()
        self._used: set[str] = set()

    def note(self, key_id: str) -> None:
        with self._lock:
            self._used.add(key_id)

    def flush(self) -> None:
        """Write what was noted; called by the schedule and at the end."""
        with self._lock:
            used, self._used = sorted(self._used), set()
        if used:
            with self._database.write() as session:
                touch(session, used)
