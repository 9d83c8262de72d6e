"""Pure ASGI, outermost first: request id and access log, the last defence against crashes, limits of bodies."""

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.surfaces.errors import render
from api.surfaces.names import surface_of_path
from core.errors import InsydrError, InvalidInput, TooLarge
from core.ids import Prefix, new_id

log = structlog.get_logger()
UPLOADS = ("/documents", "/documents/batch")
PLAIN_BODY_BYTES = 4 * 2**20
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
                await render(error, surface_of_path(scope["path"]))(scope, receive, reply)
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


class BodyLimit:
    """413 as soon as the body is larger than allowed: by its declared length, else while it streams. 400 for NUL.

    Uploads may have `max_bytes`; every other body is read into memory whole, so it may have less.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    def _limit(self, scope: Scope) -> int:
        is_upload = str(scope["path"]).rstrip("/").endswith(UPLOADS)
        return self._max_bytes if is_upload else min(self._max_bytes, PLAIN_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_start(scope)
        except InsydrError as error:
            await render(error, surface_of_path(scope["path"]))(scope, receive, send)
            return
        counter = _Counter(receive, self._limit(scope))
        try:
            await self._app(scope, counter, send)
        except TooLarge as error:  # raised in the middle of a form: nothing was sent yet
            await render(error, surface_of_path(scope["path"]))(scope, receive, send)

    def _check_start(self, scope: Scope) -> None:
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            raise InvalidInput("Addresses must not contain NUL characters.", code="INVALID_PATH")
        length = Request(scope).headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limit(scope):
            raise too_large(self._limit(scope))


class _Counter:
    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive, self._left, self._max_bytes = receive, max_bytes, max_bytes

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise too_large(self._max_bytes)
        return message


def too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {max_bytes / 2**20:g} MiB allowed here.")
