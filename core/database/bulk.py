"""Many new rows at once: what they share is made ready for the driver once, and of each row only what is its own.

SQLAlchemy's own way makes each value of each row ready, which takes longer than the database takes for the row.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from core.database.base import Base

Ready = Callable[[Any], Any] | None  # makes a value ready for the driver; None: it is


def insert_rows(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
) -> None:
    """Insert `rows`, which have the same keys, each with the values of `shared` and the model's own defaults."""
    if not rows:
        return
    connection = session.connection()
    table, dialect = cast(Table, model.__table__), connection.dialect
    same = _defaults(table, rows[0].keys() | shared.keys()) | dict(shared)
    statement, ready = _prepared(table, dialect, (*same, *rows[0]))
    made = {name: value if (how := ready[name]) is None else how(value) for name, value in same.items()}
    own = [(name, ready[name]) for name in rows[0]]
    values = [made | {name: row[name] if how is None else how(row[name]) for name, how in own} for row in rows]
    connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=32)
def _prepared(table: Table, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, dict[str, Ready]]:
    """The statement with named places, and how the value of each is made ready."""
    ready: dict[str, Ready] = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    # SQLite's driver takes names, too, though SQLAlchemy writes question marks for it
    named = sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect
    return str(insert(table).compile(dialect=named, column_keys=list(names))), ready


def _defaults(table: Table, given: set[str]) -> dict[str, Any]:
    """What the model says for columns that nobody names: the same for all rows."""
    found: dict[str, Any] = {}
    for column in table.columns:
        default: Any = column.default
        if column.name not in given and default is not None:
            found[column.name] = default.arg(None) if default.is_callable else default.arg
    return found
