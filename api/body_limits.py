"""Limits of bodies, by route: 413 as soon as one is larger, by its declared length, else while it streams."""

from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from api.state import ApiState
from core.errors import TooLarge

PLAIN_BODY_BYTES = 4 * 2**20
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_TAKES_FILES = "takes_files"


def takes_files(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint whose body may be as large as an upload. To stand below the route's decorator."""
    vars(endpoint)[_TAKES_FILES] = True
    return endpoint


def limited(handler: Handler, endpoint: Callable[..., Any]) -> Handler:
    """Wrap a route's handler. Every body but an upload is read into memory whole, so it may have less."""
    is_upload = _TAKES_FILES in vars(endpoint)

    async def handle(request: Request) -> Response:
        state: ApiState = request.app.state.insydr
        upload_bytes = state.settings.max_upload_mb * 2**20
        max_bytes = upload_bytes if is_upload else min(upload_bytes, PLAIN_BODY_BYTES)
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > max_bytes:
            raise too_large(max_bytes)
        return await handler(Request(request.scope, _Counter(request.receive, max_bytes)))

    return handle


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
