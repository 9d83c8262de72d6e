"""Crawls that several workers and schedulers want at once, and workers that die."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import Conflict
from core.queue.outbox import Again, OutboxRow
from crawler.crawl import GROUP
from crawler.frontier import Lost
from domain.crawls import frontier_repository
from domain.crawls.frontier import SqlFrontier
from domain.crawls.outcome_writer import OutcomeWriter
from domain.crawls.repository import due_sources, orphaned_runs
from domain.crawls.runner import BUSY_S, CrawlRunner
from domain.models import (
    CrawlChange,
    CrawlPage,
    CrawlRun,
    CrawlSource,
    Document,
    DocumentVersion,
    Job,
    PageState,
    RunState,
)
from evals.faults.load import Client
from evals.faults.rehearse import code_of
from tests.support.client import until
from tests.support.crawls import PATIENCE_S, PLACES, CrawlBench, Gate, asked, left_by, server, star
from tests.support.databases import postgres as own_postgres
from tests.support.deletion import check_nothing_left
from tests.support.deletion import delete as remove
from tests.support.site import Site


@pytest.fixture(params=["sqlite", "postgresql"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CrawlBench]:
    if request.param == "sqlite":
        made = CrawlBench(tmp_path)
        yield made
        made.close()
        return
    yield request.getfixturevalue("scaled_bench")


@pytest.fixture
def scaled_bench(postgres: str, tmp_path: Path) -> Iterator[CrawlBench]:
    """PostgreSQL, where one writes while another does."""
    made = CrawlBench.emptied(tmp_path, postgres)
    yield made
    made.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with own_postgres() as url:
        yield url


@pytest.mark.long
class TestKilled:
    def test_a_server(self, tmp_path: Path, site: Site) -> None:
        """Once between a group's file and its rows, once with only visits under way: no other page is fetched again."""
        paths = star(site, 4 * GROUP)
        for path in paths:
            site.pages[path].delay_s = 0.03
        # behind all that three groups can reach: each may have taken what ended at the same moment
        held = paths[3 * (GROUP + PLACES) + PLACES :][:PLACES]
        gate = Gate(site, held)
        with server(tmp_path, "--die", "store.after", "--nth", "3") as shape:
            client = Client(shape.url, 1, shape.up)
            client.sign_up(lambda address: code_of(shape, address))
            wanted = {"url": site.url(), "collection_id": client.collection}
            path = f"/crawls/{client.call('POST', '/documents/url', json=wanted)['crawl_id']}"
            workspace_id = client.base.rsplit("/", 1)[1]
            assert shape.server.wait(PATIENCE_S) == -signal.SIGKILL
            with left_by(shape, workspace_id) as bench:
                lost = bench.queued() & set(asked(site))
                assert 0 < len(lost) <= PLACES + GROUP
                assert bench.documents()
            shape.up()
            gate.wait()
            until(lambda: set(asked(site)) & self.queued(client, path), lambda left: left == set(held))
            shape.server.kill()
            gate.open()
            shape.up()
            ended = until(lambda: client.call("GET", path)["last_run"], lambda run: run["state"] != "RUNNING")
            assert (ended["state"], ended["new"]) == ("COMPLETED", len(paths))
            client.settle()
        assert asked(site) == Counter([*paths, *lost, *held])
        with left_by(shape, workspace_id) as bench:
            assert bench.reconciler.run(workspace_id).found == {"orphan_blobs": 1}  # of the first death
            bench.check_whole(site, paths)

    def queued(self, client: Client, path: str) -> set[str]:
        found = client.call("GET", f"{path}/pages?state=QUEUED&limit=200")["pages"]
        return {"/" + page["url"].split("/", 3)[3] for page in found}


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs that workers were told to have lost."""
    found: list[str] = []
    apply = SqlFrontier.apply

    def watched(self: SqlFrontier, *arguments: Any) -> None:
        try:
            apply(self, *arguments)
        except Lost:
            found.append(self.run_id)
            raise

    monkeypatch.setattr(SqlFrontier, "apply", watched)
    return found


def everything(bench: CrawlBench) -> dict[str, Any]:
    """Of crawls and their documents, row by row; leases and messages aside."""
    tables = (CrawlSource, CrawlRun, CrawlPage, CrawlChange, Document, DocumentVersion, Job)
    with bench.database.read() as session:
        rows = {table.__tablename__: sorted(map(repr, session.execute(select(table.__table__)))) for table in tables}
    return {**rows, "files": sorted(bench.blobs.keys())}


class TestTwoWorkers:
    def test_only_one_of_two_gets_a_run(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 3)
        run = bench.begin(site)
        for number in range(1, 6):
            gate = Gate(site, ["/"])
            at_once = threading.Barrier(2)
            workers = [bench.pool.submit(self.work, at_once, runner, run) for runner in (bench.first, bench.second)]
            gate.wait()
            loser = next(as_completed(workers, PATIENCE_S))
            assert loser.result() == Again(BUSY_S)
            gate.open()
            assert {str(one.result(PATIENCE_S)) for one in workers} == {"None", str(Again(BUSY_S))}
            assert bench.finish(run).state == RunState.COMPLETED
            assert asked(site)["/"] == number
            run = bench.control("run_now", run)
        bench.finish(run)
        bench.check_whole(site, paths)

    def work(self, at_once: threading.Barrier, runner: CrawlRunner, run: CrawlRun) -> Again | None:
        at_once.wait(PATIENCE_S)
        return runner.work(run.id)

    @pytest.mark.parametrize("second_is", ["done", "working"])
    def test_taken_over_while_the_first_still_works(
        self, bench: CrawlBench, site: Site, losses: list[str], second_is: str
    ) -> None:
        paths = star(site, 30)
        stored = 31 if second_is == "done" else 20
        gate, other = Gate(site, paths[9:13]), Gate(site, paths[stored : stored + 4])
        run = bench.begin(site)
        first = bench.start(run)
        bench.stands_at(gate, paths[:9])
        bench.die()
        second = bench.start(run, bench.second)
        bench.stands_at(other, paths[:stored])
        until(lambda: bench.run(run).state, lambda now: (now == "COMPLETED") == (second_is == "done"))
        before = everything(bench)
        gate.open()
        assert first.result(PATIENCE_S) is None
        assert losses == [run.id]
        assert everything(bench) == before
        other.open()
        assert second.result(PATIENCE_S) is None
        assert bench.finish(run).state == RunState.COMPLETED
        assert asked(site) == Counter([*paths, *paths[9:13]])
        assert losses == [run.id]
        bench.check_whole(site, paths)

    def test_taken_over_while_the_first_stores_a_group(
        self, scaled_bench: CrawlBench, site: Site, losses: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second waits for that group, and does not do it again."""
        bench, paths = scaled_bench, star(site, 20)
        others, gate = Gate(site, paths[9:12]), Gate(site, paths[12:13])
        store, stands, goes_on = OutcomeWriter.store, threading.Event(), threading.Event()

        def slow(writer: OutcomeWriter, *arguments: Any) -> set[str]:
            listed = store(writer, *arguments)
            monkeypatch.setattr(OutcomeWriter, "store", store)
            stands.set()
            goes_on.wait(PATIENCE_S)
            return listed

        run = bench.begin(site)
        first = bench.start(run)
        others.wait()
        bench.stands_at(gate, paths[:9])
        monkeypatch.setattr(OutcomeWriter, "store", slow)
        gate.open()
        assert stands.wait(PATIENCE_S)
        bench.die()
        second = bench.start(run, bench.second)
        until(lambda: self.waiting(bench), lambda count: count > 0)
        goes_on.set()
        assert second.result(PATIENCE_S) is None
        others.open()
        assert first.result(PATIENCE_S) is None
        assert losses == [run.id]
        assert asked(site)[paths[12]] == 1
        assert bench.finish(run).state == RunState.COMPLETED
        bench.check_whole(site, paths)

    def waiting(self, bench: CrawlBench) -> int:
        """How many statements wait for a lock."""
        with bench.database.read() as session:
            mine = "datname = current_database() and wait_event_type = 'Lock'"
            return session.scalar(text(f"select count(*) from pg_stat_activity where {mine}")) or 0


class TestBegunAgain:
    """300,000 known pages must not be one statement, in which nobody else can write."""

    class Killed(BaseException):
        pass

    @pytest.fixture
    def dies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two pages a transaction; the worker dies in the third of the second run."""
        monkeypatch.setattr(frontier_repository, "BEGUN_TOGETHER", 2)
        begin_again, begun = frontier_repository.begin_again, list[str]()

        def watched(session: Session, source_id: str, began: datetime, after: str) -> str | None:
            begun.append(after)
            last = begin_again(session, source_id, began, after)
            if len(begun) == 4:  # the first run needs one
                raise self.Killed
            return last

        monkeypatch.setattr(frontier_repository, "begin_again", watched)

    @pytest.mark.usefixtures("dies")
    def test_a_few_pages_a_transaction_and_none_twice(self, bench: CrawlBench, site: Site) -> None:
        paths = star(site, 7)
        bench.finish(bench.begin(site))
        missed = update(CrawlPage).values(state=PageState.MISSING, misses=2)
        with bench.database.write() as session:
            session.execute(missed.where(CrawlPage.url == site.url("/p3")))
        run = bench.control("run_now", bench.runs()[0])
        with pytest.raises(self.Killed):
            bench.start(run).result(PATIENCE_S)
        assert len(bench.queued()) == 4
        assert bench.run(run).started_at is None
        bench.start(run, bench.crawler("third", slice_s=0.0)).result(PATIENCE_S)
        assert bench.pages()["/p3"].misses == 2
        ended = bench.finish(run, bench.second)
        assert (ended.state, ended.pages) == (RunState.COMPLETED, len(paths))
        assert asked(site) == Counter([*paths, *paths])


class TestDeletedMeanwhile:
    @pytest.mark.parametrize("what", ["collection", "workspace"])
    def test_while_a_group_is_stored(
        self, scaled_bench: CrawlBench, site: Site, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its rows are written, and not committed, when the removal begins."""
        bench, store, purges = scaled_bench, OutcomeWriter.store, list[Future[None]]()
        star(site, 20)

        def store_and_delete(writer: OutcomeWriter, *arguments: Any) -> set[str]:
            monkeypatch.undo()
            listed = store(writer, *arguments)
            remove(bench, what, "")
            purges.append(bench.pool.submit(bench.upkeep))
            return listed

        monkeypatch.setattr(OutcomeWriter, "store", store_and_delete)
        run = bench.begin(site)
        assert bench.first.work(run.id) is None
        purges[0].result(PATIENCE_S)
        bench.upkeep()
        check_nothing_left(bench, what)

    def test_the_scheduler_looks_at_what_was_lost(self, scaled_bench: CrawlBench, site: Site) -> None:
        """The removal of a collection waits for its documents; meanwhile the run's job comes to its end."""
        bench, paths = scaled_bench, star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.pool.submit(bench.deliver)
        bench.stands_at(gate, paths[:9])
        remove(bench, "collection", "")
        gate.open()
        worker.result(PATIENCE_S)
        assert bench.messages() == 0
        assert bench.second.schedule() == 1
        bench.upkeep()
        assert bench.job(run.job_id).status == "CANCELLED"
        check_nothing_left(bench, "collection")


def meet(monkeypatch: pytest.MonkeyPatch, name: str, look: Callable[..., Any]) -> None:
    """Two schedulers look before either does anything, as far as the database lets them."""
    both = threading.Barrier(2)

    def looked(*arguments: Any) -> Any:
        found = look(*arguments)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return found

    monkeypatch.setattr(f"domain.crawls.runner.{name}", looked)


class TestSchedulers:
    @pytest.fixture
    def crawled(self, bench: CrawlBench, site: Site) -> CrawlRun:
        """A source with a schedule, which has run once."""
        star(site, 3)
        return bench.finish(bench.begin(site, every_hours=24))

    def due(self, bench: CrawlBench) -> None:
        with bench.database.write() as session:
            session.execute(update(CrawlSource).values(next_run_at=utc_now() - timedelta(seconds=1)))

    def next_run(self, bench: CrawlBench) -> float:
        """Hours from now."""
        with bench.database.read() as session:
            moment = session.scalars(select(CrawlSource.next_run_at)).one()
        assert moment is not None
        return (moment - utc_now()).total_seconds() / 3_600

    def test_two_at_once_begin_one_run(
        self, bench: CrawlBench, crawled: CrawlRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meet(monkeypatch, "due_sources", due_sources)
        self.due(bench)
        both_of_them = [bench.pool.submit(one.schedule) for one in (bench.first, bench.second)]
        assert sum(one.result(PATIENCE_S) for one in both_of_them) == 1
        assert (len(bench.runs()), bench.messages()) == (2, 1)
        assert 23.9 < self.next_run(bench) <= 24

    def test_beside_somebody_who_starts_it(self, bench: CrawlBench, crawled: CrawlRun) -> None:
        for number in range(2, 7):
            self.due(bench)
            at_once = threading.Barrier(2)
            started = bench.pool.submit(self.run_now, at_once, bench, crawled)
            at_once.wait(PATIENCE_S)
            bench.first.schedule()
            started.result(PATIENCE_S)
            bench.first.schedule()
            assert (len(bench.runs()), bench.messages()) == (number, 1)
            assert bench.finish(bench.runs()[-1]).state == RunState.COMPLETED

    def run_now(self, at_once: threading.Barrier, bench: CrawlBench, run: CrawlRun) -> None:
        at_once.wait(PATIENCE_S)
        with suppress(Conflict):
            bench.control("run_now", run)

    def test_a_run_that_is_still_open(self, bench: CrawlBench, site: Site, crawled: CrawlRun) -> None:
        run = bench.control("run_now", crawled)
        gate = Gate(site, ["/"])
        self.check_left_alone(bench, run, RunState.QUEUED)
        worker = bench.start(run)
        gate.wait()
        self.check_left_alone(bench, run, RunState.RUNNING)
        bench.control("pause", run)
        self.check_left_alone(bench, run, RunState.PAUSED)
        gate.open()
        assert worker.result(PATIENCE_S) is None
        bench.control("resume", run)
        assert bench.finish(run).state == RunState.COMPLETED

    def check_left_alone(self, bench: CrawlBench, run: CrawlRun, state: RunState) -> None:
        """Its source is due again: that is this run."""
        self.due(bench)
        bench.second.schedule()
        assert (len(bench.runs()), bench.messages(), bench.run(run).state) == (2, 1, state)
        assert 23.9 < self.next_run(bench) <= 24
        assert bench.second.schedule() == 0

    def test_a_run_whose_worker_died_and_whose_message_is_lost(
        self, bench: CrawlBench, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        assert bench.second.schedule() == 0
        bench.die()
        with bench.database.write() as session:
            session.execute(delete(OutboxRow))
        meet(monkeypatch, "orphaned_runs", orphaned_runs)
        schedulers = [bench.pool.submit(one.schedule) for one in (bench.first, bench.second)]
        assert sum(one.result(PATIENCE_S) for one in schedulers) == 1
        assert bench.messages() == 1
        assert bench.finish(run, bench.second).state == RunState.COMPLETED
        assert asked(site) == Counter([*paths, *paths[9:13]])
        gate.open()
        assert worker.result(PATIENCE_S) is None
        bench.check_whole(site, paths)
