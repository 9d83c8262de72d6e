"""The examples that people paste, as they are: a program, and a module in a page of another origin."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import services
from tests.support.client import Workspace
from tests.support.visitor import Page

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
QUESTION, ANSWER = "How long is the battery covered?", "The battery is covered for two years."
IN_PAGE = """async ([widget, question]) => {
  const { ask, giveThumb } = await import("/ask.mjs");
  const tokens = [];
  const answer = await ask(widget, question, { sessionId: "s1", onToken: (token) => tokens.push(token) });
  await giveThumb(widget, answer.message_id, "THUMBS_DOWN", "No.");
  return { ...answer, tokens };
}"""


@pytest.fixture
def asked(workspace: Workspace) -> Workspace:
    workspace.ingest(ANSWER, "warranty.txt")
    return workspace


@pytest.fixture
def site() -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(EXAMPLES)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_program(asked: Workspace) -> None:
    services.module("requests")
    agent = Page.of(asked).agent
    order = {"name": "s", "kind": "secret", "permissions": ["agents:ask"]}
    environment = {
        **os.environ, "INSYDR_URL": str(asked.shape.http.base_url).rstrip("/"), "INSYDR_WORKSPACE": asked.id,
        "INSYDR_AGENT": agent, "INSYDR_KEY": asked.post("/api-keys", json=order).json()["key"],
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    command = [sys.executable, str(EXAMPLES / "ask.py"), QUESTION]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    answer, source, confidence = done.stdout.decode().splitlines()
    assert (answer, source) == (ANSWER, f"[1] warranty.txt: “{ANSWER}”")
    assert confidence.startswith("Confidence: 0.")
    (one,) = asked.get("/conversations").json()["conversations"]
    assert (one["channel"], one["feedback"]["thumbs_up"]) == ("API", 1)


def test_a_receiver(workspace: Workspace) -> None:
    order = {"name": "w", "url": "http://127.0.0.1:9/", "event_types": ["AGENT_PUBLISHED"]}
    made = workspace.post("/webhooks", json=order).json()
    environment = {**os.environ, "WEBHOOK_SECRET": made["secret"]}
    command = [sys.executable, str(EXAMPLES / "receive.py"), "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout
        try:
            url = receiver.stdout.readline().split()[-1]
            path = f"/webhooks/{made['id']}"
            workspace.patch(path, json={"url": f"{url}/"})
            agent = workspace.agent()["id"]
            workspace.post(f"/agents/{agent}/publish")
            event, _, data = receiver.stdout.readline().partition(" ")
            assert (event, json.loads(data)["agent_id"]) == ("AGENT_PUBLISHED", agent)
            workspace.post(f"{path}/rotate-secret", json={"overlap_hours": 0})
            assert workspace.post(f"{path}/test").json()["response_status"] == 401  # it knows the old secret only
        finally:
            receiver.kill()


def test_a_page(asked: Workspace, site: str, browser: Any) -> None:
    page = Page.of(asked, site)
    widget = {"url": str(asked.shape.http.base_url).rstrip("/"), "apiKey": page.key, "agentId": page.agent}
    tab = browser.new_page()
    tab.goto(f"http://{site}/")
    answer = tab.evaluate(IN_PAGE, [widget, QUESTION])
    tab.close()
    assert (answer["text"], "".join(answer["tokens"])) == (ANSWER, ANSWER)
    assert answer["sources"][0]["quote"] == ANSWER
    (one,) = asked.get("/conversations").json()["conversations"]
    assert (one["channel"], one["page_url"], one["feedback"]["thumbs_down"]) == ("WIDGET", f"http://{site}/", 1)
