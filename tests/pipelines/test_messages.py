"""Messages: every job has an actor, the outbox survives a broker that is down, each broker wakes a worker."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from sqlalchemy import func, select

from core.database import Database
from core.database.schema import ensure_schema
from core.errors import InvalidInput
from core.queue.outbox import OutboxRow, Relay, enqueue
from core.settings import Settings
from domain import jobnames
from pipelines.actors import declare_actors
from pipelines.broker import open_broker, send
from pipelines.schedule import Periodic, Schedule
from tests.support.services import fresh_redis, rabbitmq_url


class Service:
    """Stands in for ingestion: notes that it was woken."""

    def __init__(self) -> None:
        self.woken, self.workspaces = threading.Event(), list[str]()

    def work(self, workspace_id: str, wake: Any) -> bool:
        self.workspaces.append(workspace_id)
        self.woken.set()
        return True


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'outbox.db'}")
    ensure_schema(made)
    yield made
    made.close()


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxRow)) or 0


class TestActors:
    def test_every_job_has_one(self) -> None:
        broker = open_broker(Settings())
        declare_actors(broker, lambda: pytest.fail("nothing is loaded by declaring"))
        assert broker.get_declared_actors() == set(jobnames.ALL)
        names = {value for name, value in vars(jobnames).items() if name.isupper() and isinstance(value, str)}
        assert names == set(jobnames.ALL)

    def test_an_unknown_broker(self) -> None:
        with pytest.raises(InvalidInput, match="INSYDR_BROKER_URL"):
            open_broker(Settings(broker_url="kafka://x"))


class TestOutbox:
    def test_a_rolled_back_transaction_sends_nothing(self, database: Database) -> None:
        def give_up() -> None:
            with database.write() as session:
                enqueue(session, "a.job")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            give_up()
        assert waiting(database) == 0

    def test_survives_a_broker_that_is_down(self, database: Database) -> None:
        sent: list[str] = []
        down = True

        def deliver(job: str, arguments: dict[str, Any]) -> None:
            if down:
                raise ConnectionError
            sent.append(job)

        relay = Relay(database, deliver)
        with database.write() as session:
            enqueue(session, "first")
            enqueue(session, "second")
        with pytest.raises(ConnectionError):
            relay.drain()
        assert waiting(database) == 2
        down = False
        assert relay.drain() == 2
        assert (sent, waiting(database)) == (["first", "second"], 0)

    def test_later_jobs_wait(self, database: Database) -> None:
        with database.write() as session:
            enqueue(session, "later", delay_s=60)
        assert Relay(database, lambda *_: None).drain() == 0
        assert waiting(database) == 1

    def test_a_commit_wakes_the_relay(self, database: Database) -> None:
        arrived = threading.Event()
        relay = Relay(database, lambda *_: arrived.set(), every_s=3_600)
        relay.start()
        try:
            with database.write() as session:
                enqueue(session, "now")
            assert arrived.wait(10)
        finally:
            relay.close()


def wake_through(settings: Settings) -> None:
    service, broker = Service(), open_broker(settings)
    declare_actors(broker, lambda: service)  # type: ignore[arg-type, return-value]  # what the actor needs of it
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    try:
        send(broker, jobnames.INGEST_WAKE, {"workspace_id": "ws_1"})
        assert service.woken.wait(20)
        assert service.workspaces == ["ws_1"]
    finally:
        worker.stop()
        broker.close()


class TestBrokers:
    def test_in_the_process(self) -> None:
        wake_through(Settings())

    def test_redis(self) -> None:
        with fresh_redis(14) as url:
            wake_through(Settings(broker_url=url))

    def test_rabbitmq(self) -> None:
        url = rabbitmq_url()
        wake_through(Settings(broker_url=url))


class TestSchedule:
    def test_one_tasks_bug_does_not_stop_the_others(self) -> None:
        ran: list[str] = []

        def bug() -> None:
            ran.append("bug")
            raise RuntimeError

        schedule = Schedule([Periodic("bug", 3_600, bug), Periodic("fine", 3_600, lambda: ran.append("fine"))])
        schedule.run_due()
        schedule.run_due()
        assert ran == ["bug", "fine"]
