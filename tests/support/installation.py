"""Small, quick installations that run in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.logs import configure_logs
from core.settings import Settings
from tests.support.client import Shape

SECRET = "a test's secret key of at least 32 characters"


def configure_test_logs() -> None:
    """Warnings, or what TEST_LOG says, to stderr."""
    configure_logs(os.environ.get("TEST_LOG", "WARNING"), as_json=True)


@contextmanager
def running(name: str, settings: Settings, *, worker: bool = False) -> Iterator[Shape]:
    """A server in this process; with `worker` its jobs run here too, as a worker process would run them."""
    from insydr.server import background

    with background(settings) as (parts, url):
        if worker:
            parts.start_work()
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
            yield Shape(name, parts, http)


def quick_settings(folder: Path, **changes: object) -> Settings:
    """Settings of a small, quick installation."""
    common: dict[str, object] = {
        "data_dir": folder,
        "port": 0,
        "embedding_model": "fake",
        "reader": "none",
        "parser_processes": 1,
        "sweep_every_s": 0.5,
        "max_upload_mb": 8,
        "log_level": "INFO",
        "outbound_allowed_hosts": "127.0.0.1",
        "crawl_max_rate": 1_000,
    }
    return Settings(**{**common, **changes})
