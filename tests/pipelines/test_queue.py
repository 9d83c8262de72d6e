"""Which workspace is served next, what is noticed while work runs, and why documents wait."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import utc_now
from core.database import Database
from core.queue.leases import Lease
from domain.documents.renewal import renew
from domain.documents.repository import DocumentRepository, Filter, lock_documents
from domain.ingestion.repository import BATCH_DOCUMENTS, URGENT_DOCUMENTS
from domain.ingestion.runner import BatchRunner
from domain.ingestion.service import IngestionService
from domain.models import WorkerRow
from domain.upkeep.health import QueueState, queue_health
from domain.upkeep.health_repository import report_worker
from ingest.children.protocol import Failed, Parsed, ParseTask, Wanted, always
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


class TestShares:
    def test_a_workspace_with_much_leaves_room_for_one_with_little(self, bench: Bench) -> None:
        big = bench.who
        bench.add(*[f"Big {n}." for n in range(300)])
        small = bench.tenant("col_2")
        first = bench.claim()
        assert first
        assert first.workspace_id == big.workspace_id
        bench.become(small, "col_2")
        bench.add("Small.")
        second = bench.claim()
        assert second
        assert second.workspace_id == small.workspace_id

    def test_those_with_nothing_in_work_go_first_then_the_one_served_longest_ago(self, bench: Bench) -> None:
        tenants = [bench.who, bench.tenant("col_2"), bench.tenant("col_3")]
        for number, who in enumerate(tenants, start=1):
            bench.become(who, f"col_{number}")
            bench.batch(**{f"d{n}": f"Text {n}." for n in range(300)})
        order = [batch.workspace_id for _ in range(6) if (batch := bench.claim())]
        assert sorted(order[:3]) == sorted(who.workspace_id for who in tenants)
        assert order[3:] == order[:3]

    def test_what_somebody_waits_for_goes_before_a_batch_and_that_before_a_reindex(self, bench: Bench) -> None:
        (old,) = bench.add("Old.")
        bench.work()
        with bench.database.write() as session:
            renew(session, lock_documents(session, [old]), "job_x")
        bench.batch(**{f"d{n}": f"Text {n}." for n in range(BATCH_DOCUMENTS + 10)})
        (urgent,) = bench.add("Now.")
        batch = bench.claim()
        assert batch
        claimed = {one.document_id for one in batch.documents}
        assert urgent in claimed
        assert old not in claimed

    def test_the_place_kept_free_takes_only_what_somebody_waits_for(self, bench: Bench) -> None:
        bench.batch(a="Batch.")
        assert bench.runner.claim(urgent=True) == (None, False)
        urgent = bench.add(*[f"Now {n}." for n in range(URGENT_DOCUMENTS + 1)])
        batch, more = bench.runner.claim(urgent=True)
        assert batch
        assert {one.document_id for one in batch.documents} == set(urgent[:URGENT_DOCUMENTS])
        assert more

    def test_when_all_places_are_taken_one_is_left_for_those_who_wait(self, bench: Bench) -> None:
        service = IngestionService(bench.database, bench.runner, batches=1)
        bench.batch(a="Batch.")
        bench.model.gate = threading.Event()
        busy = threading.Thread(target=service.work, args=(lambda: None,))
        busy.start()
        try:
            while bench.document(next(iter(self.ids(bench)))).status == "QUEUED":
                pass
            bench.batch(b="Another batch.")
            assert service.work(lambda: None) is False
            bench.add("Now.")
            batch, _ = bench.runner.claim(urgent=True)
            assert batch
        finally:
            bench.model.gate.set()
            busy.join(30)

    def ids(self, bench: Bench) -> list[str]:
        with bench.database.read() as session:
            return [row.id for row in DocumentRepository(session, bench.who).page(Filter(), 10, 0)[0]]

    def test_no_wake_up_is_the_last_while_work_is_due(self, bench: Bench) -> None:
        bench.batch(**{f"d{n}": f"Text {n}." for n in range(200)})
        woken: list[int] = []
        bench.ingestion.work(lambda: woken.append(1))
        assert len(woken) == 2  # before, for the others, and after, for itself
        bench.work()
        woken.clear()
        assert bench.ingestion.work(lambda: woken.append(1)) is False
        assert woken == []


class SlowParser:
    """Waits until it is told that its task is not wanted any more."""

    def __init__(self) -> None:
        self.began = threading.Event()

    def run(self, tasks: list[ParseTask], wanted: Wanted = always) -> list[Parsed | Failed]:
        self.began.set()
        ends = threading.Event()
        while wanted(0):
            ends.wait(0.05)
        return [Failed("UNWANTED", "x", retryable=True) for _ in tasks]

    def warm(self) -> None: ...

    def reap(self) -> None: ...

    def close(self) -> None: ...


class TestCancelling:
    @pytest.mark.parametrize("action", ["cancel", "delete"])
    def test_reaches_a_parser_that_is_at_it(self, bench: Bench, action: str) -> None:
        parser = SlowParser()
        runner = BatchRunner(replace(bench.runner._parts, parser=parser, lease_s=1.0))
        (document,) = bench.add("One.")
        batch = bench.claim(runner)
        assert batch
        thread = threading.Thread(target=runner.run, args=(batch,))
        thread.start()
        assert parser.began.wait(10)
        bench.do(action, document)
        thread.join(10)
        assert not thread.is_alive()
        assert bench.points(document) == 0

    def test_reaches_the_embedding_between_its_parts(self, bench: Bench) -> None:
        """A document of many chunks stops after the part that was under way."""
        sentence = "Every sentence says something that no other sentence of this long text says, number {}. "
        (document,) = bench.add("".join(sentence.format(n) * 3 + "\n\n" for n in range(2_000)))
        bench.model.gate = threading.Event()
        batch = bench.claim()
        assert batch
        thread = threading.Thread(target=bench.runner.run, args=(batch,))
        thread.start()
        bench.do("cancel", document)
        asked_before = len(bench.model.asked)
        threading.Event().wait(1.5)  # the watch looks once a second
        bench.model.gate.set()
        thread.join(30)
        assert not thread.is_alive()
        assert len(bench.model.asked) <= asked_before + 1
        assert (bench.document(document).status, bench.points(document)) == ("CANCELLED", 0)


class TestHealth:
    def state(self, database: Database) -> QueueState:
        with database.read() as session:
            return queue_health(session).state

    def hello(self, bench: Bench) -> None:
        with bench.database.write() as session:
            report_worker(session, "one", 2)

    def test_nothing_to_do(self, bench: Bench) -> None:
        assert self.state(bench.database) == QueueState.IDLE

    def test_starved_without_a_worker(self, bench: Bench) -> None:
        bench.add("One.")
        assert self.state(bench.database) == QueueState.STARVED
        self.hello(bench)
        assert self.state(bench.database) == QueueState.WORKING

    def test_a_worker_not_heard_of_is_none(self, bench: Bench) -> None:
        bench.add("One.")
        self.hello(bench)
        with bench.database.write() as session:
            session.execute(update(WorkerRow).values(seen_at=utc_now() - timedelta(minutes=2)))
        assert self.state(bench.database) == QueueState.STARVED

    def test_waiting_while_all_are_busy(self, bench: Bench) -> None:
        self.hello(bench)
        bench.add("One.")
        bench.claim()
        bench.add("Two.")
        bench.hurry(since=timedelta(minutes=2))
        assert self.state(bench.database) == QueueState.WAITING

    def test_stuck_when_a_worker_fell_silent(self, bench: Bench) -> None:
        self.hello(bench)
        bench.add("One.")
        bench.claim()
        assert self.state(bench.database) == QueueState.WORKING
        with bench.database.write() as session:
            session.execute(update(Lease).values(expires_at=utc_now() - timedelta(seconds=1)))
        assert self.state(bench.database) == QueueState.STUCK

    def test_a_worker_without_progress_loses_its_lease(self, bench: Bench) -> None:
        runner = BatchRunner(replace(bench.runner._parts, lease_s=0.4, stall_s=0.0))
        (document,) = bench.add("One.")
        bench.model.gate = threading.Event()
        batch = bench.claim(runner)
        assert batch
        thread = threading.Thread(target=runner.run, args=(batch,))
        thread.start()
        while bench.ingestion.sweep() == 0:
            pass
        bench.model.gate.set()
        thread.join(30)
        assert bench.document(document).status == "QUEUED"
        bench.work()
        assert (bench.document(document).status, bench.points(document)) == ("COMPLETED", 1)
