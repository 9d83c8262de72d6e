"""Engines and units of work. One commit per request or job, at its edge; jobs leave after the commit.

SQLite: WAL, `BEGIN IMMEDIATE` for writers behind one process-wide lock (`WriterLock` is fair, waiting on SQLITE_BUSY is
not), plain deferred `BEGIN` for readers, who never block (sqlite.org/wal.html). PostgreSQL: nobody waits longer for a
row than for SQLite's lock.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from core.database.writer_lock import WAIT_S, WriterLock, busy
from core.errors import Conflict, PreconditionFailed, Unavailable

log = structlog.get_logger()
_FULL = ("database or disk is full", "no space left", "disk i/o error", "readonly database", "could not extend")
_BUSY = ("database is locked", "lock timeout", "deadlock detected")
_POOL: dict[str, Any] = {"pool_size": 20, "max_overflow": 40, "pool_timeout": WAIT_S}  # more than there are threads
_DAMAGED = ("file is not a database", "malformed")
_AFTER_COMMIT = "insydr_after_commit"


class Database:
    """Reads by `read()`, writes by `write()`; a write commits when its block ends and rolls back when it raises."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(insydr_writes=True)
        self._lock: Any = WriterLock() if self.is_sqlite else nullcontext()
        self._listeners: list[Callable[[], None]] = []

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit that queued jobs (the relay wakes by it)."""
        self._listeners.append(listener)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent snapshot; never commits."""
        with translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction. No parsing, embedding, model or network call belongs inside."""
        with translated(), self._lock, Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()
        if session.info.get(_AFTER_COMMIT):
            for listener in self._listeners:
                listener()

    def check(self) -> str:
        """A line for `doctor`; raises `Unavailable` when the database does not answer."""
        with self.read() as session:
            version = session.execute(text("select sqlite_version()" if self.is_sqlite else "show server_version"))
            return f"{self.engine.dialect.name} {version.scalar_one()}"

    def close(self) -> None:
        self.engine.dispose()


def wake_after_commit(session: Session) -> None:
    """Mark that this transaction queued a job."""
    session.info[_AFTER_COMMIT] = True


@contextmanager
def translated() -> Iterator[None]:
    """Database down or disk full become `Unavailable`, a lost race for the same row `Conflict`: no tracebacks."""
    try:
        yield
    except StaleDataError as error:
        raise PreconditionFailed("Somebody changed this meanwhile. Fetch it again and repeat your change.") from error
    except IntegrityError as error:
        log.info("database_conflict", reason=str(error.orig).splitlines()[0])
        raise Conflict("Somebody else changed the same thing at the same moment. Try again.") from error
    except PoolTimeout as error:
        raise busy() from error
    except OperationalError as error:
        raise _unavailable(error) from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_damaged(error.orig):
            raise _unavailable(error) from error
        raise
    except sqlite3.DatabaseError as error:  # while the connection is made, SQLAlchemy does not wrap it
        if _is_damaged(error):
            raise _damaged(error) from error
        raise


def _unavailable(error: DBAPIError) -> Unavailable:
    reason = str(error.orig).lower()
    log.error("database_unavailable", reason=reason.splitlines()[0] if reason else type(error.orig).__name__)
    if any(word in reason for word in _BUSY):
        return busy()
    if _is_damaged(error.orig):
        return _damaged(error.orig)
    if "unable to open database file" in reason:
        return Unavailable("The database file cannot be opened: its folder cannot be used by this user, or is gone.")
    if any(word in reason for word in _FULL):
        return Unavailable(
            "The disk of the database is full or read-only. Nothing was changed; make room and try again.",
            code="STORAGE_FULL",
        )
    return Unavailable("The database does not answer. Nothing was changed; try again in a moment.")


def _is_damaged(error: object) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in _DAMAGED)


def _damaged(error: object) -> Unavailable:
    return Unavailable(
        f"The database file is damaged ({error}). Stop the server, move the data folder aside, and restore a backup "
        "into an empty one: insydr restore.",
        code="DATABASE_DAMAGED",
    )


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": WAIT_S}, **_POOL)
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.drivername == "postgres":
        parsed = parsed.set(drivername="postgresql+psycopg")
    options = f"-c lock_timeout={WAIT_S:.0f}s {parsed.query.get('options', '')}".strip()
    return create_engine(parsed, connect_args={"options": options}, pool_pre_ping=True, pool_recycle=1800, **_POOL)


def _sqlite_pragmas(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; `_sqlite_begin` issues it
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={WAIT_S * 1000:.0f}",
                   "cache_size=-4000", "mmap_size=67108864", "temp_store=MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("insydr_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
