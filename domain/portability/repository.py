"""Tables as JSON and back, whatever tables there are: a later one comes along by itself."""

import base64
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Date, LargeBinary, Table, func, insert, select, text, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import UtcDateTime, models_by_table
from domain.emails.attachments import blob_key
from domain.models import Document, DocumentVersion, Email, Stage, Status

PAGE = 1_000


def tables() -> list[Table]:
    """All that is worth keeping, each after those that it refers to."""
    return [table for table, model in models_by_table().items() if not model.transient]


def snapshot(session: Session) -> None:
    """One moment for all tables. SQLite's reader has that from its first query (WAL)."""
    connection: Connection = session.connection()
    if connection.dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


def rows(session: Session, table: Table) -> Iterator[dict[str, Any]]:
    """Every row, in the order of its key."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=PAGE)
    for row in session.execute(query).mappings():
        yield {column.name: _encoded(row[column.name]) for column in table.columns}


def originals(session: Session) -> list[str]:
    """Keys of all blobs that a version or a mail needs, in order."""
    found = list(session.scalars(select(DocumentVersion.blob_key).distinct()))
    mails = session.execute(select(Email.workspace_id, Email.attachments).execution_options(yield_per=PAGE))
    found += [blob_key(workspace_id, one["id"]) for workspace_id, attached in mails for one in attached]
    return sorted(found)


def load(session: Session, table: Table, lines: Iterable[dict[str, Any]]) -> int:
    """Insert rows as `rows` wrote them; how many."""
    count, source = 0, iter(lines)
    while page := list(islice(source, PAGE)):
        session.execute(insert(table), [_decoded(table, row) for row in page])
        count += len(page)
    return count


def counts(session: Session) -> dict[str, int]:
    return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables()}


def requeue_interrupted(session: Session) -> None:
    """What was in work when the backup was made is queued again; nobody holds it any more."""
    session.execute(
        update(Document)
        .where(Document.status == Status.PROCESSING)
        .values(status=Status.QUEUED, stage=Stage.QUEUED, progress=0.0, lease_id=None, due_at=utc_now())
    )


def _encoded(value: Any) -> Any:
    if isinstance(value, date):  # with a time or without
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _decoded(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table, name, value) for name, value in row.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    if value is None:
        return None
    kind = table.columns[name].type
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return base64.b64decode(value) if isinstance(kind, LargeBinary) else value
