"""Sends events to their receivers, slice by slice: a worker takes one webhook under a lease, sends what is due for some
seconds, and gives it back, so that a receiver that hangs, or has much to get, holds up no other.

What a worker that dies had sent and not recorded is sent again, with the same ids.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import structlog

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import InsydrError
from core.queue import leases
from core.queue.outbox import enqueue
from domain.events.catalogue import EVENTS
from domain.models import Delivery, EventRow, Webhook
from domain.webhooks import sending_repository as sending_rows
from domain.webhooks.backoff import HOLD_AFTER
from domain.webhooks.details_repository import details
from domain.webhooks.jobs import DELIVER
from domain.webhooks.results import Tried, keep
from domain.webhooks.sealing import headers_of, signing_keys
from domain.webhooks.sending import Outcome, Outgoing, Receiver, body_of, send

log = structlog.get_logger()
SLICE_S = 5.0  # after which no further try is begun
FLUSH_S = 0.5  # what ended is recorded so often
PAGE = 100
LEASE_S = 20.0  # renewed while there are answers to wait for


@dataclass(frozen=True, slots=True)
class Limits:
    """`places` at one receiver, `webhooks` at once in this process."""

    timeout_s: float = 10.0
    places: int = 5
    webhooks: int = 8
    disable_days: float = 5.0


@dataclass(slots=True)
class Slice:
    """One turn of a webhook that this worker holds."""

    webhook: Webhook
    lease_id: str
    receiver: Receiver
    ends_at: float
    renew_at: float
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self.stopped.is_set() or time.monotonic() >= self.ends_at


class WebhookSender:
    def __init__(
        self, database: Database, keys: Keyring, client: httpx.Client, holder: str, limits: Limits | None = None
    ) -> None:
        self._database, self._keys, self._client, self._holder = database, keys, client, holder
        self._limits = limits or Limits()
        self._pool = ThreadPoolExecutor(self._limits.places * self._limits.webhooks, thread_name_prefix="webhook")
        self._lock = threading.Lock()
        self._in_hand: dict[str, bool] = {}  # webhooks, and whether they were woken since
        self._stopping = threading.Event()

    def close(self) -> None:
        """Begin no more; what is under way ends by its time-out."""
        self._stopping.set()

    def work(self, webhook_id: str) -> None:
        """A slice of what is due for this webhook; nothing where another one sends to it."""
        if self._stopping.is_set() or not self._take(webhook_id):
            return
        try:
            with self._database.read() as session:
                has_work = sending_rows.has_work(session, webhook_id)
            if has_work:
                self._slice(webhook_id)
        except InsydrError as error:  # the database is away: the lease lapses by itself
            log.warning("webhook_left_to_sweeper", webhook=webhook_id, reason=error.message)
        finally:
            self._let_go(webhook_id)

    def sweep(self) -> None:
        """Wake webhooks with something due that nobody sends."""
        with self._database.read() as session:
            found = sending_rows.waiting(session)
        with self._lock:
            found = [one for one in found if one not in self._in_hand]
        if found:
            with self._database.write() as session:
                for webhook_id in found:
                    enqueue(session, DELIVER, webhook_id=webhook_id)

    def try_once(self, webhook: Webhook, what: Outgoing) -> Outcome:
        """Send it now, in this thread."""
        return self._sent(self._receiver(webhook), what)

    def _take(self, webhook_id: str) -> bool:
        """False when another thread of this process has it: that one is told to look again."""
        with self._lock:
            if webhook_id in self._in_hand:
                self._in_hand[webhook_id] = True
                return False
            self._in_hand[webhook_id] = False
            return True

    def _let_go(self, webhook_id: str) -> None:
        with self._lock:
            was_woken = self._in_hand.pop(webhook_id)
        if was_woken and not self._stopping.is_set():
            with self._database.write() as session:
                enqueue(session, DELIVER, webhook_id=webhook_id)

    def _slice(self, webhook_id: str) -> None:
        with self._database.write() as session:
            webhook = sending_rows.lease(session, webhook_id, self._holder, LEASE_S)
            if webhook is None or webhook.lease_id is None:
                return
            receiver = self._receiver(webhook)  # where it cannot be opened nothing is leased
        now = time.monotonic()
        one = Slice(webhook, webhook.lease_id, receiver, now + SLICE_S, now + LEASE_S / 4)
        try:
            while not (one.is_over or self._stopping.is_set()) and self._send_page(one):
                pass
        finally:
            one.stopped.set()  # whatever ended it: no request is begun any more
            self._end(one)

    def _send_page(self, one: Slice) -> bool:
        """Send what is due, some at once; whether there was any."""
        is_hanging = one.webhook.timeouts >= HOLD_AFTER
        with self._database.read() as session:
            found = sending_rows.due(session, one.webhook.id, 1 if is_hanging else PAGE)
            told = details(session, [event for _, event in found])
        told_of = [(delivery, event, data) for (delivery, event), data in zip(found, told, strict=True)
                   if event is not None and EVENTS.get(delivery.event_type)]  # fmt: skip
        self._give_up({delivery.id for delivery, _ in found} - {delivery.id for delivery, _, _ in told_of})
        waiting = deque((delivery, outgoing(delivery, event, data)) for delivery, event, data in told_of)
        results: queue.SimpleQueue[Tried] = queue.SimpleQueue()
        places = min(self._limits.places, len(waiting))
        lanes = {self._pool.submit(self._lane, one, waiting, results) for _ in range(places)}
        while lanes:
            _, lanes = wait(lanes, timeout=FLUSH_S)
            self._record(one, [results.get() for _ in range(results.qsize())])
            self._renew(one)
        return bool(found)

    def _give_up(self, ids: Collection[str]) -> None:
        """Deliveries whose events are not kept, or not known, any more."""
        if ids:
            with self._database.write() as session:
                sending_rows.give_up(session, ids)

    def _lane(self, one: Slice, waiting: deque[tuple[Delivery, Outgoing]], results: "queue.SimpleQueue[Tried]") -> None:
        """One request at a time, until nothing waits or the slice is over."""
        while not (one.is_over or self._stopping.is_set()):
            try:
                delivery, what = waiting.popleft()
            except IndexError:
                return
            results.put(Tried(delivery, self._sent(one.receiver, what)))

    def _sent(self, receiver: Receiver, what: Outgoing) -> Outcome:
        """A fault of ours is a try like others: it must neither end the lane nor be repeated for ever."""
        sent_at = utc_now()
        try:
            return send(self._client, receiver, what, self._limits.timeout_s)
        except Exception:  # whatever it is that nobody thought of
            log.exception("webhook_not_sent", delivery=what.delivery_id)
            return Outcome(sent_at, 0, {}, error="It could not be sent: an error of ours, which is in the log.")

    def _record(self, one: Slice, tried: Sequence[Tried]) -> None:
        if not tried:
            return
        with self._database.write() as session:
            webhook = sending_rows.leased(session, one.webhook.id, one.lease_id)
            if webhook is None:  # it was taken away: whoever has it sends these again
                one.stopped.set()
                return
            keep(session, webhook, tried, self._limits.disable_days)
            one.webhook = webhook
            if not webhook.is_active or webhook.deleted_at or webhook.held_until:
                one.stopped.set()

    def _renew(self, one: Slice) -> None:
        if time.monotonic() < one.renew_at:
            return
        one.renew_at = time.monotonic() + LEASE_S / 4
        with self._database.write() as session:
            if not leases.renew(session, one.lease_id, LEASE_S):
                one.stopped.set()

    def _end(self, one: Slice) -> None:
        """Give it back, and see to it that it is taken up again when the next delivery is due.

        The row is locked before the look: an event that is committed after it finds the webhook free when it wakes us.
        """
        with self._database.write() as session:
            leases.release(session, one.lease_id)
            webhook = sending_rows.leased(session, one.webhook.id, one.lease_id)
            if webhook is None:
                return
            webhook.lease_id = None
            session.flush()
            due_at = sending_rows.next_due(session, webhook.id)
            if due_at is None or not webhook.is_active or webhook.deleted_at:
                return
            wait_s = (max(due_at, webhook.held_until or due_at) - utc_now()) / timedelta(seconds=1)
            enqueue(session, DELIVER, delay_s=max(0.0, wait_s), webhook_id=webhook.id)

    def _receiver(self, webhook: Webhook) -> Receiver:
        return Receiver(webhook.url, headers_of(self._keys, webhook), signing_keys(self._keys, webhook))


def outgoing(delivery: Delivery, event: EventRow | None, data: dict[str, Any]) -> Outgoing:
    """What a delivery says: the event as its surface tells it, for a test the sample; `data` has its details."""
    wire = EVENTS[delivery.event_type]
    payload = wire.sample if event is None else wire.payload(data)
    body = body_of(wire.name, event.created_at if event else delivery.created_at, payload)
    return Outgoing(delivery.id, wire.name, wire.dialect, body, delivery.is_test)
