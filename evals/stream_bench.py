"""Many visitors at once, on loopback: open streams, new messages, one who reads a byte a second.

    python -m evals.stream_bench [--open 200] [--rate 10] [--seconds 60]

A language model of our own holds the open streams: it says a sentence and then nothing until the end. The new messages
are answered by it at once, or (`--extractive`, without open streams) by quotes. First is a visitor alone.
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any

import httpx
import numpy as np
import uvicorn
from rich.console import Console
from rich.progress import track
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from evals.faults.processes import free_port, wait_for_port
from evals.service import Service, running_service

TEXT = "The battery is covered for two years. A frame is covered for ten years."
SENTENCE = "The battery is covered for two years. [1] A frame "
HOLD, ASK = "How long is the battery covered, hold?", "How long is the battery covered?"
ORIGIN = "https://shop.example.com"
ALONE = 30
TIMEOUT_S = 120.0


@dataclass
class Measured:
    first_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where visitors ask: an agent, a public key."""

    url: str
    agent: str
    headers: dict[str, str]

    def body(self, message: str, session: str) -> dict[str, Any]:
        return {"agent_id": self.agent, "message": message, "session_id": session, "client_message_id": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--extractive", action="store_true")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    over, port = context.Event(), free_port()
    model = context.Process(target=_model, args=(port, over), daemon=True)
    settings = {"INSYDR_PLAN_DEFAULT": "ENTERPRISE", "INSYDR_LLM_TIMEOUT_S": "600"}
    if not arguments.extractive:
        model.start()
        wait_for_port(port)
        settings["INSYDR_LLM_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
    with running_service(settings) as service:
        place = _place(service)
        held = 0 if arguments.extractive else arguments.open
        found = asyncio.run(_visits(service, place, held, arguments.rate, arguments.seconds, over))
    print(json.dumps(found, indent=2))


def _place(service: Service) -> Place:
    agent, key = service.published_agent(TEXT, "shop.example.com")
    return Place(str(service.http.base_url), agent, {"X-API-Key": key, "Origin": ORIGIN})


async def _visits(
    service: Service, place: Place, held: int, rate: float, seconds: float, over: Event
) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx.AsyncClient(base_url=place.url, limits=limits, timeout=TIMEOUT_S, trust_env=False) as http:
        alone, opened, new = Measured(), Measured(), Measured()
        for number in range(ALONE):
            await _ask(http, place, ASK, f"alone-{number}", alone)
        before_mb = await asyncio.to_thread(service.tree_mb)
        holding = [asyncio.create_task(_ask(http, place, HOLD, f"held-{n}", opened)) for n in range(held)]
        while len(opened.first_ms) + len(opened.errors) < held:
            await asyncio.sleep(0.1)
        slow = asyncio.create_task(_read_slowly(place, seconds))
        began_mb = await asyncio.to_thread(service.tree_mb)
        asked = await _arrive(http, place, rate, seconds, new)
        ended_mb = await asyncio.to_thread(service.tree_mb)
        over.set()
        await asyncio.gather(*asked, *holding)
        slow.cancel()
    memory = {"alone": before_mb, "streams_open": began_mb, "at_the_end": ended_mb}
    return {
        "alone": _told(alone), "open": _told(opened), "new": _told(new),
        "memory_mb": {name: round(value) for name, value in memory.items()},
    }  # fmt: skip


async def _arrive(
    http: httpx.AsyncClient, place: Place, rate: float, seconds: float, new: Measured
) -> list["asyncio.Task[None]"]:
    """Messages at a steady rate, whether or not the earlier ones are answered."""
    asked, began = [], time.perf_counter()
    for number in track(range(int(rate * seconds)), "new messages", console=Console(stderr=True)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        asked.append(asyncio.create_task(_ask(http, place, ASK, f"new-{number}", new)))
    return asked


async def _ask(http: httpx.AsyncClient, place: Place, message: str, session: str, into: Measured) -> None:
    began = time.perf_counter()
    kinds: list[str] = []
    try:
        async with http.stream(
            "POST", "/api/v1/widget/chat", json=place.body(message, session), headers=place.headers
        ) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data: "):
                    if not kinds:
                        into.first_ms.append((time.perf_counter() - began) * 1000)
                    kinds.append(json.loads(line[6:])["type"])
            if reply.status_code != 200 or kinds[-1:] != ["done"]:
                into.errors.append(f"{reply.status_code} {kinds[-1:]}")
    except httpx.HTTPError as error:
        into.errors.append(type(error).__name__)
    into.whole_ms.append((time.perf_counter() - began) * 1000)


async def _read_slowly(place: Place, seconds: float) -> None:
    """A byte a second."""
    url = httpx.URL(place.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    body = json.dumps(place.body(ASK, "slow")).encode()
    lines = {**place.headers, "Host": url.host, "Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST /api/v1/widget/chat HTTP/1.1\r\n{head}\r\n".encode() + body)
    for _ in range(int(seconds)):
        await reader.read(1)
        await asyncio.sleep(1)
    writer.close()


def _told(measured: Measured) -> dict[str, Any]:
    told: dict[str, Any] = {"messages": len(measured.whole_ms), "errors": len(measured.errors)}
    if measured.errors:
        told["first_errors"] = measured.errors[:3]
    for name in ("first_ms", "whole_ms"):
        values = getattr(measured, name)
        told[name] = (
            {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95)} if values else {}
        )
    return told


def _model(port: int, over: Event) -> None:
    """OpenAI's wire format; what it is asked to hold it does not end before `over`."""

    async def complete(request: Request) -> StreamingResponse:
        holds = HOLD in (await request.body()).decode()
        return StreamingResponse(_said(holds, over), media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


async def _said(holds: bool, over: Event) -> Any:
    yield _chunk(SENTENCE)
    while holds and not over.is_set():
        await asyncio.sleep(0.5)
        yield ": ping\n\n"
    yield _chunk("is covered for ten years. [1]")
    yield "data: [DONE]\n\n"


def _chunk(text: str) -> str:
    delta = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
    return f"data: {json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'model': 'm', **delta})}\n\n"


if __name__ == "__main__":
    main()
