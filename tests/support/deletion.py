"""Deleting a document, a collection or a workspace on a bench, and what may be left of it."""

from sqlalchemy import func, select

from core.database import Base
from core.vectors.protocol import Scope
from domain.collections.service import CollectionService
from domain.documents.service import DocumentService
from domain.models import Collection, Workspace
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
        "document": {"collections", "events", "members", "ingest_turns"},
        "collection": {"events", "members", "ingest_turns"},
        "workspace": set[str](),
    }[what] | REMAIN  # fmt: skip
    found: dict[str, int] = {}
    with bench.database.read() as session:
        for table in Base.metadata.sorted_tables:
            if "workspace_id" in table.c and table.name not in stays:
                mine = select(func.count()).where(table.c.workspace_id == bench.who.workspace_id)
                found[table.name] = session.scalar(mine) or 0
    return {name: count for name, count in found.items() if count}


def check_nothing_left(bench: Bench, what: str) -> None:
    """Of a collection, or a workspace, that was deleted."""
    assert bench.vectors.count(Scope(bench.who.workspace_id)) == 0
    assert list(bench.blobs.keys()) == []
    assert rows_of(bench, what) == {}
    assert bench.outbox() == set()
    with bench.database.read() as session:
        assert session.get(Collection, bench.collection) is None
        assert (session.get(Workspace, bench.who.workspace_id) is None) == (what == "workspace")
