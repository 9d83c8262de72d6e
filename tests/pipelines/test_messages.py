"""Messages: every job has an actor, the outbox survives a broker that is down, each broker wakes a worker."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import dramatiq
import pytest
from sqlalchemy import func, select, update

import domain
from core.clock import utc_now
from core.database import Database
from core.errors import InvalidInput, Unavailable
from core.queue.jobs import JobType, Periodic, Queue, every
from core.queue.outbox import (
    AGAIN_S,
    MAX_TRIES,
    Again,
    OutboxRow,
    Relay,
    backlog,
    dead_jobs,
    enqueue,
    replay_jobs,
    run_recorded,
)
from core.settings import Settings
from domain.documents.jobs import PURGE_DOCUMENTS
from domain.ingestion.jobs import INGEST_WAKE
from domain.job_context import JobContext
from domain.job_registry import JOBS, PERIODIC
from pipelines.actors import declare_actors
from pipelines.broker import open_broker, send
from pipelines.schedule import Schedule
from pipelines.workers import UPKEEP_THREADS, Workers
from tests.support.databases import sqlite_at
from tests.support.services import fresh_redis, rabbitmq_url


class Context:
    """Stands in for what jobs work with: notes what was asked of it. Upkeep waits while `gate` is closed."""

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self.woken, self.purged, self.gate = threading.Event(), threading.Event(), threading.Event()
        self.gate.set()
        self.removed: list[str] = []
        self.ingestion = self.purge = self

    @property
    def database(self) -> Database:
        return self._database or pytest.fail("the database was asked for")

    def wake_another(self) -> None:
        pytest.fail("nothing is due")

    def work(self, wake: Any) -> bool:
        self.woken.set()
        return False

    def documents(self, workspace_id: str, ids: Sequence[str], lease: str) -> bool:
        assert self.gate.wait(30)
        self.removed += ids
        self.purged.set()
        return True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_at(tmp_path / "outbox.db"))
    yield made
    made.close()


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxRow)) or 0


def job(name: str) -> JobType:
    return JobType(name, Queue.UPKEEP, pytest.fail)


def queue(database: Database, *names: str) -> None:
    with database.write() as session:
        for name in names:
            enqueue(session, job(name))


def hurry(database: Database) -> None:
    """Whatever waits is due now."""
    with database.write() as session:
        session.execute(update(OutboxRow).values(due_at=utc_now() - timedelta(seconds=1)))


class TestActors:
    def test_every_job_has_one(self) -> None:
        broker = open_broker(Settings())
        declare_actors(broker, cast(JobContext, Context()))
        assert broker.get_declared_actors() == {job.name for job in JOBS}
        assert {name for name in broker.get_declared_queues() if not name.endswith(".DQ")} == set(Queue)
        assert len({job.name for job in JOBS}) == len(JOBS)

    def test_every_noun_is_in_the_registry(self) -> None:
        """A job or a task that stands beside its noun and not in the registry would never be run."""
        declared: list[JobType | Periodic] = []
        for path in (Path(domain.__file__ or "").parent).glob("*/jobs.py"):
            module = import_module(f"domain.{path.parent.name}.jobs")
            declared += [one for one in vars(module).values() if isinstance(one, JobType)]
            declared += vars(module).get("PERIODIC", ())
        assert len(declared) > 10
        assert sorted(one.name for one in declared) == sorted(one.name for one in (*JOBS, *PERIODIC))

    def test_an_unknown_broker(self) -> None:
        with pytest.raises(InvalidInput, match="INSYDR_BROKER_URL"):
            open_broker(Settings(broker_url="kafka://x"))


class TestOutbox:
    def test_a_rolled_back_transaction_sends_nothing(self, database: Database) -> None:
        def give_up() -> None:
            with database.write() as session:
                enqueue(session, job("a.job"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            give_up()
        assert waiting(database) == 0

    def test_a_broker_that_is_down_loses_nothing(self, database: Database) -> None:
        sent: list[str] = []
        down = True

        def deliver(job: str, _: str, __: dict[str, Any]) -> None:
            if down:
                raise ConnectionError
            sent.append(job)

        relay = Relay(database, deliver)
        queue(database, "first", "second")
        with pytest.raises(ConnectionError):
            relay.drain()
        assert waiting(database) == 2
        down = False
        hurry(database)
        assert relay.drain() == 2
        assert sorted(sent) == ["first", "second"]

    def test_a_wake_up_is_forgotten_once_sent(self, database: Database) -> None:
        with database.write() as session:
            enqueue(session, replace(job("wake"), wake=True))
        assert Relay(database, lambda *_: None).drain() == 1
        assert waiting(database) == 0

    def test_later_jobs_wait(self, database: Database) -> None:
        with database.write() as session:
            enqueue(session, job("later"), delay_s=60)
        assert Relay(database, lambda *_: None).drain() == 0
        assert waiting(database) == 1

    def test_a_commit_wakes_the_relay(self, database: Database) -> None:
        arrived = threading.Event()
        relay = Relay(database, lambda *_: arrived.set(), every_s=3_600)
        relay.start()
        try:
            with database.write() as session:
                enqueue(session, job("now"))
            assert arrived.wait(10)
        finally:
            relay.close()


class TestEndOfAJob:
    """A row stays until its job has ended."""

    def sent(self, database: Database) -> str:
        """A job that a worker has just received; the id of its row."""
        queue(database, "work")
        rows: list[str] = []
        Relay(database, lambda _, row_id, __: rows.append(row_id)).drain()
        return rows[0]

    def row(self, database: Database, row_id: str) -> OutboxRow:
        with database.read() as session:
            found = session.get(OutboxRow, row_id)
            assert found is not None
            return found

    def test_done(self, database: Database) -> None:
        run_recorded(database, self.sent(database), lambda: None)
        assert waiting(database) == 0

    def test_a_lost_message_is_sent_again(self, database: Database) -> None:
        first = self.sent(database)
        again: list[str] = []
        relay = Relay(database, lambda _, row_id, __: again.append(row_id))
        assert relay.drain() == 0
        hurry(database)
        assert relay.drain() == 1
        assert again == [first]

    def test_an_outage_uses_up_no_try(self, database: Database) -> None:
        row_id = self.sent(database)

        def down() -> None:
            raise Unavailable("The index is down.")

        run_recorded(database, row_id, down)
        row = self.row(database, row_id)
        assert (row.tries, row.reason, row.dead_at) == (0, "The index is down.", None)

    def test_one_that_waits_for_others_comes_again(self, database: Database) -> None:
        row_id = self.sent(database)
        run_recorded(database, row_id, lambda: False)
        row = self.row(database, row_id)
        assert (row.tries, row.dead_at) == (0, None)
        assert row.due_at <= utc_now() + timedelta(seconds=AGAIN_S)

    def test_one_that_says_when_comes_again_then(self, database: Database) -> None:
        row_id = self.sent(database)
        for delay_s in (90.0, 0.0):
            run_recorded(database, row_id, lambda delay_s=delay_s: Again(delay_s))
            row = self.row(database, row_id)
            waits_s = (row.due_at - utc_now()).total_seconds()
            assert (row.tries, row.dead_at) == (0, None)
            assert delay_s - 30 < waits_s <= delay_s

    def test_what_fails_every_time_is_kept_with_its_reason_and_can_be_replayed(self, database: Database) -> None:
        def bug() -> None:
            raise KeyError("secret")

        row_id = self.sent(database)
        relay = Relay(database, lambda *_: None)
        for _ in range(MAX_TRIES):
            run_recorded(database, row_id, bug)
            hurry(database)
            relay.drain()
        with database.read() as session:
            rows, total = dead_jobs(session, 10, 0)
            assert (total, rows[0].id, rows[0].reason) == (1, row_id, "KeyError")
            assert backlog(session)[2] == 1
        assert relay.drain() == 0
        with database.write() as session:
            assert replay_jobs(session, [row_id]) == 1
        assert relay.drain() == 1

    def test_one_whose_workers_all_died_is_dead_too(self, database: Database) -> None:
        row_id = self.sent(database)
        relay = Relay(database, lambda *_: None)
        for _ in range(MAX_TRIES):
            hurry(database)
            relay.drain()
        assert "died" in (self.row(database, row_id).reason or "")
        assert relay.drain() == 0


@contextmanager
def working(settings: Settings, context: Context) -> Iterator[dramatiq.Broker]:
    """The workers of one process."""
    broker = open_broker(settings)
    declare_actors(broker, cast(JobContext, context))
    workers = Workers(broker, settings)
    workers.start()
    try:
        yield broker
    finally:
        context.gate.set()
        workers.close()
        broker.close()


def purge_through(broker: dramatiq.Broker, document_id: str) -> None:
    send(broker, PURGE_DOCUMENTS.name, "out_2", {"workspace_id": "ws_1", "ids": document_id})


def wake_through(settings: Settings, database: Database) -> None:
    context = Context(database)
    with working(settings, context) as broker:
        send(broker, INGEST_WAKE.name, "out_1", {})
        assert context.woken.wait(20)
        purge_through(broker, "doc_1")
        assert context.purged.wait(20)
        assert context.removed == ["doc_1"]


class TestBrokers:
    def test_in_the_process(self, database: Database) -> None:
        wake_through(Settings(), database)

    def test_redis(self, database: Database) -> None:
        with fresh_redis() as url:
            wake_through(Settings(broker_url=url), database)

    def test_rabbitmq(self, database: Database) -> None:
        url = rabbitmq_url()
        wake_through(Settings(broker_url=url), database)


class TestPools:
    def test_slow_work_of_one_kind_starves_no_other(self, database: Database) -> None:
        context = Context(database)
        context.gate.clear()
        with working(Settings(), context) as broker:
            for number in range(3 * UPKEEP_THREADS):
                purge_through(broker, f"doc_{number}")
            send(broker, INGEST_WAKE.name, "out_1", {})
            assert context.woken.wait(20)
            assert context.removed == []


class TestSchedule:
    def test_one_tasks_bug_does_not_stop_the_others(self) -> None:
        ran: list[str] = []

        def bug(_: object) -> None:
            ran.append("bug")
            raise RuntimeError

        tasks = [
            Periodic("bug", every(3_600), bug),
            Periodic("fine", every(3_600), lambda name: ran.append(name)),
            Periodic("off", lambda _: None, lambda _: ran.append("off")),
            Periodic("later", every(3_600), lambda _: ran.append("later"), first_after_s=60),
        ]
        schedule = Schedule(tasks, "fine", Settings())
        schedule.run_due()
        schedule.run_due()
        assert ran == ["bug", "fine"]
