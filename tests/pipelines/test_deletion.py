"""Deleting leaves nothing anywhere, whatever a worker is doing with it at that moment."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Conflict
from core.vectors.protocol import Scope
from domain.models import Collection, Workspace
from domain.upkeep.removal_repository import remove_workspace
from tests.support.bench import Bench
from tests.support.deletion import delete, fill, left_of, rows_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


class TestNothingIsLeft:
    @pytest.mark.parametrize("removed_first", [True, False], ids=["removed-then-written", "written-then-removed"])
    @pytest.mark.parametrize("live", [True, False], ids=["has-a-live-version", "new"])
    @pytest.mark.parametrize("what", ["document", "collection", "workspace"])
    def test_while_it_is_embedded(self, bench: Bench, what: str, live: bool, removed_first: bool) -> None:
        (document,) = bench.add("The first text.")
        if live:
            bench.work()
            bench.do("reprocess", document)
        bench.model.gate = threading.Event()
        batch = bench.claim()
        assert batch
        worker = threading.Thread(target=bench.runner.run, args=(batch,))
        worker.start()
        delete(bench, what, document)
        if removed_first:
            bench.upkeep()
        bench.model.gate.set()
        worker.join(30)
        bench.upkeep()
        assert bench.vectors.count(Scope(bench.who.workspace_id)) == 0
        assert list(bench.blobs.keys()) == []
        assert rows_of(bench, what) == {}
        with bench.database.read() as session:
            assert (session.get(Workspace, bench.who.workspace_id) is None) == (what == "workspace")
            assert (session.get(Collection, bench.collection) is None) == (what != "document")

    @pytest.mark.parametrize("what", ["document", "collection", "workspace"])
    def test_after_a_worker_died_with_its_points_written(self, bench: Bench, what: str) -> None:
        (document,) = bench.add("The first text.")
        batch = bench.claim()
        assert batch
        bench.write_points(batch)
        delete(bench, what, document)
        bench.upkeep()
        bench.write_points(batch)  # it had not noticed yet
        bench.bury()
        bench.upkeep()
        assert bench.vectors.count(Scope(bench.who.workspace_id)) == 0
        assert list(bench.blobs.keys()) == []
        assert rows_of(bench, what) == {}

    @pytest.mark.parametrize("dies", [True, False], ids=["dies", "lives"])
    def test_of_a_version_that_is_replaced_while_it_is_written(self, bench: Bench, dies: bool) -> None:
        """The new version is live, and the old one's vectors were removed, before the old one's worker writes."""
        (document,) = bench.add("The first text.")
        batch = bench.claim()
        assert batch
        bench.do("reprocess", document)
        bench.work()
        bench.upkeep()
        if dies:
            bench.write_points(batch)
            assert bench.points(document) == 2
            bench.bury()
        else:
            bench.runner.run(batch)
        bench.upkeep()
        assert bench.points(document) == 1
        assert bench.outbox() == set()

    @pytest.mark.parametrize("ends", ["cancel", "reprocess"])
    def test_of_a_version_that_was_put_back_in_an_outage(self, bench: Bench, ends: str) -> None:
        """The outage used up no try, yet points had been written before it."""
        (document,) = bench.add("The first text.")
        batch = bench.claim()
        assert batch
        bench.write_points(batch)
        bench.runner._put_back(batch, [document], 10.0, count_attempt=False)
        bench.do(ends, document)
        if ends == "reprocess":
            bench.do("cancel", document)
        bench.upkeep()
        assert bench.points(document) == 0


class TestWorkspace:
    def test_every_table_loses_its_rows_and_keeps_those_of_others(self, bench: Bench) -> None:
        others, mine = fill(bench, bench.tenant("col_2")), fill(bench, bench.who)
        assert left_of(bench, mine) == set(mine)
        delete(bench, "workspace", "")
        bench.upkeep()
        assert left_of(bench, mine) == set()
        assert left_of(bench, others) == set(others)

    def test_a_document_that_came_after_the_last_look_stays_for_the_next(self, bench: Bench) -> None:
        """Its row alone would go, its points and files would not."""
        (document,) = bench.add("The last text.")
        delete(bench, "workspace", "")
        with pytest.raises(Conflict):
            self.remove_rows(bench)
        assert bench.document(document).workspace_id == bench.who.workspace_id
        bench.upkeep()
        assert rows_of(bench, "workspace") == {}

    def remove_rows(self, bench: Bench) -> None:
        with bench.database.write() as session:
            remove_workspace(session, bench.who.workspace_id)
