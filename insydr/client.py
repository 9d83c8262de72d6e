"""The CLI's way to the service: always over HTTP, to the running server or to one started for the command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from core.errors import InsydrError, NotFound, Unavailable
from core.settings import Settings, load_settings
from insydr.lock import find_running
from insydr.parts import Installation
from insydr.workspaces import pick_workspace

PAGE = 200


@dataclass(frozen=True, slots=True)
class Client:
    """Calls under `/api/v1/workspaces/{id}`, as the workspace's operator."""

    http: httpx.Client
    workspace_id: str
    workspace_name: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The reply's JSON; our own error for anything else."""
        try:
            reply = self.http.request(method, f"/api/v1/workspaces/{self.workspace_id}{path}", **options)
        except httpx.HTTPError as error:
            raise Unavailable(f"The server does not answer ({type(error).__name__}).") from error
        if reply.is_success:
            return reply.json()
        body = reply.json() if "json" in reply.headers.get("content-type", "") else {}
        raise _Refused(body.get("detail", f"The server answered {reply.status_code}."), code=body.get("code"))

    def collection(self, wanted: str | None) -> str | None:
        """Id of the collection with this id or name; None for None. Raises `NotFound`."""
        if wanted is None:
            return None
        for row in self.collections():
            if wanted in (row["id"], row["name"]):
                return str(row["id"])
        raise NotFound(f"There is no collection {wanted!r} in the workspace {self.workspace_name}.")

    def collections(self) -> list[dict[str, Any]]:
        """All collections of the workspace."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", "/collections", params={"limit": PAGE, "offset": len(rows)})
            rows += page["collections"]
            if not page["collections"] or len(rows) >= page["total"]:
                return rows


class _Refused(InsydrError):
    """What the server said."""


@contextmanager
def connected(workspace: str | None, *, create: bool = False) -> Iterator[Client]:
    """A client of the wanted (default: oldest) workspace; with `create` one is made where there is none."""
    settings = load_settings()
    running = find_running(settings.data_dir) if settings.embedded else None
    if running is not None:
        parts = Installation(settings)
        try:
            row = pick_workspace(parts, workspace, create=create)
        finally:
            parts.close()
        with _http(running.url, running.token) as http:
            yield Client(http, row.id, row.name)
        return
    from insydr.server import background

    with background(_private(settings)) as (parts, url):
        row = pick_workspace(parts, workspace, create=create)
        with _http(url, parts.operator_token) as http:
            yield Client(http, row.id, row.name)


def _private(settings: Settings) -> Settings:
    """The same installation, on a free port of loopback and without chatter."""
    from core.logs import configure_logs

    configure_logs("ERROR", as_json=not sys.stderr.isatty())
    return settings.model_copy(update={"host": "127.0.0.1", "port": 0})


def _http(url: str, token: str) -> httpx.Client:
    # to our own server on this machine, whose address we wrote ourselves: not an outbound request
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False)
