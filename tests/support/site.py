"""A web site on loopback whose every answer a test decides, and which remembers what it was asked."""

import hashlib
import html
import mimetypes
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import unquote

HTML = "text/html; charset=utf-8"
IDLE_S = 30.0  # how long a connection is kept without a request
Stream = Iterable[bytes] | Callable[[], Iterable[bytes]]


@dataclass
class Answer:
    """`stream` goes out in chunks, until it ends or the client hangs up, in place of `body`.

    Answers of status 200 carry an ETag of the body and a Last-Modified, and become a 304 for who has them already;
    not with `conditional=False`, and headers given here come first.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    stream: Stream | None = None
    conditional: bool = True
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # with its query, as it was sent
    headers: dict[str, str]  # names in small letters
    at: float  # time.monotonic() at its arrival
    body: bytes = b""


class Site:
    """Listens from its making to its end; a context manager. `host` may be any of 127.0.0.0/8."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, Answer] = {}  # by path and query; a path alone answers every query
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self.closing = threading.Event()
        self._scripts: dict[str, list[Answer]] = {}
        self._folders: list[tuple[str, Path]] = []
        self._removed: set[str] = set()
        self._at_once, self._lock = 0, threading.Lock()
        self._server = _Server((host, 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="site")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Nothing answers any more; streams and delays end."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str = "/") -> str:
        return f"http://{self._server.server_address[0]!s}:{self.port}{path}"

    # what it serves

    def html(
        self, path: str, title: str = "", body: str = "", *, links: Sequence[str] = (), head: str = "", **headers: str
    ) -> Answer:
        """A page; `x_robots_tag="noindex"` is the header `x-robots-tag`."""
        anchors = "".join(f'<p><a href="{html.escape(link)}">{html.escape(link)}</a></p>\n' for link in links)
        text = f"<!doctype html><html><head><title>{title}</title>{head}</head>\n<body>{body}\n{anchors}</body></html>"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Answer(text.encode(), headers={"content-type": HTML} | named)
        return self.pages[path]

    def put(self, path: str, body: bytes, content_type: str) -> Answer:
        self.pages[path] = Answer(body, headers={"content-type": content_type})
        return self.pages[path]

    def redirect(self, path: str, to: str, status: int = 301) -> None:
        self.pages[path] = Answer(status=status, headers={"location": to})

    def robots(self, text: str) -> None:
        self.put("/robots.txt", text.encode(), "text/plain")

    def folder(self, directory: Path, prefix: str = "/") -> None:
        """The files below `directory`, read anew for each request."""
        self._folders.append((prefix.rstrip("/") + "/", directory.resolve()))

    def script(self, path: str, answers: Sequence[Answer]) -> None:
        """One after the other; the last one for ever."""
        self._scripts[path] = list(answers)

    def remove(self, path: str) -> None:
        """404 from now on, a folder's file too."""
        self.pages.pop(path, None)
        self._scripts.pop(path, None)
        self._removed.add(path)

    # what it was asked

    def count(self, path: str) -> int:
        """Requests of exactly this path and query."""
        with self._lock:
            return sum(request.path == path for request in self.requests)

    def forget(self) -> None:
        """Begin the record anew."""
        with self._lock:
            self.requests.clear()
            self.connections, self.most_at_once = 0, self._at_once

    # for its server

    def connected(self) -> None:
        with self._lock:
            self.connections += 1

    def began(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return self._answer(request.path)

    def ended(self) -> None:
        with self._lock:
            self._at_once -= 1

    def _answer(self, path: str) -> Answer:
        bare = path.partition("?")[0]
        for key in (path, bare):
            if key in self._scripts:
                rest = self._scripts[key]
                return rest.pop(0) if len(rest) > 1 else rest[0]
            if key in self.pages:
                return self.pages[key]
        found = None if bare in self._removed else self._file(bare)
        missing = b"<!doctype html><title>Not found</title><p>There is no such page."
        return found or Answer(missing, 404, {"content-type": HTML})

    def _file(self, path: str) -> Answer | None:
        for prefix, directory in self._folders:
            if path.startswith(prefix):
                found = (directory / unquote(path[len(prefix) :])).resolve()
                if not found.is_relative_to(directory):
                    continue
                if found.is_dir() and not path.endswith("/"):
                    return Answer(status=301, headers={"location": path + "/"})
                found = found / "index.html" if found.is_dir() else found
                if found.is_file():
                    return _of_file(found)
        return None


def _of_file(path: Path) -> Answer:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = HTML if kind == "text/html" else kind
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Answer(path.read_bytes(), headers={"content-type": kind}, modified=modified)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self.site = site
        super().__init__(address, _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.site.connected()
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what the tests are about: no traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body in one packet
    timeout = IDLE_S

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        site = cast(_Server, self.server).site
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)  # keep-alive: the next request begins after it
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = site.began(Request(self.command, self.path, headers, time.monotonic(), body))
        try:
            if site.closing.wait(answer.delay_s):
                raise ConnectionAbortedError
            self._send(_conditional(answer, headers), site.closing)
        except OSError:
            self.close_connection = True
        finally:
            site.ended()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _send(self, answer: Answer, closing: threading.Event) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.stream is not None:
            self.send_header("transfer-encoding", "chunked")
        elif answer.status not in (204, 304) and "content-length" not in {name.lower() for name in answer.headers}:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            if answer.stream is not None:
                self._pour(answer.stream, closing)
            else:
                self.wfile.write(answer.body)
        self.wfile.flush()

    def _pour(self, stream: Stream, closing: threading.Event) -> None:
        for block in stream() if callable(stream) else stream:
            if closing.is_set():
                self.close_connection = True
                return
            if block:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def _conditional(answer: Answer, asked: dict[str, str]) -> Answer:
    """With its validators, or the 304 in its place (RFC 9110 §13.2.2: If-Modified-Since only without If-None-Match)."""
    if answer.status != 200 or not answer.conditional or answer.stream is not None:
        return answer
    given = {name.lower(): value for name, value in answer.headers.items()}
    etag = given.get("etag") or f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    modified = given.get("last-modified") or format_datetime(answer.modified.astimezone(UTC), usegmt=True)
    validators = {"etag": etag, "last-modified": modified}
    if _is_known(etag, modified, asked):
        return replace(answer, status=304, body=b"", headers=validators)
    rest = {name: value for name, value in answer.headers.items() if name.lower() not in validators}
    return replace(answer, headers=rest | validators)


def _is_known(etag: str, modified: str, asked: dict[str, str]) -> bool:
    if "if-none-match" in asked:
        tags = [tag.strip().removeprefix("W/") for tag in asked["if-none-match"].split(",")]
        return "*" in tags or etag.removeprefix("W/") in tags
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(asked["if-modified-since"])
    except (KeyError, ValueError, TypeError):
        return False
