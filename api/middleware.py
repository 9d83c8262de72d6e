"""Pure ASGI, outermost first: request id, log and the last defence against crashes; addresses, HEAD, redirects."""

import ipaddress
import time
from urllib.parse import urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.principal import REQUEST_ID
from api.surfaces import surface_of_path
from core.errors import InsydrError, InvalidInput
from core.ids import Prefix, new_id

log = structlog.get_logger()
_QUIET = ("/livez", "/readyz", "/metrics")
_REDIRECTS = (301, 302, 303, 307, 308)
NO_CONTENT = b"default-src 'none'; frame-ancestors 'none'"  # a browser may run and load nothing of what we answer


class RequestLog:
    """`X-Request-Id` in and out, one log line a request, and a 500 in the surface's envelope for what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or new_id(Prefix.REQUEST)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})[REQUEST_ID] = request_id
        started, reply = time.perf_counter(), _Reply(send, request_id)
        try:
            await self._app(scope, receive, reply)
        except ClientDisconnect:  # in the middle of its body: nothing was kept, and nobody is there to be told
            log.info("client_gone", path=scope["path"])
        except Exception:  # whatever it is, the caller gets the envelope and we get the traceback
            log.exception("request_crashed", path=scope["path"])
            if reply.status is None:
                error = InsydrError(f"Something broke on our side. Tell us this request id: {request_id}.")
                await surface_of_path(scope["path"]).render(error)(scope, receive, reply)
        if scope["path"] not in _QUIET:
            elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=reply.status, ms=elapsed_ms)


class _Reply:
    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id, self.status = send, request_id, None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", []), (b"x-request-id", self._request_id.encode())]
            headers.append((b"x-content-type-options", b"nosniff"))
            if not any(name == b"content-security-policy" for name, _ in headers):
                headers.append((b"content-security-policy", NO_CONTENT))
            message = {**message, "headers": headers}
        await self._send(message)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if 0 < len(text) <= 100 and text.isascii() and text.isprintable() else None
    return None


class ProxyHops:
    """The client as the outermost of so many proxies saw it, where nobody knows their addresses: each appends to
    `X-Forwarded-For` who asked it, so what stands left of their entries is the client's own invention.

    A request with fewer entries did not come through them all: it keeps its peer's address.
    """

    def __init__(self, app: ASGIApp, hops: int) -> None:
        self._app, self._hops = app, hops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
            entries = [entry.strip() for entry in given.decode("latin-1").split(",")]
            address = _address(entries[-self._hops]) if len(entries) >= self._hops else None
            if address is not None:
                scope = {**scope, "client": (address, 0)}
        await self._app(scope, receive, send)


def _address(entry: str) -> str | None:
    """Of `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; None for anything else."""
    host = entry[1:].partition("]")[0] if entry.startswith("[") else entry
    for text in (host, host.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            continue
    return None


class PlainAddress:
    """400 for NUL in an address: PostgreSQL takes none in a text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\x00" in scope["path"] or b"%00" in scope.get("query_string", b"")):
            error = InvalidInput("Addresses must not contain NUL characters.", code="INVALID_PATH")
            await surface_of_path(scope["path"]).render(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class HeadRequests:
    """HEAD is GET without the body (RFC 9110 §9.3.2). A stream is not begun: its response sees that the caller left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def only_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app({**scope, "method": "GET"}, receive, only_head)


class OwnRedirects:
    """A redirect names our public URL, else only the path: what a request calls us in `Host` is not believed."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app, self._base = app, (public_url or "").rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REDIRECTS:
                headers = [
                    (name, self._own(value) if name == b"location" else value) for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, reply)

    def _own(self, location: bytes) -> bytes:
        path = urlsplit(location.decode("latin-1"))._replace(scheme="", netloc="").geturl()
        return f"{self._base}/{path.lstrip('/')}".encode("latin-1")  # `//host` would be another host's
