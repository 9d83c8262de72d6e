"""A visitor of somebody's page: its widget's requests, as a browser sends them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.client import Shape, Workspace

ORIGIN = "https://shop.example.com"


@dataclass(frozen=True)
class Event:
    id: str
    data: dict[str, Any]


@dataclass
class Page:
    """One page with one public key."""

    shape: Shape
    key: str
    agent: str
    origin: str | None = ORIGIN
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace, *domains: str, agent: str = "", **body: Any) -> "Page":
        """With a key of its own; publishes an agent of `body` unless one is named."""
        allowed = {"name": "k", "allowed_domains": list(domains or ("shop.example.com",))}
        key = workspace.post("/api-keys", json=allowed).json()["key"]
        if not agent:
            agent = workspace.agent(**{"response_config": {"confidence_threshold": 0}, **body})["id"]
            assert workspace.post(f"/agents/{agent}/publish").status_code == 200
        return cls(workspace.shape, key, agent)

    def headers(self, **more: str) -> dict[str, str]:
        origin = {"Origin": self.origin} if self.origin is not None else {}
        key = {"X-API-Key": self.key} if self.key else {}
        return {**key, **origin, **self.extra, **more}

    def config(self) -> httpx.Response:
        return self.shape.http.get(f"/api/v1/widget/config/{self.agent}", headers=self.headers())

    def post(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return self.shape.http.post(f"/api/v1/widget/{path}", headers=self.headers(**(headers or {})), json=body)

    def chat(self, message: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """The whole stream, or the error before it."""
        return self.post("chat", headers, **{"agent_id": self.agent, "message": message, **body})

    def say(self, message: str, **options: Any) -> list[Event]:
        reply = self.chat(message, **options)
        assert reply.status_code == 200, reply.text
        return events(reply.text)

    @contextmanager
    def streaming(self, message: str, headers: dict[str, str] | None = None, **body: Any) -> Iterator[Iterator[Event]]:
        """The events as they come; leaving the block closes the connection."""
        with self.shape.http.stream(
            "POST", "/api/v1/widget/chat", headers=self.headers(**(headers or {})),
            json={"agent_id": self.agent, "message": message, **body},
        ) as reply:  # fmt: skip
            assert reply.status_code == 200, reply.read()
            yield _events(reply.iter_lines())


def events(text: str) -> list[Event]:
    return list(_events(iter(text.splitlines())))


def _events(lines: Iterator[str]) -> Iterator[Event]:
    data, event_id = "", ""
    for line in lines:
        if line.startswith("data: "):
            data = line[6:]
        elif line.startswith("id: "):
            event_id = line[4:]
        elif not line and data:
            yield Event(event_id, json.loads(data))
            data = ""


def text_of(found: list[Event]) -> str:
    return "".join(event.data["content"] for event in found if event.data["type"] == "token")


def kinds(found: list[Event]) -> list[str]:
    """The types in their order, tokens once."""
    order = [event.data["type"] for event in found]
    return [kind for number, kind in enumerate(order) if kind != "token" or order[number - 1] != "token"]
