"""Sending, step by step: what hangs, what leads inside, what a dying worker leaves, what a clock does."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from core.crypto import Keyring
from core.errors import Unprocessable
from core.ids import Prefix, first_id
from core.outbound.client import GuardedBackend, guarded_client
from core.queue import leases
from core.queue.outbox import OutboxRow
from domain.events.kinds import EventType
from domain.events.recording import Event, forget_old, record, record_all
from domain.models import Delivery, DeliveryAttempt, Webhook
from domain.webhooks import retention, sender
from domain.webhooks.deliveries import DeliveryLog
from domain.webhooks.jobs import DELIVER
from domain.webhooks.results import Tried
from domain.webhooks.sender import Limits, WebhookSender
from domain.webhooks.service import NewWebhook, WebhookChange, WebhookService
from tests.support.bench import Bench
from tests.support.client import until
from tests.support.databases import postgres as own_postgres
from tests.support.installation import SECRET
from tests.support.site import Answer, Site

DATA = {"agent_id": "agent_1", "version": "1.1"}
LIMITS = Limits(timeout_s=0.3, places=2)


class Sending:
    """A workspace with webhooks, and a sender that does nothing by itself."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.bench = Bench(folder, database_url)
        self.database, self.keys = self.bench.database, Keyring(SECRET)
        self.backend = GuardedBackend(["127.0.0.1", "127.0.0.2"])
        self.sender = self.new_sender()

    def new_sender(self, limits: Limits = LIMITS, resolver: Any = None, holder: str = "one") -> WebhookSender:
        options = {"resolver": resolver} if resolver else {}
        client = guarded_client(["127.0.0.1", "127.0.0.2"], timeout_s=limits.timeout_s, **options)
        return WebhookSender(self.database, self.keys, client, holder, limits)

    def hook(self, url: str, **changes: Any) -> str:
        order = NewWebhook("Events", url, ["AGENT_PUBLISHED"], **{"retry_delays_s": [3_600], **changes})
        with self.database.write() as session:
            service = WebhookService(session, self.bench.who, self.keys, self.backend)
            return service.create(order, 50)[0].id

    def happen(self, count: int = 1) -> None:
        event = Event(EventType.AGENT_PUBLISHED, self.bench.who.workspace_id, DATA)
        with self.database.write() as session:
            record_all(session, [event] * count)

    def webhook(self, webhook_id: str) -> Webhook:
        with self.database.read() as session:
            return session.get_one(Webhook, webhook_id)

    def change(self, webhook_id: str, **values: Any) -> None:
        with self.database.write() as session:
            session.execute(update(Webhook).where(Webhook.id == webhook_id).values(**values))

    def deliveries(self, webhook_id: str) -> Sequence[Delivery]:
        with self.database.read() as session:
            query = select(Delivery).where(Delivery.webhook_id == webhook_id).order_by(Delivery.id)
            return session.scalars(query).all()

    def states(self, webhook_id: str) -> list[tuple[str, int]]:
        return [(one.status, one.attempts) for one in self.deliveries(webhook_id)]

    def attempts(self) -> Sequence[DeliveryAttempt]:
        with self.database.read() as session:
            return session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)).all()

    def wakes(self) -> list[str]:
        with self.database.read() as session:
            rows = session.scalars(select(OutboxRow).where(OutboxRow.job == DELIVER.name))
            return [row.arguments["webhook_id"] for row in rows]

    def forget_wakes(self) -> None:
        with self.database.write() as session:
            session.execute(OutboxRow.__table__.delete())  # type: ignore[attr-defined]


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    made = Sending(tmp_path)
    yield made
    made.sender.close()
    made.database.close()


@pytest.fixture
def on_postgres(tmp_path: Path) -> Iterator[Sending]:
    with own_postgres() as url:
        made = Sending(tmp_path, url)
        yield made
        made.sender.close()
        made.database.close()


@pytest.fixture
def hanging() -> Iterator[Site]:
    """A receiver that takes everything and answers nothing."""
    with Site("127.0.0.2") as made:
        made.pages["/"] = Answer(delay_s=30)
        yield made


class TestHanging:
    def test_it_is_left_alone_after_some_time_outs(self, sending: Sending, hanging: Site) -> None:
        slow = sending.hook(hanging.url())
        sending.happen(20)
        sending.sender.work(slow)
        row = sending.webhook(slow)
        assert row.timeouts >= 5
        assert row.held_until is not None
        assert row.lease_id is None
        asked = len(hanging.requests)
        assert asked < 10  # not all twenty
        sending.sender.work(slow)
        assert len(hanging.requests) == asked
        assert sum(attempts for _, attempts in sending.states(slow)) == asked

    def test_then_asked_now_and_then_until_it_answers(self, sending: Sending, hanging: Site) -> None:
        slow = sending.hook(hanging.url())
        sending.happen(20)
        sending.sender.work(slow)
        asked = len(hanging.requests)
        sending.change(slow, held_until=utc_now())
        sending.sender.work(slow)
        assert len(hanging.requests) == asked + 1
        hanging.pages["/"] = Answer(status=200)
        sending.change(slow, held_until=utc_now())
        sending.sender.work(slow)
        assert [state for state, _ in sending.states(slow)].count("PENDING") == asked + 1  # those wait for their retry
        assert sending.webhook(slow).timeouts == 0

    def test_others_do_not_wait_for_it(self, sending: Sending, hanging: Site, site: Site) -> None:
        site.pages["/"] = Answer(status=200)
        slow, quick = sending.hook(hanging.url()), sending.hook(site.url())
        sending.happen(5)
        thread = threading.Thread(target=sending.sender.work, args=(slow,))
        thread.start()
        until(lambda: len(hanging.requests), lambda count: count > 0)
        sending.sender.work(quick)
        assert sending.states(quick) == [("DELIVERED", 1)] * 5
        assert thread.is_alive()
        thread.join()

    def test_an_answer_that_drips_is_none(self, sending: Sending, site: Site) -> None:
        gate = threading.Event()

        def drip() -> Iterator[bytes]:
            for _ in range(100):
                yield b"x"
                gate.wait(0.05)

        site.pages["/"] = Answer(stream=drip)
        webhook = sending.hook(site.url())
        sending.happen()
        sending.sender.work(webhook)
        (attempt,) = sending.attempts()
        assert (attempt.status_code, attempt.error) == (None, "No whole answer within 0.3 s.")
        gate.set()


class TestAddresses:
    def test_a_name_that_leads_inside_later(self, sending: Sending, site: Site) -> None:
        """Checked at each connection, not when the webhook was made."""
        answers = ["10.0.0.7"]
        elsewhere = sending.new_sender(resolver=lambda host, port: answers)
        webhook = sending.hook("https://receiver.example/")
        sending.happen()
        elsewhere.work(webhook)
        (attempt,) = sending.attempts()
        assert (attempt.status_code, attempt.error) == (None, "The host does not resolve to a public address.")
        assert "10.0.0.7" not in str(attempt.error)

    def test_one_address_inside_is_enough(self, sending: Sending) -> None:
        elsewhere = sending.new_sender(resolver=lambda host, port: ["93.184.215.14", "127.0.0.1"])
        webhook = sending.hook("https://receiver.example/")
        sending.happen()
        elsewhere.work(webhook)
        assert sending.attempts()[0].error == "The host does not resolve to a public address."


class TestDeadWorkers:
    def test_what_was_not_recorded_is_sent_again(
        self, sending: Sending, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The worker died after the requests: another one repeats them once its lease has lapsed, with the same ids."""
        site.pages["/"] = Answer(status=200)
        webhook = sending.hook(site.url())
        sending.happen(3)
        dead = sending.new_sender(holder="dead")

        def dies(one: Any, tried: Sequence[Tried]) -> None:
            one.stopped.set()

        monkeypatch.setattr(dead, "_record", dies)
        monkeypatch.setattr(dead, "_end", lambda one: None)
        dead.work(webhook)
        assert sending.states(webhook) == [("PENDING", 0)] * 3
        sending.sender.work(webhook)
        assert len(site.requests) == 3  # it is held
        with sending.database.write() as session:
            leases.release(session, str(sending.webhook(webhook).lease_id))
        sending.forget_wakes()
        sending.sender.sweep()
        assert sending.wakes() == [webhook]
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("DELIVERED", 1)] * 3
        ids = [request.headers["x-webhook-delivery"] for request in site.requests]
        assert sorted(ids[:3]) == sorted(ids[3:])

    def test_a_worker_that_was_only_slow_records_nothing(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url())
        sending.happen()

        def taken_away() -> Iterator[bytes]:
            sending.change(webhook, lease_id="lease_of_another")
            yield b"ok"

        site.pages["/"] = Answer(stream=taken_away)
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("PENDING", 0)]
        assert sending.webhook(webhook).lease_id == "lease_of_another"


class TestOurOwnFaults:
    def test_are_tries_like_others(self, sending: Sending, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: Any) -> Any:
            raise RuntimeError("a bug")

        monkeypatch.setattr(sender, "send", fails)
        webhook = sending.hook(site.url())
        sending.happen()
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("PENDING", 1)]
        assert sending.attempts()[0].error == "It could not be sent: an error of ours, which is in the log."

    def test_an_event_that_is_no_longer_known(self, sending: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=204)
        webhook = sending.hook(site.url())
        sending.happen(2)
        with sending.database.write() as session:
            first = sending.deliveries(webhook)[0].id
            session.execute(update(Delivery).where(Delivery.id == first).values(event_type="FORGOTTEN"))
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("FAILED", 0), ("DELIVERED", 1)]

    def test_another_secret_key(self, sending: Sending, site: Site) -> None:
        """The operator changed it: nothing is sent, nothing is lost, and the words say what to do."""
        site.pages["/"] = Answer(status=204)
        webhook = sending.hook(site.url())
        sending.happen()
        log = DeliveryLog(sending.database, Keyring("another" * 10), sending.backend)
        other = WebhookSender(sending.database, log.keys, guarded_client([], timeout_s=1), "two", LIMITS)
        other.work(webhook)
        assert sending.states(webhook) == [("PENDING", 0)]
        assert sending.webhook(webhook).lease_id is None
        with pytest.raises(Unprocessable, match="rotate its secret"):
            log.ping(sending.bench.who, other, webhook, None)
        with sending.database.write() as session:
            WebhookService(session, sending.bench.who, log.keys, sending.backend).rotate(webhook, 0, None)
        other = WebhookSender(sending.database, log.keys, guarded_client(["127.0.0.1"], timeout_s=1), "two", LIMITS)
        other.work(webhook)
        assert sending.states(webhook) == [("DELIVERED", 1)]


class TestWaking:
    def test_a_lost_wake_up_is_made_good(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url())
        sending.happen()
        sending.forget_wakes()
        sending.sender.sweep()
        assert sending.wakes() == [webhook]

    def test_nothing_due_wakes_nobody(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url(), is_active=False)
        sending.happen()
        assert sending.deliveries(webhook) == []
        sending.sender.sweep()
        assert sending.wakes() == []

    def test_a_retry_wakes_by_itself(self, sending: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=500)
        webhook = sending.hook(site.url())
        sending.happen()
        sending.forget_wakes()
        sending.sender.work(webhook)
        with sending.database.read() as session:
            (row,) = session.scalars(select(OutboxRow).where(OutboxRow.job == DELIVER.name))
        assert timedelta(seconds=3_500) < row.due_at - utc_now() < timedelta(seconds=3_960)

    def test_an_event_while_it_is_sent_to(self, sending: Sending, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """The wake-up finds the webhook in hand: whoever has it looks again."""
        webhook = sending.hook(site.url())
        sending.happen()
        monkeypatch.setattr(sender, "SLICE_S", 0.0)  # it begins nothing
        original = sending.sender._slice

        def woken(webhook_id: str) -> None:
            original(webhook_id)
            sending.forget_wakes()
            sending.sender.work(webhook_id)

        monkeypatch.setattr(sending.sender, "_slice", woken)
        sending.sender.work(webhook)
        assert sending.wakes() == [webhook]


class TestTurnedOff:
    def test_after_days_of_failures(self, sending: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=500)
        webhook = sending.hook(site.url())
        sending.happen()
        sending.sender.work(webhook)
        sending.change(webhook, failing_since=utc_now() - timedelta(days=5, seconds=1), failures=20)
        sending.happen()
        sending.sender.work(webhook)
        row = sending.webhook(webhook)
        assert (row.is_active, row.disabled_reason) == (False, "FAILING")
        sending.happen()
        assert len(sending.deliveries(webhook)) == 2

    def test_not_by_a_clock_that_jumps(self, sending: Sending, site: Site) -> None:
        """Two failures, the clock set on by a year between them."""
        site.pages["/"] = Answer(status=500)
        webhook = sending.hook(site.url())
        sending.change(webhook, failing_since=utc_now() - timedelta(days=365), failures=1)
        sending.happen()
        sending.sender.work(webhook)
        assert sending.webhook(webhook).is_active

    def test_a_success_ends_it(self, sending: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=204)
        webhook = sending.hook(site.url())
        sending.change(webhook, failing_since=utc_now() - timedelta(days=365), failures=99)
        sending.happen()
        sending.sender.work(webhook)
        row = sending.webhook(webhook)
        assert (row.is_active, row.failing_since, row.failures) == (True, None, 0)


class TestClock:
    def test_put_back_it_keeps_nothing_waiting(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url())
        sending.happen()
        with sending.database.write() as session:
            session.execute(update(Delivery).values(due_at=utc_now() + timedelta(days=400)))
        sending.change(webhook, held_until=utc_now() + timedelta(days=400))
        retention.forget_old(sending.database, 30)
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("PENDING", 1)]


class TestForgetting:
    def test_the_log_after_its_time(self, sending: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=204)
        webhook = sending.hook(site.url())
        sending.happen(3)
        sending.sender.work(webhook)
        oldest = sending.deliveries(webhook)[0].id
        with sending.database.write() as session:
            session.execute(DeliveryAttempt.__table__.delete())  # type: ignore[attr-defined]
            old = first_id(Prefix.DELIVERY, utc_now() - timedelta(days=31))
            session.execute(update(Delivery).where(Delivery.id == oldest).values(id=old))
        retention.forget_old(sending.database, 30)
        assert len(sending.deliveries(webhook)) == 2

    def test_an_event_that_is_not_kept_any_more(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url())
        sending.happen()
        forget_old(sending.database, -1)
        sending.sender.work(webhook)
        assert sending.states(webhook) == [("FAILED", 0)]
        assert site.requests == []
        log = DeliveryLog(sending.database, sending.keys, sending.backend)
        delivery = sending.deliveries(webhook)[0].id
        assert log.whole(sending.bench.who, webhook, delivery).body is None

    def test_a_deleted_webhook_with_its_log(self, sending: Sending, site: Site) -> None:
        webhook = sending.hook(site.url())
        sending.happen(3)
        with sending.database.write() as session:
            WebhookService(session, sending.bench.who, sending.keys, sending.backend).delete(webhook)
        assert retention.purge(sending.database, webhook) is None
        assert sending.deliveries(webhook) == []
        with sending.database.read() as session:
            assert session.get(Webhook, webhook) is None


class TestOnPostgres:
    def test_who_causes_an_event_does_not_wait_for_who_sends(self, on_postgres: Sending, site: Site) -> None:
        """While the sender holds the webhook's row, others record events for it."""
        site.pages["/"] = Answer(status=204)
        webhook = on_postgres.hook(site.url())
        with on_postgres.database.write() as holding:
            WebhookService(holding, on_postgres.bench.who, on_postgres.keys, on_postgres.backend).change(
                webhook, WebhookChange(name="Held")
            )
            holding.flush()
            on_postgres.happen()  # in another connection; it would wait 10 s for the lock and fail
        on_postgres.sender.work(webhook)
        assert on_postgres.states(webhook) == [("DELIVERED", 1)]

    def test_two_workers_share_no_webhook(self, on_postgres: Sending, site: Site) -> None:
        site.pages["/"] = Answer(status=204, delay_s=0.1)
        webhook = on_postgres.hook(site.url())
        on_postgres.happen(6)
        other = on_postgres.new_sender(holder="two")
        threads = [threading.Thread(target=one.work, args=(webhook,)) for one in (on_postgres.sender, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert on_postgres.states(webhook) == [("DELIVERED", 1)] * 6
        assert len(site.requests) == 6

    def test_what_is_rolled_back_is_not_sent(self, on_postgres: Sending, site: Site) -> None:
        webhook = on_postgres.hook(site.url())

        def fails() -> None:
            with on_postgres.database.write() as session:
                record(session, Event(EventType.AGENT_PUBLISHED, on_postgres.bench.who.workspace_id, DATA))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fails()
        assert on_postgres.deliveries(webhook) == []
