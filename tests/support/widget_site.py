"""A web server that speaks the widget's part of the API with scripted answers, and serves pages that embed it.

Pages are at `localhost`, the API and the script at `127.0.0.1`: another origin, as on customers' sites.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from typing import Any

WIDGET = Path(__file__).resolve().parents[2] / "web" / "built" / "widget.js"
KEY, AGENT = "pk_live_test", "agent_abc123"
PAUSE_S = 0.03
Json = dict[str, Any]
PATIENCE_MS = 5_000
HOSTILE = '<img src=x onerror="window.hit=1"> [go](javascript:window.hit=1) <script>window.hit=1</script>'
SEED = """
  InsydrAI.init({
    agentId: "agent_abc123",
    apiKey: "pk_live_test",
    position: "bottom-right",
    theme: "dark"
  });

  // Event listeners
  InsydrAI.on('message', (data) => {
    console.log('New message:', data); window.heard.push(data);
  });

  // Programmatic control
  InsydrAI.open();
  InsydrAI.sendMessage("Hello!");
"""
LISTEN = """for (const name of ['ready','open','close','message','answer','feedback','escalate','error'])
              InsydrAI.on(name, data => window.heard.push([name, data]));"""
ALLOWED = "X-API-Key, Content-Type, Last-Event-ID"


class Cut(Exception):
    """The connection ends here."""


@dataclass
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: Json

    @property
    def route(self) -> str:
        return self.path.removeprefix("/api/v1/widget/").partition("/")[0]


@dataclass
class Script:
    """What is answered to one message."""

    tokens: list[str] = field(default_factory=lambda: ["Hello ", "from ", "the ", "scripted ", "agent."])
    sources: list[Json] = field(default_factory=list)
    done: Json = field(default_factory=dict)
    message_id: str = "msg_1"
    status: int = 200
    error: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 10**6  # how often the error comes
    cut_after: int | None = None  # the first connection ends within the event of this token
    restarted_as: str | None = None  # another answer's id, which a second connection gets
    gate: threading.Event | None = None  # held after the first token until it is set
    pause_s: float = PAUSE_S

    def events(self) -> list[Json]:
        tokens = [{"type": "token", "content": one} for one in self.tokens]
        done = {"type": "done", "confidence": 0.89, "answered": True, "offer_escalation": False, "notice": None}
        start = {"type": "start", "message_id": self.message_id, "session_id": "s"}
        return [start, *tokens, {"type": "sources", "sources": self.sources}, {**done, **self.done}]


def standard_config() -> Json:
    return {
        "agent_id": AGENT,
        "agent_name": "Support Bot",
        "version": 3,
        "paused": False,
        "appearance": {
            "theme": "light", "primary_color": "#4f46e5", "border_radius": 16, "position": "bottom-right",
            "shadow": "medium", "font_scale": 1.0, "offset_x": 20, "offset_y": 20, "z_index": 2147483000,
        },
        "behavior": {
            "greeting_enabled": True, "greeting_delay": 50, "greeting_message": "Hi! How can I help?",
            "suggested_questions": ["What are your pricing plans?", "How do I get started?"], "machine_notice": True,
            "offer_escalation": True, "show_sources": True, "show_confidence": True, "feedback": True,
        },
        "branding": {"show_powered_by": True, "avatar_url": None},
        "language": "en",
    }  # fmt: skip


class WidgetSite:
    def __init__(self) -> None:
        self.reset()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.config: Json = standard_config()
        self.config_error: tuple[int, Json] | None = None
        self.post_errors: dict[str, int] = {}
        self.scripts: dict[str, Script] = {}
        self.calls: list[Call] = []
        self.pages: dict[str, tuple[str, str, dict[str, str]]] = {}
        self.asked: dict[str, int] = {}

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pages_at(self) -> str:
        return f"http://localhost:{self.port}"

    def add(self, path: str, content: str, kind: str = "text/html; charset=utf-8", **headers: str) -> str:
        """A page's address."""
        self.pages[path] = (content, kind, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.pages_at + path

    def calls_of(self, route: str) -> list[Call]:
        return [one for one in self.calls if one.route == route]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    site: WidgetSite
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def note(self) -> Call:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        call = Call(self.command, self.path, dict(self.headers.items()), body)
        if self.path.startswith("/api/"):
            self.site.calls.append(call)
        return call

    def reply(self, status: int, body: bytes | Json, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.cors()
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def cors(self) -> None:
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin") or "*")
        self.send_header("Access-Control-Expose-Headers", "Retry-After")

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.cors()
        self.send_header("Access-Control-Allow-Headers", ALLOWED)
        self.send_header("Access-Control-Allow-Methods", "GET, POST")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        call = self.note()
        if self.path == "/widget.js":
            self.reply(200, WIDGET.read_bytes(), "text/javascript; charset=utf-8")
        elif self.path in self.site.pages:
            content, kind, headers = self.site.pages[self.path]
            self.reply(200, content.encode(), kind, **headers)
        elif call.route == "config":
            self.config(call)
        else:
            self.reply(404, b"", "text/plain")

    def config(self, call: Call) -> None:
        if self.site.config_error:
            self.reply(*self.site.config_error)
        elif call.headers.get("X-API-Key") != KEY:
            self.reply(401, {"code": "INVALID_API_KEY", "detail": "The API key is not valid."})
        else:
            self.reply(200, self.site.config)

    def do_POST(self) -> None:
        call = self.note()
        if status := self.site.post_errors.get(call.route):
            self.reply(status, {"code": "FAILED", "detail": "It failed."})
        elif call.route == "chat":
            self.chat(call)
        elif call.route == "feedback":
            self.reply(200, {"message": "Saved", **call.body})
        elif call.route == "escalate":
            self.reply(
                200, {"id": "esc_1", "session_id": call.body.get("session_id"), "status": "OPEN", "message": "ok"}
            )
        else:
            self.reply(404, {"code": "NOT_FOUND", "detail": "There is no such route."})

    def chat(self, call: Call) -> None:
        script = self.site.scripts.get(call.body["message"]) or Script()
        known = str(call.body["client_message_id"])
        times = self.site.asked[known] = self.site.asked.get(known, 0) + 1
        if script.status != 200 and times <= script.times:
            self.reply(script.status, script.error, **script.headers)
            return
        self.send_response(200)
        self.cors()
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for piece in pieces(script, times, call.headers.get("Last-Event-ID")):
                self.wfile.write(piece)
                self.wfile.flush()
        except (Cut, OSError):
            self.wfile.flush()


def pieces(script: Script, times: int, last: str | None) -> Iterator[bytes]:
    """The stream's bytes; raises `Cut` where the connection is to break."""
    seen = int(last.rpartition(":")[2]) + 1 if last else 0
    name, events = script.message_id, list(enumerate(script.events()))
    if times > 1 and script.restarted_as:
        name = script.restarted_as
        seen, events[0] = 0, (0, {**events[0][1], "message_id": name})
    for number, event in events[seen:]:
        block = f"id: {name}:{number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        if times == 1 and number - 1 == script.cut_after:
            yield block[: len(block) // 2]
            raise Cut
        yield b": still here\n\n"
        if event["type"] != "token":
            yield block
            continue
        middle = next((at + 1 for at, byte in enumerate(block) if byte > 0x7F), len(block) // 2)  # within a character
        yield block[:middle]
        sleep(script.pause_s)
        yield block[middle:]
        if number == 1 and script.gate:
            script.gate.wait(10)


def handler_of(site: WidgetSite) -> type[Handler]:
    return type("SiteHandler", (Handler,), {"site": site})


def page_html(site: WidgetSite, options: Json, *, head: str = "", attributes: str = "lang='en'") -> str:
    init = json.dumps({"agentId": AGENT, "apiKey": KEY, **options})
    return f"""<!doctype html><html {attributes}><head><meta charset="utf-8"><title>A shop</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
      <body><main><h1>A shop</h1><p>Words of the page.</p><input aria-label="Search"></main>
      <script>window.heard = []</script><script src="{site.api}/widget.js"></script>
      <script>InsydrAI.init({init});{LISTEN}</script></body></html>"""


def ask(page: Any, text: str) -> None:
    page.get_by_label("Write a message").fill(text)
    page.keyboard.press("Enter")


def answered(page: Any, number: int = 1) -> Any:
    """The answer's element, once it is whole."""
    wait(page, f"heard.filter(one => one[0] === 'answer').length >= {number}")
    return page.locator(".list .message.assistant").nth(number - 1)


def wait(page: Any, condition: str) -> None:
    page.wait_for_function(condition, timeout=PATIENCE_MS)


def heard(page: Any, name: str) -> list[Any]:
    """The data of each such event that the page was told of."""
    return [data for event, data in page.evaluate("heard") if event == name]
