"""Limits of bodies, by route: 413 as soon as one is larger, by its declared length, else while it streams; 408 when it
stops. What is answered before the body has come closes the connection, so that the rest is not sent in vain.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from api.state import ApiState
from core.errors import InsydrError, TooLarge, TooSlow
from domain.principal import Permission

PLAIN_BODY_BYTES = 4 * 2**20
SLOWEST_BYTES_S = 64  # on the average of the time that we waited for it
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_TAKES_FILES, _MOST_BYTES = "takes_files", "most_bytes"


def takes_files(needs: Permission, most_bytes: int | None = None) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint whose body may be as large as an upload, or `most_bytes` where it is read into memory, and is
    read by those only who have the permission. To stand below the route's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)[_TAKES_FILES], vars(endpoint)[_MOST_BYTES] = needs, most_bytes
        return endpoint

    return mark


def needed_before(endpoint: Callable[..., Any]) -> Permission | None:
    """The permission without which the endpoint's body is not read."""
    needs: Permission | None = vars(endpoint).get(_TAKES_FILES)
    return needs


def limited(handler: Handler, endpoint: Callable[..., Any]) -> Handler:
    """Wrap a route's handler. Every body but an upload is read into memory whole, so it may have less."""
    is_upload = _TAKES_FILES in vars(endpoint)
    most_bytes: int | None = vars(endpoint).get(_MOST_BYTES) if is_upload else PLAIN_BODY_BYTES

    async def handle(request: Request) -> Response:
        state: ApiState = request.app.state.insydr
        upload_bytes = state.settings.max_upload_mb * 2**20
        max_bytes = upload_bytes if most_bytes is None else min(upload_bytes, most_bytes)
        body = _Counter(request.receive, max_bytes, state.settings.body_idle_s)
        try:
            if _length(request) > max_bytes:
                raise too_large(max_bytes)
            return await handler(Request(request.scope, body))
        except (InsydrError, HTTPException) as error:
            cause = error if isinstance(error, InsydrError) else error.__cause__
            if isinstance(cause, InsydrError) and not body.ended and has_body(request):
                cause.headers["Connection"] = "close"
            raise

    return handle


def _length(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdigit() else 0


def has_body(request: Request) -> bool:
    return _length(request) > 0 or "transfer-encoding" in request.headers


class _Counter:
    """Also gives up a body that has stopped coming, or comes so slowly that it only holds its place."""

    def __init__(self, receive: Receive, max_bytes: int, idle_s: float) -> None:
        self._receive, self._left, self._max_bytes, self._idle_s = receive, max_bytes, max_bytes, idle_s
        self._waited_s, self.ended = 0.0, False

    async def __call__(self) -> MutableMapping[str, Any]:
        if self.ended:  # what comes now is the caller's leaving, for which streams wait
            return await self._receive()
        message = await self._next()
        self.ended = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise too_large(self._max_bytes)
        came = self._max_bytes - self._left
        if not self.ended and self._waited_s > self._idle_s and came < self._waited_s * SLOWEST_BYTES_S:
            raise TooSlow(f"The body came at less than {SLOWEST_BYTES_S} bytes a second. Nothing was kept; try again.")
        return message

    async def _next(self) -> MutableMapping[str, Any]:
        began = time.monotonic()
        try:
            return await asyncio.wait_for(self._receive(), self._idle_s)
        except TimeoutError:
            raise TooSlow(f"Nothing of the body came for {self._idle_s:g} s. Nothing was kept; try again.") from None
        finally:
            self._waited_s += time.monotonic() - began


def too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {max_bytes / 2**20:g} MiB allowed here.")
