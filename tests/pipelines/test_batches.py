"""A batch is received a page at a time: bounded in memory and in what may wait, and honest about what it took."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import utc_now
from core.errors import InvalidInput, TooManyRequests
from core.queue.outbox import OutboxRow
from domain.documents.items import Item, Refused
from domain.jobs.batches import BatchReceiver
from domain.jobs.service import JobService
from domain.models import Job, JobStatus
from tests.support.bench import Bench

PAGE = 64  # items of a transaction, here
MOST = PAGE + PAGE // 2  # that may wait
BAD = Refused("line 1", "INVALID_JSON", "This line is not JSON in UTF-8.")
Entries = Iterator[Item | Refused]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("domain.jobs.batches.PAGE", PAGE)
    made = Bench(tmp_path)
    yield made
    made.database.close()


def receive(bench: Bench, entries: Entries | Sequence[Item | Refused], most: int = 10_000) -> Job:
    return BatchReceiver(bench.database, bench.who, bench.collection, most=most).receive(entries)


def named(bench: Bench, count: int, start: int = 0) -> Entries:
    return (bench.item(f"Text {number}.", f"item-{number}") for number in range(start, start + count))


def the_job(bench: Bench) -> Job:
    with bench.database.read() as session:
        rows, total = JobService(session, bench.who).page(10, 0)
    assert total == 1
    return rows[0]


class TestPages:
    def test_one_job_of_all_of_them(self, bench: Bench) -> None:
        job = receive(bench, named(bench, 2 * PAGE + 7))
        assert (job.total, job.queued, job.open, job.status) == (2 * PAGE + 7, 2 * PAGE + 7, False, "PROCESSING")
        bench.work()
        ended = bench.job(job.id)
        assert (ended.completed, ended.status) == (2 * PAGE + 7, JobStatus.COMPLETED)
        assert ended.finished_at is not None

    def test_the_first_is_stored_before_the_third_is_read(self, bench: Bench) -> None:
        """So a batch does not stand in memory, and the others write meanwhile."""
        stored = list[int]()

        def watched() -> Entries:
            for number, item in enumerate(named(bench, 3 * PAGE)):
                if number == 2 * PAGE:
                    stored.append(the_job(bench).total)
                yield item

        receive(bench, watched())
        assert stored == [PAGE]

    def test_refusals_before_the_first_item_are_told(self, bench: Bench) -> None:
        job = receive(bench, [*[BAD] * (PAGE + 3), *named(bench, 2)])
        assert (job.total, job.failed, len(job.errors)) == (PAGE + 5, PAGE + 3, PAGE + 3)

    def test_nothing_but_refusals_is_no_job(self, bench: Bench) -> None:
        with pytest.raises(InvalidInput, match="line 1") as caught:
            receive(bench, [BAD] * (2 * PAGE))
        assert caught.value.code == "INVALID_JSON"
        with bench.database.read() as session:
            assert JobService(session, bench.who).page(1, 0)[1] == 0

    def test_of_an_external_id_the_last_holds_across_pages(self, bench: Bench) -> None:
        job = receive(bench, [*named(bench, PAGE), bench.item("The newer text.", "item-3")])
        bench.work()
        ended = bench.job(job.id)
        assert (ended.total, ended.completed, ended.failed) == (PAGE + 1, PAGE, 1)
        assert [error["code"] for error in ended.errors] == ["SUPERSEDED"]
        assert len(bench.documents()) == PAGE


class TestQueueFull:
    def test_takes_what_may_wait_and_says_how_many(self, bench: Bench) -> None:
        with pytest.raises(TooManyRequests, match=f"{MOST} items of this batch were taken") as caught:
            receive(bench, named(bench, 2 * PAGE), most=MOST)
        assert caught.value.details == {"taken": MOST, "job_id": the_job(bench).id}
        assert the_job(bench).total == MOST
        bench.work()
        ended = the_job(bench)
        assert (ended.completed, ended.status, ended.open) == (MOST, JobStatus.FAILED, False)
        assert ended.errors[0]["code"] == "QUEUE_FULL"

    def test_the_rest_can_follow(self, bench: Bench) -> None:
        with pytest.raises(TooManyRequests):
            receive(bench, named(bench, PAGE + 20), most=PAGE)
        bench.work()
        job = receive(bench, named(bench, PAGE + 20), most=PAGE)
        assert (job.total, job.completed) == (PAGE + 20, PAGE)

    def test_nothing_is_begun_in_a_full_queue(self, bench: Bench) -> None:
        bench.add("One.", "Two.")
        with pytest.raises(TooManyRequests) as caught:
            receive(bench, named(bench, 3), most=2)
        assert caught.value.details == {}
        with bench.database.read() as session:
            assert JobService(session, bench.who).page(1, 0)[1] == 0


class TestInterruption:
    def test_an_error_leaves_what_was_taken(self, bench: Bench) -> None:
        def broken() -> Entries:
            yield from named(bench, PAGE + 1)
            raise InvalidInput("The archive is damaged.", code="DAMAGED")

        with pytest.raises(InvalidInput) as caught:
            receive(bench, broken())
        assert caught.value.details == {}
        assert bench.documents() == []

    def test_an_error_after_a_page_says_how_many(self, bench: Bench) -> None:
        def broken() -> Entries:
            yield from named(bench, 2 * PAGE + 1)
            raise InvalidInput("The archive is damaged.", code="DAMAGED")

        with pytest.raises(InvalidInput) as caught:
            receive(bench, broken())
        assert caught.value.details["taken"] == PAGE
        assert the_job(bench).open is False

    def test_cancelled_meanwhile(self, bench: Bench) -> None:
        def watched() -> Entries:
            for number, item in enumerate(named(bench, 4 * PAGE)):
                if number == 2 * PAGE:
                    with bench.database.write() as session:
                        JobService(session, bench.who).cancel(the_job(bench).id)
                yield item

        job = receive(bench, watched())
        bench.upkeep()
        assert bench.work() == 0
        ended = bench.job(job.id)
        assert (ended.status, ended.total, ended.cancelled, ended.open) == (JobStatus.CANCELLED, PAGE, PAGE, False)

    def test_of_a_process_that_died(self, bench: Bench) -> None:
        """Its job must not stay open for ever."""

        class Killed(BaseException):
            pass

        def killed() -> Entries:
            yield from named(bench, 2 * PAGE)
            raise Killed

        with pytest.raises(Killed):
            receive(bench, killed())
        bench.upkeep()
        assert the_job(bench).open is True  # its lease holds still
        bench.bury()
        with bench.database.write() as session:
            session.execute(update(OutboxRow).values(due_at=utc_now() - timedelta(seconds=1)))
        bench.upkeep()
        bench.work()
        ended = the_job(bench)
        assert (ended.open, ended.status, ended.completed) == (False, JobStatus.FAILED, PAGE)
        assert ended.errors[0]["code"] == "INTERRUPTED"
