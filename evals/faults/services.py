"""A database and a broker of one's own on servers that run: TEST_POSTGRES_URL, TEST_REDIS_URL; a Qdrant server
where INSYDR_TEST_QDRANT_URL names one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/13")
# read at import: a test run removes the settings of this machine
QDRANT = os.environ.get("INSYDR_TEST_QDRANT_URL")


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """URL of an empty database, dropped at the end. Raises `psycopg.OperationalError`."""
    import psycopg

    name = f"insydr_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield POSTGRES.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://", 1) + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def fresh_redis(number: int = 12) -> Iterator[str]:
    """URL of an emptied database of its own number. Raises `redis.ConnectionError`."""
    import redis

    url = f"{REDIS.rsplit('/', 1)[0]}/{number}"
    client = redis.Redis.from_url(url, socket_connect_timeout=3)
    client.flushdb()
    try:
        yield url
    finally:
        client.flushdb()
        client.close()
