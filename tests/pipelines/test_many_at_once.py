"""Jobs and crawls with many documents end a page at a time: nobody's write waits for the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from core.queue.outbox import OutboxRow
from core.vectors.protocol import Scope
from domain.crawls.service import CrawlService
from domain.documents.endings import PAGE
from domain.ingestion.service import reindex
from domain.jobs.jobs import CANCEL_JOB
from domain.jobs.service import JobService
from domain.models import ChunkRow, CrawlSource, Document, Job, JobStatus, Status
from domain.search.passage_repository import SqlPassages
from tests.support.bench import Bench
from tests.support.client import until
from tests.support.crawls import CrawlBench, Gate, star
from tests.support.deletion import delete
from tests.support.site import Site

MANY = 3 * PAGE


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def job(bench: Bench) -> str:
    return bench.batch(**{f"item-{number}": f"Text {number}." for number in range(MANY)})


def count(bench: Bench, status: Status) -> int:
    with bench.database.read() as session:
        return session.scalar(select(func.count()).where(Document.status == status)) or 0


def queued(bench: Bench, job: str) -> int:
    with bench.database.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.job == job)) or 0


def state(bench: Bench, job: str) -> Job:
    with bench.database.read() as session:
        return session.scalars(select(Job).where(Job.id == job)).one()


def cancel(bench: Bench, job: str) -> None:
    with bench.database.write() as session:
        JobService(session, bench.who).cancel(job)


@contextmanager
def statements(bench: Bench) -> Iterator[list[str]]:
    """Of each transaction that commits, one text for each of its statements."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        made.append(statement)

    event.listen(bench.database.engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(bench.database.engine, "before_cursor_execute", note)


class TestCancel:
    def test_the_first_page_at_once_the_rest_by_a_job(self, bench: Bench, job: str) -> None:
        cancel(bench, job)
        assert count(bench, Status.CANCELLED) == PAGE
        assert state(bench, job).status == JobStatus.CANCELLED
        assert state(bench, job).finished_at is None
        assert queued(bench, CANCEL_JOB.name) == 1
        bench.upkeep()
        assert count(bench, Status.CANCELLED) == MANY
        ended = state(bench, job)
        assert (ended.cancelled, ended.queued) == (MANY, 0)
        assert ended.finished_at is not None

    def test_a_page_costs_a_handful_of_statements(self, bench: Bench, job: str) -> None:
        with statements(bench) as made:
            cancel(bench, job)
        assert len(made) < 20

    def test_nothing_more_of_it_is_begun(self, bench: Bench, job: str) -> None:
        cancel(bench, job)
        assert bench.claim() is None
        bench.upkeep()
        assert bench.claim() is None
        assert count(bench, Status.CANCELLED) == MANY

    def test_what_is_in_work_is_stopped_first(self, bench: Bench, job: str) -> None:
        batch = bench.claim()
        assert batch is not None
        cancel(bench, job)
        assert count(bench, Status.PROCESSING) == 0
        bench.runner.run(batch)
        bench.upkeep()
        assert count(bench, Status.CANCELLED) == MANY
        assert count(bench, Status.COMPLETED) == 0


class TestReindex:
    def start(self, bench: Bench) -> str:
        bench.work()
        with bench.database.write() as session:
            return reindex(session, bench.who).id

    def test_the_first_page_at_once_the_rest_by_a_job(self, bench: Bench, job: str) -> None:
        made = self.start(bench)
        assert 0 < state(bench, made).total == count(bench, Status.QUEUED) < MANY
        bench.upkeep()
        bench.work()
        ended = state(bench, made)
        assert (ended.total, ended.completed, ended.status, ended.open) == (MANY, MANY, JobStatus.COMPLETED, False)
        assert {document.live_version for document in bench.documents()} == {2}

    def test_a_cancelled_one_queues_no_more(self, bench: Bench, job: str) -> None:
        made = self.start(bench)
        queued_first = state(bench, made).total
        cancel(bench, made)
        bench.upkeep()
        bench.work()
        ended = state(bench, made)
        assert (ended.total, ended.cancelled, ended.status) == (queued_first, queued_first, JobStatus.CANCELLED)
        assert ended.finished_at is not None


class TestRemoval:
    def test_one_job_removes_many(self, bench: Bench, job: str) -> None:
        """300,000 documents must not make 300,000 jobs."""
        delete(bench, "collection", "")
        with statements(bench) as made:
            bench.upkeep()
        assert len(made) < MANY
        with bench.database.read() as session:
            assert session.scalar(select(func.count()).select_from(Document)) == 0


class TestCrawlRemoval:
    @pytest.fixture
    def crawled(self, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[CrawlBench, str]]:
        """A site of a start and five pages, searchable; only two pages are removed at once."""
        monkeypatch.setattr("domain.crawls.removal.PAGE", 2)
        made = CrawlBench(tmp_path)
        star(site, 5)
        run = made.finish(made.begin(site))
        made.work()
        yield made, run.source_id
        made.close()

    def delete(self, bench: CrawlBench, source_id: str, *, keep: bool) -> None:
        with bench.database.write() as session:
            CrawlService(session, bench.who, bench.keys).delete(source_id, None, keep_documents=keep)

    def found(self, bench: CrawlBench) -> int:
        with bench.database.read() as session:
            chunks = list(session.scalars(select(ChunkRow.id)))
        return len(SqlPassages(bench.database).load(Scope(bench.who.workspace_id), chunks))

    def test_no_answer_waits_for_the_job(self, crawled: tuple[CrawlBench, str]) -> None:
        """Most of its documents are still there: a search must not find them any more."""
        bench, source_id = crawled
        assert self.found(bench) == 6
        self.delete(bench, source_id, keep=False)
        assert len(bench.documents()) >= 4
        assert self.found(bench) == 0
        bench.upkeep()
        assert bench.documents() == []
        with bench.database.read() as session:
            assert session.get(CrawlSource, source_id) is None

    def test_kept_documents_stay_in_answers(self, crawled: tuple[CrawlBench, str]) -> None:
        bench, source_id = crawled
        self.delete(bench, source_id, keep=True)
        assert self.found(bench) == 6
        bench.upkeep()
        assert self.found(bench) == 6

    def test_kept_documents_on_their_way_arrive(self, crawled: tuple[CrawlBench, str], site: Site) -> None:
        """Of a crawl that runs still: what it brought so far is kept, too."""
        bench, _ = crawled
        self.delete(bench, crawled[1], keep=False)
        bench.upkeep()
        gate = Gate(site, ["/p4"])
        run = bench.begin(site)
        worker = bench.start(run)
        gate.wait()
        until(lambda: count(bench, Status.QUEUED), lambda queued: queued >= 5)
        self.delete(bench, run.source_id, keep=True)
        gate.open()
        worker.result(20)
        bench.upkeep()
        bench.work()
        assert count(bench, Status.COMPLETED) >= 5

    def test_what_a_new_crawl_has_brought_again_is_its_own(self, crawled: tuple[CrawlBench, str], site: Site) -> None:
        bench, source_id = crawled
        self.delete(bench, source_id, keep=False)
        bench.finish(bench.begin(site))
        bench.work()
        bench.upkeep()
        assert len(bench.documents()) == 6
        assert self.found(bench) == 6
