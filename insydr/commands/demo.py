"""`insydr demo`: the main job in one command: serve, load a demo workspace, ask, print, keep serving."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import typer

from core.errors import InsydrError
from core.settings import load_settings
from insydr.client import Client
from insydr.commands.asking import answer_text
from insydr.parts import Installation
from insydr.progress import Progress
from insydr.workspaces import new_workspace, pick_workspace

EMAIL = "demo@insydr.example"
SLUG, COLLECTION, AGENT, KEY = "demo", "Insydr", "Guide", "Demo page"
QUESTION = "What happens when a worker is killed while it processes a document?"
ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = Path(__file__).resolve().parent.parent / "demo_files"
PASSWORD_FILE = "demo-password"


def run_demo(question: str | None) -> None:
    """Serve until stopped; the demo is loaded once the server answers."""
    from insydr.server import serve

    settings = load_settings(log_level="WARNING")
    serve(settings, lambda parts, url: _guarded(parts, url, question or QUESTION))


def _guarded(parts: Installation, url: str, question: str) -> None:
    try:
        _show(parts, url, question)
    except InsydrError as error:
        typer.echo(f"insydr: the demo could not be loaded: {error.message}", err=True)


def _show(parts: Installation, url: str, question: str) -> None:
    password = _account(parts)
    workspace = _workspace(parts)
    headers = {"Authorization": f"Bearer {parts.operator_token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as http:
        client = Client(http, workspace, SLUG)
        agent_id = _load(client)
        key = _public_key(client, url)
        reply = client.call("POST", f"/agents/{agent_id}/test", json={"message": question})
    typer.echo(f"\nQuestion: {question}\n\n{answer_text(reply)}\n")
    typer.echo(f"Insydr answers at {url}\n  API docs   {url}/docs\n  login      {EMAIL} / {password}")
    typer.echo(f"  workspace  {workspace}\n  agent      {agent_id}")
    typer.echo(f"  widget     {url}/demo/{agent_id}#{key}")
    typer.echo('  try        .venv/bin/insydr ask "How is a document deleted?"\nStop with Ctrl-C.')


def _account(parts: Installation) -> str:
    """The demo's login; its password is made once and kept beside the data, readable by its owner only."""
    path = parts.settings.data_dir / PASSWORD_FILE
    if path.exists() and parts.identity.find(EMAIL):
        return path.read_text().strip()
    password = secrets.token_urlsafe(9)
    path.touch(mode=0o600)
    path.write_text(password)
    parts.identity.create_verified(EMAIL, password, "Demo")
    return password


def _workspace(parts: Installation) -> str:
    try:
        return pick_workspace(parts, SLUG, create=False).id
    except InsydrError:
        return new_workspace(parts, SLUG.title(), EMAIL).id


def _load(client: Client) -> str:
    """Upload the samples (unchanged ones cost nothing), wait, and return the agent's id."""
    rows = {row["name"]: row["id"] for row in client.collections()}
    collection_id = rows.get(COLLECTION) or client.call("POST", "/collections", json={"name": COLLECTION})["id"]
    files = [("files", (name, path.read_bytes())) for name, path in _files()]
    job = client.call("POST", "/documents/batch", params={"collection_id": collection_id}, files=files)
    _wait(client, job)
    for row in client.call("GET", "/agents", params={"limit": 200})["agents"]:
        if row["name"] == AGENT:
            return str(row["id"])
    config = {"max_response_length": 600}
    fields = {"name": AGENT, "collection_ids": [collection_id], "response_config": config}
    agent_id = str(client.call("POST", "/agents", json=fields)["id"])
    client.call("POST", f"/agents/{agent_id}/publish")
    return agent_id


def _public_key(client: Client, url: str) -> str:
    """A key for the sample page, in place of the last start's: it is shown only once."""
    for row in client.call("GET", "/api-keys", params={"limit": 200})["api_keys"]:
        if row["name"] == KEY and row["is_active"]:
            client.call("DELETE", f"/api-keys/{row['id']}")
    port = urlsplit(url).port
    domains = [f"{host}:{port}" for host in sorted({"127.0.0.1", "localhost", urlsplit(url).hostname or ""})]
    made = client.call("POST", "/api-keys", json={"name": KEY, "allowed_domains": domains})
    return str(made["key"])


def _wait(client: Client, job: dict[str, Any]) -> None:
    with Progress(quiet=job["status"] != "PROCESSING") as progress:
        while job["status"] == "PROCESSING":
            time.sleep(0.2)
            job = client.call("GET", f"/jobs/{job['id']}")
            waiting = client.call("GET", "/documents", params={"status": "PROCESSING", "limit": 200})
            progress.show([job], waiting["documents"])
    for error in job["errors"]:
        typer.echo(f"  {error['item']}: {error['message']}", err=True)


def _files() -> Iterator[tuple[str, Path]]:
    """Our own docs where there is a checkout, and the small samples of every format."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if path.is_file():
            yield path.relative_to(ROOT).as_posix(), path
    for path in sorted(SAMPLES.iterdir()):
        if path.is_file() and not path.name.startswith(("_", ".")):
            yield f"samples/{path.name}", path
