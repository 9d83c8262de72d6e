"""`Idempotency-Key` on creating posts: the same key, caller and body get the first reply again, once made.

Source: draft-ietf-httpapi-idempotency-key-header-07. A key with another body is 422, one still running 409.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from api.principal import Caller, needed
from api.state import ApiState
from core.errors import Conflict, InvalidInput, Unprocessable
from domain.idempotency.service import IdempotencyService, Kept

HEADER = "Idempotency-Key"
MEMORY_BYTES = 1 << 20
BLOCK_BYTES = 1 << 18
SpooledBody = tempfile.SpooledTemporaryFile[bytes]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Identity = Callable[[Request, ApiState], Caller]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_BY_ITSELF = "answers_once"


def answers_once(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that looks after `Idempotency-Key` by itself. To stand below the route's decorator."""
    vars(endpoint)[_BY_ITSELF] = True
    return endpoint


def idempotent(handler: Handler, identity: Identity, endpoint: Callable[..., Any]) -> Handler:
    """Wrap a route's handler; does nothing for requests without the header, and for endpoints that see to it.

    `identity` says who asks, and where, by today's credentials: a kept reply, which may hold a key, is found only by
    its caller, and given only to who still has the permissions that it took. Those are what the first request
    required of its principal, so that no route has to declare them a second time.
    """

    if _BY_ITSELF in vars(endpoint):
        return handler

    async def handle(request: Request) -> Response:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return await handler(request)
        if not 1 <= len(key) <= 255:
            raise InvalidInput(f"{HEADER} needs 1 to 255 characters.", field=HEADER)
        caller = await run_in_threadpool(identity, request, request.app.state.insydr)
        with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as body:
            fingerprint = await _spooled(request, body)
            again = Request(request.scope, _replay(body, request.receive))
            return await _once(handler, again, caller, f"{caller.name}\0{request.url.path}\0{key}", fingerprint)

    return handle


async def _once(handler: Handler, request: Request, caller: Caller, scope: str, fingerprint: str) -> Response:
    state: ApiState = request.app.state.insydr
    service = state.replies
    scope = state.keys.digest("idempotency", scope)
    fingerprint = state.keys.digest("idempotency-body", fingerprint)  # a body may be a secret that could be guessed
    kept = await run_in_threadpool(service.begin, scope, fingerprint)
    if kept is not None:
        return _replayed(kept, fingerprint, caller)
    return await _first(handler, request, service, scope)


async def _first(handler: Handler, request: Request, service: IdempotencyService, scope: str) -> Response:
    response: Response | None = None
    try:
        response = await handler(request)
    finally:
        body: Any = getattr(response, "body", None)
        if response is not None and response.status_code in (201, 202) and isinstance(body, bytes):
            needs = needed(request)
            await run_in_threadpool(service.finish, scope, response.status_code, body, needs)
        else:  # an error keeps nothing: the caller may try the same key again
            await run_in_threadpool(service.forget, scope)
    return response


def _replayed(kept: Kept, fingerprint: str, caller: Caller) -> Response:
    if caller.who is not None:
        for permission in kept.needs:
            caller.who.require(permission)
    if kept.fingerprint != fingerprint:
        raise Unprocessable(f"This {HEADER} was used for another request.", code="IDEMPOTENCY_KEY_REUSED")
    if kept.status is None:
        raise Conflict("The first request with this key is still running.", code="IDEMPOTENCY_IN_PROGRESS")
    headers = {"Idempotency-Replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type="application/json", headers=headers)


async def _spooled(request: Request, body: SpooledBody) -> str:
    """Keep the body for the handler; its fingerprint, without a form's boundary, which is another at each try."""
    digest = hashlib.sha256(request.url.query.encode())
    boundary = _boundary(request.headers.get("content-type", ""))
    tail = b""
    async for block in request.stream():
        await run_in_threadpool(body.write, block)
        plain = (tail + block).replace(boundary, b"") if boundary else block
        cut = max(0, len(plain) - len(boundary))  # what may be a boundary's beginning waits for the rest
        digest.update(plain[:cut])
        tail = plain[cut:]
    digest.update(tail)
    body.seek(0)
    return digest.hexdigest()


def _boundary(content_type: str) -> bytes:
    found = re.match(r"multipart/.*;\s*boundary=(?:\"([^\"]{1,70})\"|([^\s;]{1,70}))", content_type, re.IGNORECASE)
    return (found[1] or found[2]).encode("latin-1") if found else b""


def _replay(body: SpooledBody, receive: Receive) -> Receive:
    """The kept body as the server sent it; after its end whatever comes from there (a disconnect)."""
    ended = False

    async def next_message() -> Message:
        nonlocal ended
        if ended:
            return await receive()
        block = await run_in_threadpool(body.read, BLOCK_BYTES)
        ended = not block
        return {"type": "http.request", "body": block, "more_body": not ended}

    return next_message
