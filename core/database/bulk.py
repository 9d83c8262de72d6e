"""Many new rows at once: what they share is made ready for the driver once, and of each row only what is its own.

SQLAlchemy's own way makes each value of each row ready, which takes longer than the database takes for the row.
SQLite's driver gives up Python's global lock at each row, and beside busy threads waits up to 5 ms to have it again: so
there many rows are one statement, of few sizes, whose preparation the driver remembers.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Table, insert
from sqlalchemy.orm import Session

from core.database.base import Base

Ready = Callable[[Any], Any] | None  # makes a value ready for the driver; None: it is
AT_ONCE = (128, 16, 1)  # rows of a statement in SQLite; preparing one takes 6 ms for 128, once a connection, 18 for 256


def insert_rows(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
) -> None:
    """Insert `rows`, which have the same keys, each with the values of `shared` and the model's own defaults."""
    if not rows:
        return
    connection = session.connection()
    table, dialect = cast(Table, model.__table__), connection.dialect
    same = _defaults(table, rows[0].keys() | shared.keys()) | dict(shared)
    ready = _ready(table, dialect)
    made = {name: value if (how := ready[name]) is None else how(value) for name, value in same.items()}
    own = [(name, ready[name]) for name in rows[0]]
    if dialect.name == "sqlite":
        flat = [row[name] if how is None else how(row[name]) for row in rows for name, how in own]
        _insert_together(connection, table, made, tuple(rows[0]), flat)
        return
    values = [made | {name: row[name] if how is None else how(row[name]) for name, how in own} for row in rows]
    statement = _one_by_one(table, dialect, (*made, *rows[0]))
    connection.exec_driver_sql(statement, values if len(values) > 1 else values[0])


def _insert_together(
    connection: Connection, table: Table, shared: Mapping[str, Any], own: tuple[str, ...], flat: list[Any]
) -> None:
    """`flat` has the values of one row after the other."""
    first, start = tuple(shared.values()), 0
    for size in AT_ONCE:
        statement = _together(table, connection.dialect, tuple(shared), own, size)
        places = size * len(own)
        while len(flat) - start >= places:
            connection.exec_driver_sql(statement, (*first, *flat[start : start + places]))
            start += places


@lru_cache(maxsize=32)
def _ready(table: Table, dialect: Dialect) -> dict[str, Ready]:
    """How the value of each column is made ready."""
    return {column.name: column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns}


@lru_cache(maxsize=32)
def _one_by_one(table: Table, dialect: Dialect, names: tuple[str, ...]) -> str:
    """The statement of one row."""
    return str(insert(table).compile(dialect=dialect, column_keys=list(names)))


@lru_cache(maxsize=64)
def _together(table: Table, dialect: Dialect, shared: tuple[str, ...], own: tuple[str, ...], size: int) -> str:
    """SQLite's statement of `size` rows, with numbered places: first the shared ones, then those of each row."""
    one = insert(table).compile(dialect=dialect, column_keys=[*shared, *own])
    places = {name: place + 1 for place, name in enumerate((*shared, *own))}
    later = dict.fromkeys(own, len(own)) | dict.fromkeys(shared, 0)  # by how much, in each further row
    columns = one.positiontup or []
    rows = (", ".join(f"?{places[name] + row * later[name]}" for name in columns) for row in range(size))
    return str(one).rpartition("(")[0] + ", ".join(f"({row})" for row in rows)


def _defaults(table: Table, given: set[str]) -> dict[str, Any]:
    """What the model says for columns that nobody names: the same for all rows."""
    found: dict[str, Any] = {}
    for column in table.columns:
        default: Any = column.default
        if column.name not in given and default is not None:
            found[column.name] = default.arg(None) if default.is_callable else default.arg
    return found
