"""Two editors with the same state: the slower one is told, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import PreconditionFailed
from domain.documents.intake import Intake
from domain.documents.repository import DocumentRepository
from domain.documents.service import DocumentService
from domain.models import Collection
from tests.support.bench import Bench
from tests.support.client import Shape
from tests.support.databases import postgres as own_postgres


class TestSameRevision:
    def test_the_second_of_two_simultaneous_edits_is_refused(self, shape: Shape) -> None:
        workspace = shape.sign_up().workspace()
        collection_id = workspace.call("POST", "/collections", json={"name": "one"}).json()["id"]
        database = shape.parts.database
        with database.read() as session:
            stale = session.get(Collection, collection_id)
        assert stale is not None
        workspace.call("PATCH", f"/collections/{collection_id}", json={"name": "two"})
        with pytest.raises(PreconditionFailed), database.write() as session:  # noqa: PT012
            session.add(stale)
            stale.name, stale.revision = "three", stale.revision + 1


class TestAWorkerBesideAChange:
    """PostgreSQL: a worker may end a document between somebody's reading and changing it; SQLite has one writer."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        with own_postgres() as url:
            made = Bench(tmp_path, url)
            yield made
            made.database.close()

    def test_a_document_that_is_being_replaced_is_not_claimed(self, bench: Bench) -> None:
        bench.batch(a="The old text.")
        with bench.database.write() as session:
            DocumentRepository(session, bench.who).by_external_ids(bench.collection, ["a"])  # as the intake begins
            assert bench.claim() is None
            Intake(session, bench.who, bench.collection).add([bench.item("The new text.", "a")])
        bench.work()
        (document,) = bench.documents()
        assert (document.status, document.live_version, document.version) == ("COMPLETED", 2, 2)

    def test_nor_one_that_is_being_reprocessed_or_cancelled(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        with bench.database.write() as session:
            DocumentService(session, bench.who).cancel(document)
            assert bench.claim() is None
            DocumentService(session, bench.who).reprocess(document)
            assert bench.claim() is None
        bench.work()
        assert bench.document(document).live_version == 2
