"""Pure ASGI, outermost first: request id and access log, the last defence against crashes, addresses."""

import time

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.surfaces import surface_of_path
from core.errors import InsydrError, InvalidInput
from core.ids import Prefix, new_id

log = structlog.get_logger()
_QUIET = ("/livez", "/readyz", "/metrics")


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
            message = {**message, "headers": headers}
        await self._send(message)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if 0 < len(text) <= 100 and text.isascii() and text.isprintable() else None
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
