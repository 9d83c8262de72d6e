"""Webhooks under load and faults, on loopback: PostgreSQL, Redis and real worker processes.

    python -m evals.webhook_bench faults [--events 10000] [--kills 5]
    python -m evals.webhook_bench hang [--seconds 30] [--rate 20]
    python -m evals.webhook_bench accept [--seconds 10] [--threads 4]

`faults`: a receiver that refuses a third of what comes, and workers that are killed with -9: what came, how often,
under which ids, how signed. `hang`: how soon a receiver learns of an event while another one hangs, and while none
does. `accept`: events a second that one process records, some in each transaction, with a webhook that listens and with
none; nothing is sent meanwhile.
"""

import argparse
import json
import multiprocessing
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from rich.progress import Progress
from standardwebhooks.webhooks import Webhook as Judge
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.crypto import Keyring
from core.database import Database
from core.database.schema import ensure_schema
from core.ids import Prefix, new_id
from core.outbound.client import GuardedBackend
from core.settings import load_settings
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.models import DeliveryStatus, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.webhooks.repository import Wanted
from domain.webhooks.service import NewWebhook, WebhookService
from domain.workspaces.service import NewWorkspace, create_workspace
from evals.faults.processes import Child, free_port, wait_for_port
from evals.faults.services import fresh_postgres, fresh_redis
from evals.faults.shapes import scaled
from insydr.parts import Installation

SECRET_KEY = "a benchmark's secret key of 32 characters or more"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK_RETRIES = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
TOGETHER = 50  # events of one transaction
PATIENCE_S = 600.0


@dataclass
class Came:
    """What a receiver saw: deliveries and moments by the event's number."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    bad: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["faults", "hang", "accept"])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=4)
    asked = parser.parse_args()
    if asked.what == "accept":
        with fresh_postgres() as sql:
            database = Database(sql)
            ensure_schema(database)
            found = accept(Place([], database), asked.seconds, asked.threads)
            database.close()
    else:
        with running_place() as place:
            is_fault = asked.what == "faults"
            found = faults(place, asked.events, asked.kills) if is_fault else hang(place, asked.seconds, asked.rate)
    print(json.dumps(found, indent=2))


class Place:
    """A workspace of a running installation, whose events this process causes."""

    def __init__(self, workers: Sequence[Child], database: Database) -> None:
        self.workers, self.database, self.keys = workers, database, Keyring(SECRET_KEY)
        with database.write() as session:
            session.add(User(id="user_1", email="b@example.com", full_name="B", password_hash="x"))
            workspace = create_workspace(session, "user_1", NewWorkspace("W"), "ENTERPRISE")
        self.who = Principal(workspace.id, "user_1", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)

    def hook(self, url: str, *event_types: str, delays_s: list[int] | None = None) -> str:
        order = NewWebhook("W", url, event_types, secret=SECRET, retry_delays_s=delays_s or QUICK_RETRIES)
        with self.database.write() as session:
            return self._service(session).create(order, 1_000)[0].id

    def delete(self, webhook_id: str) -> None:
        with self.database.write() as session:
            self._service(session).delete(webhook_id)

    def happen(self, numbers: list[str]) -> None:
        """An event for each number, all in one transaction."""
        with self.database.write() as session:
            record_all(session, [
                Event(EventType.AGENT_PUBLISHED, self.who.workspace_id, {"agent_id": number, "version": "1.1"})
                for number in numbers
            ])  # fmt: skip

    def count(self, webhook_id: str, status: DeliveryStatus) -> int:
        with self.database.read() as session:
            return self._service(session).deliveries(webhook_id, Wanted(status), 1, 0)[1]

    def _service(self, session: Any) -> WebhookService:
        return WebhookService(session, self.who, self.keys, GuardedBackend(["127.0.0.1"]))


@contextmanager
def running_place() -> Iterator[Place]:
    settings = {"INSYDR_SECRET_KEY": SECRET_KEY, "INSYDR_OUTBOUND_ALLOWED_HOSTS": "127.0.0.1"}
    with ExitStack() as stack:
        sql, broker_url = stack.enter_context(fresh_postgres()), stack.enter_context(fresh_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shape = stack.enter_context(scaled(folder, sql, broker_url, settings=settings, program="insydr.cli"))
        parts = Installation(load_settings(
            data_dir=folder / "causes", database_url=sql, broker_url=broker_url, secret_key=SECRET_KEY
        ))  # fmt: skip
        stack.callback(parts.close)
        parts.start_relay()
        yield Place(shape.workers, parts.database)


def faults(place: Place, events: int, kills: int) -> dict[str, Any]:
    with receiver(refuses=1 / 3) as (url, ask):
        webhook = place.hook(url, "AGENT_PUBLISHED")
        began, killed = time.monotonic(), 0
        numbers = [f"agent_{number}" for number in range(events)]
        for start in range(0, events, TOGETHER):
            place.happen(numbers[start : start + TOGETHER])
        recorded_s = time.monotonic() - began
        with Progress() as bar:
            task = bar.add_task("delivered", total=events)
            while (left := place.count(webhook, DeliveryStatus.PENDING)) and time.monotonic() - began < PATIENCE_S:
                bar.update(task, completed=events - left)
                if killed < kills and events - left >= events * (killed + 1) // (kills + 1):
                    child = place.workers[killed % len(place.workers)]
                    child.kill()
                    child.start()
                    killed += 1
                time.sleep(0.2)
        took_s, came = time.monotonic() - began, ask()
    return {
        "events": events, "recorded_s": round(recorded_s, 1), "took_s": round(took_s, 1), "workers_killed": killed,
        "events_that_came": len(came.ids), "events_missing": events - len(came.ids),
        "events_under_two_ids": sum(len(ids) > 1 for ids in came.ids.values()),
        "bad_signatures": came.bad, "requests": came.requests, "refused_by_the_receiver": came.refused,
        "accepted_more_than_once": came.requests - came.refused - events,
        "failed": place.count(webhook, DeliveryStatus.FAILED), "pending": place.count(webhook, DeliveryStatus.PENDING),
    }  # fmt: skip


def hang(place: Place, seconds: float, rate: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with receiver() as (url, ask), receiver(hangs=True) as (hanging_url, _):
        place.hook(url, "AGENT_PUBLISHED")
        for name in ("none_hangs", "one_hangs", "none_hangs_again"):
            other = place.hook(hanging_url, "AGENT_PUBLISHED") if name == "one_hangs" else None
            sent = _paced(place, name, seconds, rate)
            came = _all_of(sent, ask)
            if other:
                place.delete(other)
            late = [1000 * (came.first[number] - at) for number, at in sent.items() if number in came.first]
            found[name] = {
                "events": len(sent), "came": len(late), "p50_ms": round(float(np.percentile(late, 50)), 1),
                "p95_ms": round(float(np.percentile(late, 95)), 1),
            }  # fmt: skip
    return found


def _all_of(sent: dict[str, float], ask: Callable[[], Came]) -> Came:
    """What came, once all of it has."""
    ends = time.monotonic() + PATIENCE_S
    while not sent.keys() <= (came := ask()).first.keys() and time.monotonic() < ends:
        time.sleep(0.2)
    return came


def _paced(place: Place, name: str, seconds: float, rate: float) -> dict[str, float]:
    """Events at a steady rate; when each was committed."""
    sent, began = {}, time.monotonic()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        key = f"{name}_{number}"
        place.happen([key])
        sent[key] = time.time()
    return sent


def accept(place: Place, seconds: float, threads: int) -> dict[str, Any]:
    found = {}
    for webhooks in (0, 1):
        if webhooks:
            place.hook("http://127.0.0.1:9/", "AGENT_PUBLISHED")
        for together in (1, 10):
            name = f"events_per_s_with_{webhooks}_webhooks_and_{together}_a_transaction"
            found[name] = _recorded(place, seconds, threads, together)
    return found


def _recorded(place: Place, seconds: float, threads: int, together: int) -> int:
    ends, counts = time.monotonic() + seconds, [0] * threads

    def work(thread: int) -> None:
        while time.monotonic() < ends:
            place.happen([new_id(Prefix.AGENT) for _ in range(together)])
            counts[thread] += together

    hands = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return round(sum(counts) / seconds)


@contextmanager
def receiver(*, refuses: float = 0.0, hangs: bool = False) -> Iterator[tuple[str, Callable[[], Came]]]:
    """A receiver in a process of its own: its URL, and what came to it until now."""
    context, port = multiprocessing.get_context("spawn"), free_port()
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(port, refuses, hangs, its), daemon=True)
    process.start()
    wait_for_port(port)

    def ask() -> Came:
        ours.send("?")
        came: Came = ours.recv()
        return came

    try:
        yield f"http://127.0.0.1:{port}/hook", ask
    finally:
        process.kill()


def _serve(port: int, refuses: float, hangs: bool, asked: Connection) -> None:
    came, judge, chance = Came(), Judge(SECRET), random.Random(7)

    async def take(request: Request) -> Response:
        import asyncio

        body = await request.body()
        if hangs:
            await asyncio.sleep(3_600)
        came.requests += 1
        try:
            told = dict(judge.verify(body, dict(request.headers)))
        except WebhookVerificationError:
            came.bad += 1
            return Response(status_code=401)
        number = told["data"]["agent_id"]
        came.first.setdefault(number, time.time())
        came.ids.setdefault(number, set()).add(request.headers["x-webhook-delivery"])
        if chance.random() < refuses:
            came.refused += 1
            return Response(status_code=500)
        return Response(status_code=204)

    def answer() -> None:
        while True:
            asked.recv()
            asked.send(came)

    threading.Thread(target=answer, daemon=True).start()
    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main()
