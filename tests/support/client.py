"""A client as a person would write one: signs up, reads the code from the mail, works in a workspace."""

import email
import re
import time
import uuid
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any

import httpx

from core.settings import Plan
from domain.models import Workspace as WorkspaceRow
from domain.workspaces.service import set_plan
from insydr.parts import Installation

PASSWORD = "SecurePass123!"
PATIENCE_S = 60.0
POLL_S = 0.05


@dataclass(frozen=True)
class Shape:
    """A running installation."""

    name: str
    parts: Installation
    http: httpx.Client

    @property
    def outbox(self) -> Path:
        return self.parts.settings.data_dir / "outbox"

    def mails_to(self, address: str) -> list[str]:
        """Texts of the mails to `address`, newest first."""
        found = []
        for path in sorted(self.outbox.glob("*.eml"), reverse=True):
            message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            if message["To"] == address:
                found.append(message.get_content())
        return found

    def code_for(self, address: str) -> str:
        match = re.search(r"\b(\d{6})\b", self.mails_to(address)[0])
        assert match
        return match[1]

    def sign_up(self, name: str = "Ada") -> "Account":
        """A new verified account."""
        address = f"{name.lower()}-{uuid.uuid4().hex[:10]}@example.com"
        body = {"email": address, "password": PASSWORD, "full_name": name}
        assert self.http.post("/api/v1/auth/signup", json=body).status_code == 201
        reply = self.http.post(
            "/api/v1/auth/verify-otp", json={"email": address, "otp_code": self.code_for(address)}
        ).json()
        return Account(self, address, reply["access_token"], reply["refresh_token"], reply["user"]["id"])


@dataclass(frozen=True)
class Account:
    shape: Shape
    email: str
    token: str
    refresh_token: str
    user_id: str

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.shape.http.request(method, f"/api/v1{path}", headers=headers, **options)

    def workspace(self, name: str = "My Company") -> "Workspace":
        reply = self.call("POST", "/workspaces", json={"name": name})
        assert reply.status_code == 201, reply.text
        return Workspace(self.shape, reply.json()["id"], self.token, self)


@dataclass
class Workspace:
    """One workspace, seen with one bearer token."""

    shape: Shape
    id: str
    token: str
    account: Account
    _collection: str | None = field(default=None)

    def call(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.shape.http.request(method, f"/api/v1/workspaces/{self.id}{path}", headers=headers, **options)

    def get(self, path: str = "", **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str = "", **options: Any) -> httpx.Response:
        return self.call("POST", path, **options)

    def patch(self, path: str = "", **options: Any) -> httpx.Response:
        return self.call("PATCH", path, **options)

    def delete(self, path: str = "", **options: Any) -> httpx.Response:
        return self.call("DELETE", path, **options)

    def seen_with(self, token: str) -> "Workspace":
        return Workspace(self.shape, self.id, token, self.account, self._collection)

    @property
    def collection(self) -> str:
        """A collection, made when first asked for."""
        if self._collection is None:
            self._collection = self.new_collection()
        return self._collection

    def new_collection(self, name: str = "Docs") -> str:
        return str(self.post("/collections", json={"name": name}).json()["id"])

    def upload(
        self,
        content: bytes | str,
        name: str = "guide.txt",
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> httpx.Response:
        data = {"collection_id": fields.pop("collection_id", None) or self.collection, **fields}
        raw = content.encode() if isinstance(content, str) else content
        return self.post(
            "/documents", files={"file": (name, raw)}, data=data, params=params or {}, headers=headers or {}
        )

    def ingest(self, content: bytes | str, name: str = "guide.txt", **fields: Any) -> dict[str, Any]:
        """Upload and wait; the document, which must be COMPLETED."""
        reply = self.upload(content, name, **fields)
        assert reply.status_code == 202, reply.text
        document = self.wait(reply.json()["id"])
        assert document["status"] == "COMPLETED", document
        return document

    def wait(self, document_id: str) -> dict[str, Any]:
        return self._until_ended(f"/documents/{document_id}")

    def wait_job(self, job_id: str) -> dict[str, Any]:
        return self._until_ended(f"/jobs/{job_id}")

    def batch(self, lines: str, **params: Any) -> httpx.Response:
        return self.post(
            "/documents/batch",
            params={"collection_id": self.collection, **params},
            content=lines.encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )

    def crawl(self, url: str, **options: Any) -> dict[str, Any]:
        """Crawl a site and wait for the run and its documents: the crawl, with the ids of its run and job."""
        reply = self.post("/documents/url", json={"url": url, "collection_id": self.collection, **options})
        assert reply.status_code == 202, reply.text
        return self.crawled(reply.json())

    def crawled(self, started: dict[str, Any]) -> dict[str, Any]:
        """The crawl once the run that was `started` has ended, and all its documents have."""
        ids = {name: started[name] for name in ("crawl_id", "run_id", "job_id")}
        until(lambda: self.get(f"/crawls/{ids['crawl_id']}/runs/{ids['run_id']}").json(), _has_ended)
        self.wait_job(ids["job_id"])
        return {**self.get(f"/crawls/{ids['crawl_id']}").json(), **ids}

    def search(self, query: str, **body: Any) -> dict[str, Any]:
        reply = self.post("/search", json={"query": query, **body})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def agent(self, **body: Any) -> dict[str, Any]:
        reply = self.post("/agents", json={"name": "Support Bot", "collection_ids": [self.collection], **body})
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def on_plan(self, plan: Plan) -> None:
        """As an operator gives it."""
        with self.shape.parts.database.write() as session:
            set_plan(session, session.get_one(WorkspaceRow, self.id), plan)

    def _until_ended(self, path: str) -> dict[str, Any]:
        return until(lambda: self.get(path).json(), lambda now: now["status"] != "PROCESSING")


def _has_ended(run: dict[str, Any]) -> bool:
    return run["state"] in ("COMPLETED", "FAILED", "CANCELLED")


def until(look: Any, good: Any, patience_s: float = PATIENCE_S) -> Any:
    """What `look` sees once `good` holds."""
    ends = time.monotonic() + patience_s
    while True:
        now = look()
        if good(now):
            return now
        assert time.monotonic() < ends, f"still waiting after {patience_s} s: {now}"
        time.sleep(POLL_S)


def check_error(reply: httpx.Response, status: int, code: str | None = None, field: str | None = None) -> None:
    """The reply is an error in Insydr's envelope."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", body["code"]), body
    if code is not None:
        assert body["code"] == code, body
    if field is not None:
        assert body["field"] == field, body
