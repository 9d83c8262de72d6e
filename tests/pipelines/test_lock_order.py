"""PostgreSQL, where two transactions may each hold what the other wants: documents are locked before their job."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.documents.repository import lock_documents
from domain.jobs.repository import credit
from domain.jobs.service import JobService
from domain.models import JobStatus
from tests.support.client import until
from tests.support.crawls import PATIENCE_S, CrawlBench, Gate, star
from tests.support.databases import postgres as own_postgres
from tests.support.site import Site

WAITING = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[CrawlBench]:
    with own_postgres() as url:
        made = CrawlBench(tmp_path, url)
        yield made
        made.close()


def cancel_job(bench: CrawlBench, job_id: str) -> None:
    with bench.database.write() as session:
        JobService(session, bench.who).cancel(job_id)


def while_counted(bench: CrawlBench, job_id: str, cancel: Callable[[], None]) -> None:
    """Cancel while a worker holds the job's documents, and has not counted them yet."""
    ids = [one.id for one in bench.documents()]

    def waiting(session: Session) -> int:
        session.rollback()  # within a transaction it is always what was seen first
        return int(session.execute(WAITING).scalar_one())

    with bench.database.read() as other, bench.database.write() as worker:
        lock_documents(worker, ids)
        cancelling = bench.pool.submit(cancel)
        until(lambda: waiting(other), lambda count: count == 1, PATIENCE_S)
        credit(worker, job_id, completed=1)
    cancelling.result(PATIENCE_S)
    assert bench.job(job_id).status == JobStatus.CANCELLED


class TestCancelled:
    def test_a_batch(self, bench: CrawlBench) -> None:
        job_id = bench.batch(a="One.", b="Two.")
        while_counted(bench, job_id, lambda: cancel_job(bench, job_id))

    @pytest.mark.parametrize("by", ["crawl", "job"])
    def test_a_crawl(self, bench: CrawlBench, site: Site, by: str) -> None:
        paths = star(site, 20)
        gate = Gate(site, paths[9:13])
        run = bench.begin(site)
        worker = bench.start(run)
        bench.stands_at(gate, paths[:9])
        if by == "job":
            while_counted(bench, run.job_id, lambda: cancel_job(bench, run.job_id))
        else:
            while_counted(bench, run.job_id, lambda: bench.control("cancel", run))
        gate.open()
        assert worker.result(PATIENCE_S) is None
