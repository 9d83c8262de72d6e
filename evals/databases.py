"""A fresh database of each kind, for benches that compare them."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from core.database import Database
from core.database.schema import ensure_schema
from evals.faults.services import fresh_postgres

KINDS = ("sqlite", "postgresql", "both")


def databases(kind: str) -> Iterator[tuple[str, Database]]:
    """By name, one at a time; each is gone when the next is asked for."""
    for name in KINDS[:2] if kind == "both" else (kind,):
        with ExitStack() as stack:
            if name == "sqlite":
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                database = Database(f"sqlite:///{folder / 'bench.db'}")
            else:
                database = Database(stack.enter_context(fresh_postgres()))
            stack.callback(database.close)
            ensure_schema(database)
            yield name, database
