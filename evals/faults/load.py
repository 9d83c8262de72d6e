"""The load and its ledger: what a client was promised, so that it can be asked for at the end."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

PATIENCE_S = 120.0
PINNED = "lighthouseword"
WORDS = ("harbour lantern copper violet meadow thunder quartz saddle ribbon walnut anchor pepper glacier "
         "tunnel marble falcon orchid barley compass timber").split()  # fmt: skip


@dataclass
class Ledger:
    """By external id: the newest accepted content's mark, and what was asked for besides."""

    marks: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    uploads: dict[str, str] = field(default_factory=dict)  # document id → mark, of single files


class Client:
    """One knowledge admin who repeats what was not answered."""

    def __init__(self, url: str, seed: int, up: Callable[[], None]) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._random, self._up = random.Random(seed), up
        self.ledger, self._count = Ledger(), 0
        self.base = ""

    def sign_up(self, code_of: Callable[[str], str]) -> None:
        address = "rehearsal@example.com"
        body = {"email": address, "password": "correct horse battery", "full_name": "Rehearsal"}
        self._http.post("/api/v1/auth/signup", json=body).raise_for_status()
        reply = self._http.post("/api/v1/auth/verify-otp", json={"email": address, "otp_code": code_of(address)})
        self._http.headers["Authorization"] = f"Bearer {reply.raise_for_status().json()['access_token']}"
        workspace = self._http.post("/api/v1/workspaces", json={"name": "Rehearsal"}).raise_for_status().json()
        self.base = f"/api/v1/workspaces/{workspace['id']}"
        self.collection = self.call("POST", "/collections", json={"name": "c"})["id"]

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The reply; repeated while nobody answers or the service says that it cannot now."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                reply = self._http.request(method, self.base + path, **options)
                if reply.status_code not in (429, 500, 502, 503, 507):
                    if reply.status_code >= 400:
                        return {"status_code": reply.status_code, **reply.json()}
                    return reply.json() if reply.content else {}
            except httpx.TransportError:
                self._up()
            if time.monotonic() > ends:
                raise TimeoutError(f"{method} {path} is not answered")
            time.sleep(0.1)

    def round(self, size: int = 12) -> None:
        """Some of everything: a batch with new and changed records, single files, deletes, cancels, reprocessing."""
        ledger = self.ledger
        known = sorted(set(ledger.marks) - ledger.deleted - {"pinned"})
        old = self._random.sample(known, min(4, len(known)))
        names = [self._name() for _ in range(size)] + old
        marks = {name: self._mark() for name in names}
        lines = "\n".join(_record(name, self._text(mark)) for name, mark in marks.items())
        accepted = self.call(
            "POST", f"/documents/batch?collection_id={self.collection}", content=lines.encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )  # fmt: skip
        assert "id" in accepted, accepted
        ledger.marks |= marks
        ledger.cancelled -= set(marks)
        if "pinned" in ledger.marks:
            self.replace_pinned()
        self._upload()
        self._change(self._random.choice(["delete", "cancel", "reprocess"]))

    def _upload(self) -> None:
        mark = self._mark()
        made = self.call(
            "POST", "/documents", files={"file": (f"{mark}.txt", self._text(mark).encode())},
            data={"collection_id": self.collection},
        )  # fmt: skip
        # the first try may have been accepted although its answer was lost
        identifier = made.get("existing_id") or made.get("id") or made.get("details", {}).get("existing_id")
        assert identifier, made
        self.ledger.uploads[identifier] = mark

    def _change(self, action: str) -> None:
        ids = self.ids()
        candidates = sorted((set(ids) & set(self.ledger.marks)) - self.ledger.deleted - {"pinned"})
        if not candidates:
            return
        name = self._random.choice(candidates)
        if action == "delete":
            self.call("DELETE", f"/documents/{ids[name]}")
            self.ledger.deleted.add(name)
            return
        reply = self.call("POST", f"/documents/{ids[name]}/{action}")
        if action == "cancel" and "status_code" not in reply:
            self.ledger.cancelled.add(name)
        elif action == "reprocess":
            self.ledger.cancelled.discard(name)

    def ids(self) -> dict[str, str]:
        """Document ids by external id."""
        return {row["external_id"]: row["id"] for row in self.documents() if row["external_id"]}

    def documents(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"/documents?limit=200&offset={len(rows)}")
            rows += page["documents"]
            if len(rows) >= page["total"] or not page["documents"]:
                return rows

    def settle(self, patience_s: float = PATIENCE_S) -> float:
        """Wait until nothing is on its way; how long that took."""
        started = time.monotonic()
        while True:
            queue = self.call("GET", "/queue")
            if queue["queued"] + queue["processing"] == 0 and self.metric("insydr_outbox_jobs") == 0:
                return time.monotonic() - started
            if time.monotonic() - started > patience_s:
                raise TimeoutError(f"documents are left: {queue}")
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        """A value of `/metrics`; 0 where it is not there."""
        text = self._http.get("/metrics").text
        values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(values[0]) if values else 0.0

    def reconcile(self) -> dict[str, int]:
        """What the reconciler finds (and repairs)."""
        job = self.call("POST", "/reconcile")
        while job["status"] == "PROCESSING":
            time.sleep(0.1)
            job = self.call("GET", f"/jobs/{job['id']}")
        found: dict[str, int] = job["report"]["found"]
        return found

    def finds(self, mark: str) -> list[dict[str, Any]]:
        """Passages that hold the mark."""
        results = self.call("POST", "/search", json={"query": mark, "top_k": 20})["results"]
        return [row for row in results if mark in row["content"]]

    def once(self, method: str, path: str, **options: Any) -> Any:
        """One try; None when the service is away."""
        try:
            reply = self._http.request(method, self.base + path, **options)
        except httpx.TransportError:
            return None
        return reply.json() if reply.status_code == 200 else None

    def replace_pinned(self) -> None:
        """A new version of the document that readers ask for."""
        self.ledger.marks["pinned"] = mark = self._mark()
        self.call(
            "POST", f"/documents/batch?collection_id={self.collection}",
            content=_record("pinned", f"{PINNED} {self._text(mark)}").encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )  # fmt: skip

    def _name(self) -> str:
        self._count += 1
        return f"record-{self._count}"

    def _mark(self) -> str:
        """A word that no other text has."""
        return "mark" + "".join(self._random.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))

    def _text(self, mark: str) -> str:
        filler = " ".join(self._random.choice(WORDS) for _ in range(60))
        return f"{mark} is the word of this text. {filler}.\n\nAnd {mark} again: {filler}."


class Reader:
    """Asks without pause for a document that is replaced again and again: some version must always be found."""

    def __init__(self, client: Client) -> None:
        self._client, self._stop = client, threading.Event()
        self.asked = self.missed = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._client.replace_pinned()
        self._client.settle()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            found = self._client.once("POST", "/search", json={"query": PINNED, "top_k": 5})
            if found is not None:  # the server was up and answered
                self.asked += 1
                self.missed += not any(PINNED in row["content"] for row in found["results"])


def _record(name: str, text: str) -> str:
    return json.dumps({"external_id": name, "title": name, "text": text})
