"""What limits cost: SQLite and PostgreSQL, memory and Redis, on loopback.

    python -m evals.limit_bench rates [--requests 4000]
    python -m evals.limit_bench plans [--documents 100000]

`rates`: the same requests through the middleware and past it, in turns: what it adds, one at a time and 32 at once, and
what it adds while Redis hangs. Callers are known, as all but the first request of half a minute are. `plans`: what
counting a message of the month takes, and what looking for room does in a workspace that holds so many documents.
"""

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Scope

from api.limits import Counted, RateLimits
from api.surface import Surface
from core.crypto import Keyring
from core.database import Database
from core.database.bulk import insert_rows
from core.database.schema import ensure_schema
from core.ids import Prefix, new_id
from core.rates.factory import open_limiter
from core.settings import Plan, Settings
from domain.models import Collection, Document, User
from domain.plans import limits_of
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.usage.quota import Quota, take_message
from domain.usage.room import Room
from domain.workspaces.service import NewWorkspace, create_workspace
from evals.faults.services import fresh_postgres, fresh_redis

SECRET_KEY = "a benchmark's secret key of 32 characters or more"
CALLERS = 20  # each may ask 600 times a minute
PATH = "/api/v1/workspaces/ws_bench/agents"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rates", "plans"])
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--documents", type=int, default=100_000)
    asked = parser.parse_args()
    found = rates(asked.requests) if asked.what == "rates" else plans(asked.documents)
    print(json.dumps(found, indent=2))


def rates(requests: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with fresh_redis() as url:
        for name, settings in (("memory", Settings()), ("redis", Settings(rate_limit_url=url))):
            for together in (1, 32):
                found[f"{name}, {together} at once"] = asyncio.run(_compared(settings, requests, together))
    found["redis hangs, 32 at once"] = asyncio.run(_hanging(requests))
    return found


async def _hanging(requests: int) -> dict[str, float]:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await _compared(Settings(rate_limit_url=f"redis://127.0.0.1:{port}/0"), requests, 32)


async def _compared(settings: Settings, requests: int, together: int) -> dict[str, float]:
    """Milliseconds of a request past the middleware and through it; both in turns, so that they share what disturbs."""
    bare: ASGIApp = PlainTextResponse("ok")
    limited = _limited(bare, settings)
    times: dict[str, list[float]] = {"past": [], "through": []}
    for start in range(0, requests, together):
        for name, app in (("past", bare), ("through", limited)):
            calls = [_timed(app, number % CALLERS) for number in range(start, start + together)]
            times[name] += await asyncio.gather(*calls)
    rows = {name: np.percentile(took, [50, 95, 99]) for name, took in times.items()}
    added = rows["through"] - rows["past"]
    return {f"added_p{number}_ms": round(float(value), 3) for number, value in zip((50, 95, 99), added, strict=True)}


def _limited(app: ASGIApp, settings: Settings) -> RateLimits:
    state: Any = SimpleNamespace(
        settings=settings, keys=Keyring(SECRET_KEY), limiter=open_limiter(settings), operator_token=None
    )
    return _KnownCallers(app, state)


class _KnownCallers(RateLimits):
    """Who asks is looked up in SQL once in half a minute, which is not measured here."""

    def _look(self, request: Request, surface: Surface) -> Counted:
        return Counted(f"{surface.name} {request.headers['authorization']}", Plan.BUSINESS)


async def _timed(app: ASGIApp, caller: int) -> float:
    headers = [(b"authorization", f"Bearer sk_live_{caller}".encode()), (b"host", b"localhost")]
    scope: Scope = {
        "type": "http", "method": "GET", "path": PATH, "headers": headers, "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
    }  # fmt: skip
    began = time.perf_counter()
    await app(scope, _nothing, _away)
    return 1_000 * (time.perf_counter() - began)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _away(message: Message) -> None:
    """Nobody reads it."""


def plans(documents: int) -> dict[str, Any]:
    found = {}
    for name, place in (("sqlite", _sqlite), ("postgresql", fresh_postgres)):
        with ExitStack() as stack:
            database = Database(stack.enter_context(place()))
            stack.callback(database.close)
            ensure_schema(database)
            found[name] = _counted(database, _tenant(database, documents), documents)
    return found


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


def _counted(database: Database, who: Principal, documents: int) -> dict[str, float]:
    quota = Quota(Plan.BUSINESS, limits_of(Plan.BUSINESS).messages, "Europe/Berlin")

    def message() -> None:
        with database.write() as session:
            take_message(session, who, quota)

    def room() -> None:
        with database.write() as session:
            Room(session, who).add_document(1, 1)

    return {
        "message_p50_ms": _median(message, 500), "messages_per_s_of_8_threads": _per_second(message),
        f"room_among_{documents}_p50_ms": _median(room, 50),
    }  # fmt: skip


def _median(work: Callable[[], None], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(1_000 * (time.perf_counter() - began))
    return round(float(np.median(took)), 2)


def _per_second(work: Callable[[], None], threads: int = 8, seconds: float = 5.0) -> float:
    ends, counts = time.monotonic() + seconds, [0] * threads

    def run(thread: int) -> None:
        while time.monotonic() < ends:
            work()
            counts[thread] += 1

    hands = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return round(sum(counts) / seconds)


def _tenant(database: Database, documents: int) -> Principal:
    with database.write() as session:
        session.add(User(id="user_1", email="b@example.com", full_name="B", password_hash="x"))
        session.flush()
        workspace = create_workspace(session, "user_1", NewWorkspace("W"), Plan.BUSINESS)
        session.add(Collection(id="col_1", workspace_id=workspace.id, name="C"))
        session.flush()
        shared = {
            "workspace_id": workspace.id, "collection_id": "col_1", "title": "T", "source_type": "TEXT",
            "file_name": "t.txt", "size_bytes": 1_000, "content_hash": "h", "custom": {}, "status": "COMPLETED",
        }  # fmt: skip
        insert_rows(session, Document, [{"id": new_id(Prefix.DOCUMENT)} for _ in range(documents)], shared)
    return Principal(workspace.id, "user_1", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)


if __name__ == "__main__":
    main()
