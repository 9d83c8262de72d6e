"""The event stream itself, over a document that is made up: pings, a fault in the middle, a client that goes away."""

import asyncio
from collections.abc import Callable

import pytest
from pydantic import BaseModel
from starlette.types import Message

from api.insydr import events
from core.errors import NotFound


class Now(BaseModel):
    progress: float = 0.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.001)


def streamed(look: Callable[[], BaseModel], *, leave_after: int = 10**9, ended: bool = False) -> list[bytes]:
    """The chunks that a client gets who leaves after so many."""
    chunks: list[bytes] = []

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

        response = await events._stream(look, ended=lambda _: ended)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        await asyncio.wait_for(response({"type": "http"}, receive, send), 20)

    asyncio.run(run())
    return chunks


class TestStream:
    def test_what_has_ended_is_said_once(self) -> None:
        assert streamed(Now, ended=True) == [b'event: progress\ndata: {"progress":0.0}\n\n']

    def test_what_does_not_change_is_pinged_until_the_client_goes_away(self) -> None:
        assert streamed(Now, leave_after=3)[1:] == [b": ping\n\n"] * 2

    def test_a_fault_in_the_middle_is_the_last_event(self) -> None:
        looks = iter([Now(), Now(progress=0.5)])

        def look() -> BaseModel:
            try:
                return next(looks)
            except StopIteration:
                raise NotFound("Gone.", code="DOCUMENT_NOT_FOUND") from None

        assert streamed(look) == [
            b'event: progress\ndata: {"progress":0.0}\n\n',
            b'event: progress\ndata: {"progress":0.5}\n\n',
            b'event: error\ndata: {"detail": "Gone.", "code": "DOCUMENT_NOT_FOUND"}\n\n',
        ]
