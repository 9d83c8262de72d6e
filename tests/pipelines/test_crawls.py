"""Crawls when things go wrong: what is stored is whole, nothing is lost, nothing is done twice, nothing is left."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.errors import Unavailable
from core.queue.outbox import Again
from domain.crawls.frontier import LISTED_MORE, LISTED_PER_PAGE
from domain.crawls.outcome_writer import OutcomeWriter
from domain.crawls.runner import FULL_S
from domain.models import RunState
from tests.support.client import until
from tests.support.crawls import PLACES, CrawlBench, Gate, asked, star, text
from tests.support.deletion import check_nothing_left, delete
from tests.support.site import Site


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[CrawlBench]:
    made = CrawlBench(tmp_path)
    yield made
    made.close()


class TestControl:
    """With four visits held open by the site, half sent, in a slice that would not end by itself."""

    def test_pause_and_resume(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.pool.submit(bench.deliver)
        bench.stands_at(gate, paths[:9])
        bench.control("pause", run)
        bench.noticed()
        gate.open()
        worker.result(10)
        assert (bench.run(run).state, bench.messages()) == (RunState.PAUSED, 0)
        assert set(asked(site)) == set(paths[:13])
        assert set(bench.by_path()) == set(paths[:13])
        bench.check_agreement()
        assert bench.queued() == set(paths[13:])
        bench.control("resume", run)
        assert bench.finish(run).state == RunState.COMPLETED
        assert set(asked(site).values()) == {1}
        bench.check_whole(site, paths)

    def test_resume_before_the_slice_has_ended(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        bench.control("pause", run)
        bench.noticed()
        bench.control("resume", run)
        gate.open()
        assert isinstance(worker.result(10), Again)
        assert set(asked(site)) == set(paths[:13])
        assert bench.finish(run).state == RunState.COMPLETED
        assert set(asked(site).values()) == {1}
        assert bench.messages() == 0
        bench.check_whole(site, paths)

    @pytest.mark.parametrize("searchable", [True, False], ids=["searchable", "waiting"])
    def test_cancel(self, bench: CrawlBench, site: Site, searchable: bool) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        if searchable:
            bench.work()
        bench.control("cancel", run)
        bench.noticed()
        gate.open()
        assert worker.result(10) is None
        bench.upkeep()
        assert bench.run(run).state == RunState.CANCELLED
        assert set(asked(site)) == set(paths[:13])
        before = bench.by_path()
        assert set(before) == set(paths[:9])
        assert {one.status for one in before.values()} == {"COMPLETED" if searchable else "CANCELLED"}
        bench.check_agreement()
        assert bench.job(run.job_id).finished_at is not None
        assert bench.finish(bench.control("run_now", run)).state == RunState.COMPLETED
        assert {one.id for one in before.values()} < {one.id for one in bench.documents()}
        bench.check_whole(site, paths)


class TestDeleted:
    @pytest.mark.parametrize("purged", ["before", "after"])
    @pytest.mark.parametrize("what", ["collection", "workspace"])
    def test_in_the_middle_of_a_slice(self, bench: CrawlBench, site: Site, what: str, purged: str) -> None:
        """The purge runs before, or after, the visits that are held open are settled. The rest is not visited."""
        paths = star(site, 60)
        for path in paths[13:]:
            site.pages[path].delay_s = 0.05
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        bench.work()
        delete(bench, what, "")
        if purged == "before":
            bench.upkeep()
        gate.open()
        assert worker.result(10) is None
        bench.upkeep()
        assert len(asked(site)) < len(paths)
        check_nothing_left(bench, what)

    @pytest.mark.parametrize("what", ["collection", "workspace"])
    def test_between_the_file_and_its_rows(
        self, bench: CrawlBench, site: Site, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        star(site, 20)
        put = bench.blobs.put

        def put_and_delete(key: str, source: BinaryIO) -> int:
            size = put(key, source)
            monkeypatch.undo()
            delete(bench, what, "")
            bench.upkeep()
            return size

        monkeypatch.setattr(bench.blobs, "put", put_and_delete)
        run = bench.begin(site)
        assert bench.first.work(run.id) is None
        bench.upkeep()
        check_nothing_left(bench, what)


class Fault:
    """What groups that are settled meet, from `begin` to `end`; it calls `then` each time."""

    def __init__(self, bench: CrawlBench, patch: pytest.MonkeyPatch, where: str, then: Callable[[], None]) -> None:
        self._is_there, self._then = False, then
        put, store = bench.blobs.put, OutcomeWriter.store

        def failing_put(key: str, source: BinaryIO) -> int:
            if where == "put":
                self.strike(Unavailable("The store is away."))
            return put(key, source)

        def failing_store(writer: OutcomeWriter, *arguments: Any) -> set[str]:
            listed = store(writer, *arguments)
            if where == "rows":
                self.strike(RuntimeError("a bug"))
            if where in ("before_commit", "after_commit"):
                event.listen(writer.session, where, self.lose_the_database, once=True)
            return listed

        patch.setattr(bench.blobs, "put", failing_put)
        patch.setattr(OutcomeWriter, "store", failing_store)

    def begin(self) -> None:
        self._is_there = True

    def end(self) -> None:
        self._is_there = False

    def lose_the_database(self, _: Session) -> None:
        self.strike(OperationalError("commit", None, Exception("the server closed the connection")))

    def strike(self, error: Exception) -> None:
        if self._is_there:
            self._then()
            raise error


class TestFaults:
    @pytest.mark.parametrize("where", ["put", "rows", "before_commit"])
    def test_a_group_is_stored_or_not(
        self, bench: CrawlBench, site: Site, where: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With three visits under way at that moment, which end after it."""
        paths = star(site, 40)
        others, gate = Gate(site, paths[9:12]), Gate(site, paths[12:13])
        fault = Fault(bench, monkeypatch, where, others.open)
        run = bench.begin(site)
        worker = bench.pool.submit(bench.deliver)
        others.wait()
        bench.stands_at(gate, paths[:9])
        fault.begin()
        gate.open()
        worker.result(10)
        fault.end()
        stored = set(bench.by_path())
        assert (stored, bench.lease()) == (set(paths[:9]), None)
        bench.check_agreement()
        assert bench.run(run).counts["new"] == len(stored)
        once = asked(site)
        assert bench.finish(run).state == RunState.COMPLETED
        assert {path for path, count in asked(site).items() if count > 1} == set(once) - stored
        assert set(asked(site).values()) <= {1, 2}
        bench.check_whole(site, paths)

    def test_a_commit_that_nobody_hears_of(
        self, bench: CrawlBench, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = star(site, 10)
        fault = Fault(bench, monkeypatch, "after_commit", lambda: None)
        run = bench.begin(site)
        fault.begin()
        bench.deliver()
        fault.end()
        assert set(bench.by_path()) == {"/"}
        bench.check_agreement()
        assert bench.finish(run).state == RunState.COMPLETED
        assert set(asked(site).values()) == {1}
        bench.check_whole(site, paths)

    def test_nor_can_it_be_asked_or_the_file_be_removed(
        self, bench: CrawlBench, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The reconciler's to remove."""
        paths = star(site, 10)
        fault = Fault(bench, monkeypatch, "before_commit", lambda: None)
        monkeypatch.setattr(bench.blobs, "delete", lambda key: fault.strike(Unavailable("The store is away.")))
        run = bench.begin(site)
        fault.begin()
        with pytest.raises(Unavailable, match="database"):
            bench.first.work(run.id)
        fault.end()
        monkeypatch.undo()
        assert bench.finish(run).state == RunState.COMPLETED
        assert bench.reconciler.run(bench.who.workspace_id).found == {"orphan_blobs": 1}
        bench.check_whole(site, paths)

    def test_a_slice_that_fails_with_all_places_taken(
        self, bench: CrawlBench, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same worker goes on afterwards, as quickly as before: it has forgotten the visits that it gave up."""
        paths = star(site, 40)
        first, second = Gate(site, paths[9:13]), Gate(site, paths[14:18])
        fault = Fault(bench, monkeypatch, "put", second.open)
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(first, paths[:9])
        bench.control("pause", run)
        bench.noticed()
        first.open()
        worker.result(10)
        fault.begin()
        bench.control("resume", run)
        with pytest.raises(Unavailable):
            bench.start(run).result(10)
        fault.end()
        assert bench.finish(run).state == RunState.COMPLETED
        bench.check_whole(site, paths)

    def test_an_outage_of_several_slices_piles_nothing_up(
        self, bench: CrawlBench, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = star(site, 10)
        fault = Fault(bench, monkeypatch, "put", lambda: None)
        run = bench.begin(site)
        fault.begin()
        for _ in range(5):
            bench.deliver()
            bench.first.schedule()
            assert bench.messages() == 1
        fault.end()
        assert bench.finish(run).state == RunState.COMPLETED
        bench.check_whole(site, paths)


class TestFiles:
    """A file is stored before it is known whether a document needs it."""

    @pytest.mark.parametrize("changed", [0, 1])
    def test_of_pages_that_the_collection_has_already(self, bench: CrawlBench, site: Site, changed: int) -> None:
        """The crawl was removed, its documents were kept; a new crawl of the same site knows nothing of them."""
        paths = star(site, 6)
        run = bench.begin(site)
        bench.finish(run)
        before, kept = set(bench.blobs.keys()), bench.by_path()
        bench.control("delete", run, None, keep_documents=True)
        for path in paths[1 : 1 + changed]:
            site.html(path, "Changed", text("changed"))
        run = bench.begin(site)
        assert bench.first.work(run.id) is None
        assert len(set(bench.blobs.keys()) - before) > changed
        bench.finish(run)
        assert len(set(bench.blobs.keys()) - before) == changed
        again = bench.by_path()
        assert {path: one.id for path, one in again.items()} == {path: one.id for path, one in kept.items()}
        assert sorted(one.version for one in again.values()) == [1] * (7 - changed) + [2] * changed
        bench.check_agreement()

    def test_of_a_page_that_says_the_same_in_a_later_run(self, bench: CrawlBench, site: Site) -> None:
        """The server knows no validators."""
        paths = star(site, 6)
        for path in paths:
            site.pages[path].conditional = False
        bench.finish(bench.begin(site))
        before = set(bench.blobs.keys())
        run = bench.begin(site)
        assert bench.first.work(run.id) is None
        assert set(bench.blobs.keys()) == before
        assert bench.run(run).counts["unchanged"] == 7
        assert set(asked(site).values()) == {2}
        bench.finish(run)
        bench.check_whole(site, paths)


class TestBounds:
    def test_a_full_queue_is_waited_for(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 60)
        runner = bench.crawler("patient", max_queued=10, slice_s=0.2)
        run, most = bench.begin(site, max_rate=50), 0
        while (left := runner.work(run.id)) is not None:
            waiting = sum(one.status == "QUEUED" for one in bench.documents())
            most = max(most, waiting)
            if waiting >= 10:
                before = len(site.requests)
                assert runner.work(run.id) == Again(FULL_S)
                assert len(site.requests) == before
                bench.work()
            else:
                assert left != Again(FULL_S)
        assert 10 <= most < 10 + 0.2 * 50 + 2 * PLACES
        assert bench.finish(run).state == RunState.COMPLETED
        bench.check_whole(site, paths)

    def test_no_more_than_so_many_urls_are_listed(self, bench: CrawlBench, site: Site) -> None:
        most = LISTED_PER_PAGE * 2 + LISTED_MORE
        for number, path in enumerate(("/", "/second")):
            links = ["/second", *(f"/{number}/{n}" for n in range(most))]
            site.html(path, path, text(f"page{number}"), links=links)
        run = bench.finish(bench.begin(site, max_pages=2))
        assert run.state == RunState.COMPLETED
        assert len(bench.pages()) == most
        assert len(bench.documents()) == 2
        assert run.counts["found"] == most - 1  # besides the start

    def test_known_urls_take_no_room_from_new_ones(self, bench: CrawlBench, site: Site) -> None:
        """A later run finds them all again."""
        many = LISTED_PER_PAGE * 2 + LISTED_MORE - 20
        links = [f"/{n}" for n in range(many)]
        site.html("/", "Start", text("start"), links=["/second", *links])
        site.html("/second", "Second", text("second"))
        bench.finish(bench.begin(site, max_pages=2))
        site.html("/", "Start", text("start"), links=["/second", "/third", *links])
        site.html("/second", "Second", text("other"), links=["/fourth"])
        gate = Gate(site, ["/second"])
        run = bench.begin(site, max_pages=2)
        worker = bench.start(run)
        gate.wait()
        until(bench.pages, lambda now: "/third" in now)
        gate.open()
        assert worker.result(10) is None
        assert bench.run(run).counts["found"] == 2
        assert "/fourth" in bench.pages()


class TestJob:
    def test_of_a_crawl_under_way_is_not_taken_for_interrupted(self, bench: CrawlBench, site: Site) -> None:
        """All that was found so far is searchable, and more is to come."""
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        bench.work()
        found = dict(bench.reconciler.run(bench.who.workspace_id).found)
        gate.open()
        assert worker.result(10) is None
        assert (found, bench.job(run.job_id).errors) == ({}, [])

    def test_ends_with_its_collection(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.pool.submit(bench.deliver)
        bench.stands_at(gate, paths[:9])
        delete(bench, "collection", "")
        gate.open()
        worker.result(10)
        bench.upkeep()
        assert bench.job(run.job_id).finished_at is not None
