"""A receiver of events on loopback, and what came to it."""

import json
from dataclasses import dataclass
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.support.client import Workspace, until
from tests.support.site import Answer, Request, Site

PATH = "/hook"


@dataclass(frozen=True)
class Hook:
    """A webhook of a workspace, whose receiver is a path of `site`."""

    workspace: Workspace
    site: Site
    id: str
    secret: str
    path: str = PATH

    def post(self, path: str = "", **options: Any) -> Any:
        return self.workspace.post(f"/webhooks/{self.id}{path}", **options)

    def get(self, path: str = "", **options: Any) -> Any:
        reply = self.workspace.get(f"/webhooks/{self.id}{path}", **options)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def received(self, count: int = 1) -> list[Request]:
        """What came, once there are so many requests or more."""
        return list(until(self._requests, lambda found: len(found) >= count))

    def logged(self, count: int = 1, status: str = "DELIVERED") -> list[dict[str, Any]]:
        """The log, once so many deliveries have this status."""

        def look() -> list[dict[str, Any]]:
            return list(self.get("/deliveries", params={"status": status})["deliveries"])

        return list(until(look, lambda found: len(found) >= count))

    def _requests(self) -> list[Request]:
        return [request for request in list(self.site.requests) if request.path == self.path]


def hook(workspace: Workspace, site: Site, *event_types: str, path: str = PATH, **fields: Any) -> Hook:
    """A new webhook for these events, which answers 204 until the test says otherwise."""
    if path not in site.pages:
        site.pages[path] = Answer(status=204)
    body = {"name": "Events", "url": site.url(path), "event_types": list(event_types), **fields}
    reply = workspace.post("/webhooks", json=body)
    assert reply.status_code == 201, reply.text
    return Hook(workspace, site, reply.json()["id"], reply.json()["secret"], path)


def verified(request: Request, secret: str) -> dict[str, Any]:
    """The body, as the library of Standard Webhooks takes it."""
    assert Webhook(secret).verify(request.body, request.headers) == json.loads(request.body)
    return dict(json.loads(request.body))
