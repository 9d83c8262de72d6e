"""A database and a broker of one's own on servers that run: TEST_POSTGRES_URL, TEST_REDIS_URL; a Qdrant server
where INSYDR_TEST_QDRANT_URL names one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/13")
# read at import: a test run removes the settings of this machine
QDRANT = os.environ.get("INSYDR_TEST_QDRANT_URL")
MARK = "insydr-test"  # in a Redis database that a test has emptied for itself
_taken: set[int] = set()


@contextmanager
def fresh_postgres(template: str = "template1") -> Iterator[str]:
    """URL of an empty database, or a copy of another one, dropped at the end. Raises `psycopg.OperationalError`."""
    import psycopg

    name = f"insydr_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield POSTGRES.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://", 1) + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def fresh_redis() -> Iterator[str]:
    """URL of an empty database that no other test uses: one that holds nothing, or what a killed run left behind.
    Raises `redis.ConnectionError`, and `LookupError` when there is none."""
    import redis

    for number in _own_numbers():
        url = f"{REDIS.rsplit('/', 1)[0]}/{number}"
        client = redis.Redis.from_url(url, socket_connect_timeout=3)
        if number not in _taken and (client.dbsize() == 0 or _is_left(client.get(MARK))):
            break
    else:
        raise LookupError("The Redis databases 4 to 15 are in use: name another server by TEST_REDIS_URL.")
    client.flushdb()
    client.set(MARK, f"may be emptied once {os.getpid()} is gone")
    _taken.add(number)
    try:
        yield url
    finally:
        _taken.remove(number)
        client.flushdb()
        client.close()


def _is_left(mark: Any) -> bool:
    """Whether the run that marked the database so is over; two at the same time would take each other's messages."""
    words = (mark or b"").decode().split()
    return "emptied" in words and not any(word.isdigit() and psutil.pid_exists(int(word)) for word in words)


def _own_numbers() -> range:
    """This process's share of the databases 4 to 15: pytest-xdist's workers run side by side."""
    worker, workers = (os.environ.get(name, "") for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"))
    share = 12 // int(workers or 1)
    first = 4 + share * int(worker.removeprefix("gw") or 0)
    return range(first, first + share)
