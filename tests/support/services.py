"""Servers, packages and programs that some tests need.

A missing one skips with its reason on a user's machine and fails where CI is set.
"""

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

import pytest

from evals.faults import services
from ingest.parsers import ocr

RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672")


def missing(service: str, error: Exception) -> NoReturn:
    absent(f"{service} does not answer ({type(error).__name__}): start one, or set TEST_{service.upper()}_URL")


def absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def module(name: str) -> Any:
    """A package of the extras."""
    try:
        return importlib.import_module(name)
    except ImportError:
        absent(f"{name} is not installed: pip install 'insydr[all]'")


def need_tesseract() -> None:
    if ocr.tesseract() is None:
        absent("tesseract is not installed")


@contextmanager
def fresh_postgres(template: str = "template1") -> Iterator[str]:
    """URL of an empty database, or a copy of another one, dropped at the end."""
    import psycopg

    with ExitStack() as stack:
        try:
            url = stack.enter_context(services.fresh_postgres(template))
        except psycopg.OperationalError as error:
            missing("postgres", error)
        yield url


@contextmanager
def fresh_redis() -> Iterator[str]:
    """URL of an emptied database of its own."""
    import redis

    with ExitStack() as stack:
        try:
            url = stack.enter_context(services.fresh_redis())
        except redis.ConnectionError as error:
            missing("redis", error)
        except LookupError as error:
            absent(str(error))
        yield url


@contextmanager
def fresh_s3(bucket: str) -> Iterator[str]:
    """URL of a local server (moto's) that speaks S3 and holds one empty bucket; its credentials in the environment."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        import boto3

        boto3.client("s3", endpoint_url=url).create_bucket(Bucket=bucket)
        yield url
    server.stop()


def rabbitmq_url() -> str:
    import pika
    from pika.exceptions import AMQPConnectionError

    try:
        pika.BlockingConnection(pika.URLParameters(RABBITMQ + "?socket_timeout=3&connection_attempts=1")).close()
    except (AMQPConnectionError, OSError) as error:
        missing("rabbitmq", error)
    return RABBITMQ


def chromium() -> str:
    """Path of the browser."""
    return shutil.which("chromium") or absent("chromium is not installed")
