"""Deleting a document, a collection or a workspace on a bench, and what may be left of it."""

from typing import Any

from sqlalchemy import JSON, Date, String, Table, func, select
from sqlalchemy.types import TypeEngine

from core.clock import utc_now
from core.database import Base, Tenancy, UtcDateTime, models_by_table
from core.vectors.protocol import Scope
from domain.collections.service import CollectionService
from domain.documents.service import DocumentService
from domain.models import Collection, Workspace
from domain.principal import Principal
from domain.workspaces.service import WorkspaceService
from tests.support.bench import Bench

REMAIN = {"api_usage", "jobs", "outbox"}  # what tells of the past, not of the document


def delete(bench: Bench, what: str, document: str) -> None:
    with bench.database.write() as session:
        if what == "document":
            DocumentService(session, bench.who).delete(document, None)
        elif what == "collection":
            CollectionService(session, bench.who).delete(bench.collection, None)
        else:
            WorkspaceService(session, bench.who).delete(None)


def rows_of(bench: Bench, what: str) -> dict[str, int]:
    """Rows by table that name the workspace; of those that stay when only a document goes, none are counted."""
    stays = {
        "document": {"audit_entries", "collections", "content_changes", "events", "members", "ingest_shares"},
        "collection": {"audit_entries", "content_changes", "events", "members", "ingest_shares"},
        "workspace": set[str](),
    }[what] | REMAIN  # fmt: skip
    found: dict[str, int] = {}
    with bench.database.read() as session:
        for table in Base.metadata.sorted_tables:
            if "workspace_id" in table.c and table.name not in stays:
                mine = select(func.count()).where(table.c.workspace_id == bench.who.workspace_id)
                found[table.name] = session.scalar(mine) or 0
    return {name: count for name, count in found.items() if count}


def fill(bench: Bench, who: Principal) -> dict[Table, dict[str, Any]]:
    """A row in each table that belongs to the workspace of `who`."""
    tables = Base.metadata.tables
    rows = {tables["workspaces"]: {"id": who.workspace_id}, tables["users"]: {"id": who.user_id}}
    made: dict[Table, dict[str, Any]] = {}
    with bench.database.write() as session:
        for table, model in models_by_table().items():
            if model.tenancy is Tenancy.NONE:
                continue
            row: dict[str, Any] = {}
            for column in table.columns:
                if column.foreign_keys:
                    (key,) = column.foreign_keys
                    row[column.name] = rows[key.column.table][key.column.name]
                elif column.name == "workspace_id":
                    row[column.name] = who.workspace_id
                elif not column.nullable and column.default is None:
                    row[column.name] = _any_value(column.type, f"{column.name}_of_{who.workspace_id}")
            session.execute(table.insert().prefix_with("OR IGNORE"), row)  # the owner is a member already
            rows[table] = made[table] = row
    return made


def left_of(bench: Bench, rows: dict[Table, dict[str, Any]]) -> set[Table]:
    """Tables in which the row of `fill` still is."""
    with bench.database.read() as session:
        return {
            table
            for table, row in rows.items()
            if session.execute(select(table).filter_by(**{c.name: row[c.name] for c in table.primary_key})).first()
        }


def _any_value(kind: TypeEngine[Any], text: str) -> Any:
    if isinstance(kind, UtcDateTime):
        return utc_now()
    if isinstance(kind, Date):
        return utc_now().date()
    if isinstance(kind, String):
        return text
    return {} if isinstance(kind, JSON) else kind.python_type()


def check_nothing_left(bench: Bench, what: str) -> None:
    """Of a collection, or a workspace, that was deleted."""
    assert bench.vectors.count(Scope(bench.who.workspace_id)) == 0
    assert list(bench.blobs.keys()) == []
    assert rows_of(bench, what) == {}
    assert bench.outbox() == set()
    with bench.database.read() as session:
        assert session.get(Collection, bench.collection) is None
        assert (session.get(Workspace, bench.who.workspace_id) is None) == (what == "workspace")
