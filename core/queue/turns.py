"""What one process at a time does, of however many run."""

from core.database import Database
from core.queue import leases

TURN_S = 60.0


class Turn:
    """`go_on` says whether it is ours: it is taken when first asked, kept when asked again, and given back by `close`.

    A process that dies keeps it for a minute. Ask at least that often.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name
        self._token: str | None = None

    def go_on(self) -> bool:
        with self._database.write() as session:
            if self._token is None:
                self._token = leases.take_turn(session, self._name, TURN_S)
                return self._token is not None
            return leases.keep_turn(session, self._name, self._token, TURN_S)

    def close(self) -> None:
        if self._token is not None:
            with self._database.write() as session:
                leases.end_turn(session, self._name, self._token)
