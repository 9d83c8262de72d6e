"""Databases with their tables: migrations run once in a process, and each database is a copy of what they made."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from core.database import Database
from core.database.schema import ensure_schema
from tests.support.services import fresh_postgres


def sqlite_at(path: Path) -> str:
    """URL of one in that file; what is there already stays."""
    if not path.exists():
        shutil.copyfile(_sqlite(), path)
    return f"sqlite:///{path}"


@contextmanager
def postgres() -> Iterator[str]:
    """URL of one of its own, dropped at the end."""
    with fresh_postgres(_postgres()) as url:
        yield url


@cache
def _sqlite() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _fill(f"sqlite:///{folder / 'template.db'}")
    return folder / "template.db"


@cache
def _postgres() -> str:
    """Its name."""
    kept = ExitStack()
    url = kept.enter_context(fresh_postgres())
    atexit.register(kept.close)
    _fill(url)
    return url.rsplit("/", 1)[-1]


def _fill(url: str) -> None:
    database = Database(url)
    ensure_schema(database)
    database.close()
