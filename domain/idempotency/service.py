"""Replies kept for a day, so that a repeated creating post makes nothing twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, update

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import Conflict
from domain.models import IdempotentReply
from domain.principal import Permission

KEPT_HOURS = 24
RUNNING_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Kept:
    fingerprint: str
    status: int | None
    body: bytes | None
    needs: tuple[Permission, ...] = ()


class IdempotencyService:
    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database, self._keys = database, keys

    def begin(self, scope: str, fingerprint: str) -> Kept | None:
        """None: the caller is first and must `finish` or `forget`. Else what the first one left."""
        try:
            with self._database.write() as session:
                session.execute(delete(IdempotentReply).where(IdempotentReply.scope == scope, _stale()))
                session.add(IdempotentReply(scope=scope, fingerprint=fingerprint))
        except Conflict:
            with self._database.read() as session:
                row = session.get(IdempotentReply, scope)
                return self._kept(row) if row else Kept(fingerprint, None, None)
        return None

    def finish(self, scope: str, status: int, body: bytes, needs: Iterable[Permission] = ()) -> None:
        """Keep the reply, and the permissions that it took to get it."""
        with self._database.write() as session:
            mine = update(IdempotentReply).where(IdempotentReply.scope == scope)
            sealed = self._keys.seal("idempotency", scope, body)  # it may hold a key that is shown only once
            session.execute(mine.values(status=status, body=sealed, needs=sorted(needs)))

    def forget(self, scope: str) -> None:
        with self._database.write() as session:
            session.execute(delete(IdempotentReply).where(IdempotentReply.scope == scope))

    def forget_running(self) -> None:
        """Whoever began them is known to be dead: their callers may try the same key again."""
        with self._database.write() as session:
            session.execute(delete(IdempotentReply).where(IdempotentReply.status.is_(None)))

    def _kept(self, row: IdempotentReply) -> Kept:
        body = None if row.body is None else self._keys.unseal("idempotency", row.scope, row.body)
        return Kept(row.fingerprint, row.status, body, tuple(Permission(name) for name in row.needs or ()))

    def forget_old(self) -> None:
        with self._database.write() as session:
            session.execute(delete(IdempotentReply).where(_stale()))


def _stale() -> ColumnElement[bool]:
    """Older than a day, or running for so long that its process must have died."""
    now = utc_now()
    dead = IdempotentReply.status.is_(None) & (IdempotentReply.created_at < now - timedelta(minutes=RUNNING_MINUTES))
    return dead | (IdempotentReply.created_at < now - timedelta(hours=KEPT_HOURS))
