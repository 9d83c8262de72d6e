"""Servers that some tests need. A missing one skips with its reason on a user's machine and fails where CI is set."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/13")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672")


def missing(service: str, error: Exception) -> NoReturn:
    reason = f"{service} does not answer ({type(error).__name__}): start one, or set TEST_{service.upper()}_URL"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """URL of an empty database, dropped at the end."""
    import psycopg

    name = f"insydr_test_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        missing("postgres", error)
    try:
        yield POSTGRES.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://", 1) + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def fresh_redis(number: int = 13) -> Iterator[str]:
    """URL of an emptied database of its own number."""
    import redis

    url = f"{REDIS.rsplit('/', 1)[0]}/{number}"
    client = redis.Redis.from_url(url, socket_connect_timeout=3)
    try:
        client.flushdb()
    except redis.ConnectionError as error:
        missing("redis", error)
    try:
        yield url
    finally:
        client.flushdb()
        client.close()


def rabbitmq_url() -> str:
    import pika
    from pika.exceptions import AMQPConnectionError

    try:
        pika.BlockingConnection(pika.URLParameters(RABBITMQ + "?socket_timeout=3&connection_attempts=1")).close()
    except (AMQPConnectionError, OSError) as error:
        missing("rabbitmq", error)
    return RABBITMQ
