"""A program that uses FrontDesk or VoxForge with a key of its own, as their seeds say."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.client import PATIENCE_S, Shape, Workspace

POLL_S = 0.2  # sixty requests a minute are all that a key may make


@dataclass
class Desk:
    """One workspace's front office; each has a key of its own, whose requests count by themselves. `base` is the
    surface's path."""

    workspace: Workspace
    permissions: tuple[str, ...] = ("*",)
    key: str = field(default="")
    base: str = "/api"

    def __post_init__(self) -> None:
        if not self.key:
            body = {"name": "Desk", "kind": "secret", "permissions": list(self.permissions)}
            self.key = str(self.workspace.post("/api-keys", json=body).json()["key"])

    @property
    def shape(self) -> Shape:
        return self.workspace.shape

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return self.shape.http.request(method, f"{self.base}{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.call("DELETE", path, **options)

    def made(self, path: str, **body: Any) -> dict[str, Any]:
        """What a post of `body` makes."""
        reply = self.post(path, json=body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def until(self, path: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What is there once `good` holds."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            now = dict(self.get(path).json())
            if good(now):
                return now
            assert time.monotonic() < ends, now
            time.sleep(POLL_S)

    def settings(self, **given: Any) -> dict[str, Any]:
        reply = self.workspace.patch("/front-office", json=given)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())


def check_coded(reply: httpx.Response, status: int, code: str, *words: str) -> None:
    """The reply is an error in VoxForge's envelope, and its sentence has these words."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == code
    for word in words:
        assert word in body["error"]["message"], body


def check_message(reply: httpx.Response, status: int, *words: str) -> None:
    """The reply is an error in FrontDesk's envelope, and its sentence has these words."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert body.keys() == {"message"}
    for word in words:
        assert word in body["message"], body
