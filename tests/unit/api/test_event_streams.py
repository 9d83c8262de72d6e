"""The event stream itself, over a thing that is made up: pings, a fault in the middle, a client that goes away."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.types import Message

from api import progress
from api.insydr import events
from api.progress import Progress, Seen
from core.errors import NotFound, Unauthenticated
from domain.principal import Principal

WHO = Principal("ws_1", "user_1", frozenset())
Now = Callable[[], Seen | None]


class Database:
    @contextmanager
    def read(self) -> Iterator[None]:
        yield


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "POLL_S", 0.001)
    monkeypatch.setattr(events, "CHECK_S", 0.02)


def holds() -> None:
    """The credentials."""


def streamed(now: Now, *, leave_after: int = 10**9, check: Callable[[], object] = holds) -> list[bytes]:
    """The chunks that a client gets who leaves after so many."""
    chunks: list[bytes] = []

    def look(_: Session, ids: Sequence[str]) -> dict[str, Seen]:
        return {key: seen for key in ids if (seen := now()) is not None}

    async def run() -> None:
        gone = asyncio.Event()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                chunks.append(message["body"])
            if len(chunks) >= leave_after:
                gone.set()

        state: Any = SimpleNamespace(progress=Progress(), database=Database())
        response = events._stream(state, WHO, check, look, "job_1")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        await asyncio.wait_for(response({"type": "http"}, receive, send), 20)
        assert not state.progress._streams

    asyncio.run(run())
    return chunks


def event(data: str, kind: str = "progress") -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()


class TestStream:
    def test_what_has_ended_is_said_once(self) -> None:
        assert streamed(lambda: Seen("1", True)) == [event("1")]

    def test_what_does_not_change_is_pinged_until_the_client_goes_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "PING_S", 0.01)
        assert streamed(lambda: Seen("1", False), leave_after=3)[1:] == [b": ping\n\n"] * 2

    def test_what_is_deleted_meanwhile_is_the_last_event(self) -> None:
        states = iter([Seen("1", False)])
        found = streamed(lambda: next(states, None))
        assert found == [event("1"), event('{"detail": "It was deleted meanwhile.", "code": "NOT_FOUND"}', "error")]

    @pytest.mark.parametrize(
        ("error", "told"),
        [(NotFound("Gone.", code="X"), '{"detail": "Gone.", "code": "X"}'),
         (RuntimeError("a bug"), '{"detail": "The state could not be read.", "code": "INTERNAL_ERROR"}')],
    )  # fmt: skip
    def test_a_fault_is_the_last_event(self, error: Exception, told: str) -> None:
        def now() -> Seen:
            raise error

        assert streamed(now) == [event(told, "error")]

    def test_a_server_that_stops_ends_it(self) -> None:
        """It waited ten seconds for each, and logged a traceback."""
        chunks: list[bytes] = []

        async def run() -> None:
            states: Any = SimpleNamespace(progress=Progress(), database=Database())
            async for chunk in events._events(
                states, "user_1", holds, lambda _, ids: {"job_1": Seen("1", False)}, "job_1"
            ):
                if not chunks:
                    states.progress.close()
                chunks.append(chunk)

        asyncio.run(asyncio.wait_for(run(), 20))
        assert b'"code": "STOPPING"' in chunks[-1]

    def test_credentials_that_end_end_it(self) -> None:
        def ended() -> None:
            raise Unauthenticated("This login has ended.", code="INVALID_TOKEN")

        told = event('{"detail": "This login has ended.", "code": "INVALID_TOKEN"}', "error")
        assert streamed(lambda: Seen("1", False), check=ended)[-1] == told
