"""A server of its own for a benchmark: `insydr serve` in a child process, on a folder that goes away."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

START_S = 120


@dataclass(frozen=True, slots=True)
class Service:
    """A running server with one fresh workspace."""

    http: httpx.Client
    process: psutil.Process
    base: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        reply = self.http.request(method, f"{self.base}{path}", **options)
        reply.raise_for_status()
        return reply.json()

    def other_workspace(self) -> "Service":
        """The same server, seen from another fresh workspace."""
        return Service(self.http, self.process, _new_workspace(self.http))

    def published_agent(self, text: str, domain: str) -> tuple[str, str]:
        """An agent over one document that answers whatever it finds, and a public key for pages of `domain`."""
        collection = self.call("POST", "/collections", json={"name": "asked"})["id"]
        line = json.dumps({"text": text, "title": "Warranty"}).encode()
        headers = {"Content-Type": "application/x-ndjson"}
        self.wait(self.call("POST", f"/documents/batch?collection_id={collection}", content=line, headers=headers))
        fields = {"name": "A", "collection_ids": [collection], "response_config": {"confidence_threshold": 0}}
        agent = self.call("POST", "/agents", json=fields)["id"]
        self.call("POST", f"/agents/{agent}/publish")
        return agent, self.call("POST", "/api-keys", json={"name": "k", "allowed_domains": [domain]})["key"]

    def tree_mb(self) -> float:
        """Memory of the process tree in MiB: PSS, which counts shared pages once."""
        total = 0
        for process in [self.process, *self.process.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return total / 2**20

    def wait(self, job: dict[str, Any], *, watch: Any = None) -> dict[str, Any]:
        """Until the job has ended; `watch` is called at every look."""
        while job["status"] == "PROCESSING":
            time.sleep(0.1)
            job = self.call("GET", f"/jobs/{job['id']}")
            if watch is not None:
                watch()
        return job


@contextmanager
def running_service(settings: dict[str, str] | None = None) -> Iterator[Service]:
    """Serve on a free port of loopback until the block ends."""
    with tempfile.TemporaryDirectory(prefix="insydr-bench-") as folder:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("INSYDR_")}
        environment = {**plain, "INSYDR_DATA_DIR": folder, "INSYDR_LOG_LEVEL": "ERROR", **(settings or {})}
        command = [sys.executable, "-m", "insydr.cli"]
        account = ["users", "create", "--email", "bench@insydr.example", "--password", "benchmark-1"]
        subprocess.run([*command, *account], env=environment, check=True, stdout=subprocess.DEVNULL)
        process = subprocess.Popen([*command, "serve", "--port", "0"], env=environment, stdout=subprocess.DEVNULL)
        try:
            url = _url(Path(folder) / "server.lock", process)
            with httpx.Client(base_url=url, timeout=900, trust_env=False) as http:
                yield Service(http, psutil.Process(process.pid), _workspace(http))
        finally:
            process.terminate()
            process.wait(60)


def _url(lock: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        content = lock.read_text() if lock.exists() else ""
        if content:
            url: str = json.loads(content)["url"]
            try:
                if httpx.get(f"{url}/readyz", timeout=60, trust_env=False).status_code == 200:
                    return url
            except httpx.HTTPError:
                pass
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _workspace(http: httpx.Client) -> str:
    account = {"email": "bench@insydr.example", "password": "benchmark-1"}
    token = http.post("/api/v1/auth/login", json=account).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    return _new_workspace(http)


def _new_workspace(http: httpx.Client) -> str:
    return f"/api/v1/workspaces/{http.post('/api/v1/workspaces', json={'name': 'Bench'}).json()['id']}"
