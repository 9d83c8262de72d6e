"""`Idempotency-Key` on creating posts: the same key, caller and body get the first reply again, once made.

Source: draft-ietf-httpapi-idempotency-key-header-07. A key with another body is 422, one still running 409.
"""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.auth import current_user, workspace_principal
from api.state import ApiState
from core.errors import Conflict, InvalidInput, Unprocessable
from domain.idempotency.service import IdempotencyService, Kept

HEADER = "Idempotency-Key"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def idempotent(handler: Handler) -> Handler:
    """Wrap a route's handler; does nothing for requests without the header."""

    async def handle(request: Request) -> Response:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return await handler(request)
        if not 1 <= len(key) <= 255:
            raise InvalidInput(f"{HEADER} needs 1 to 255 characters.", field=HEADER)
        state: ApiState = request.app.state.insydr
        service = IdempotencyService(state.database, state.keys)
        scope, fingerprint = _scope(request, key, state), await _fingerprint(request)
        kept = await run_in_threadpool(service.begin, scope, fingerprint)
        if kept is not None:
            await run_in_threadpool(_check_caller, request, state)
            return _replayed(kept, fingerprint)
        return await _first(handler, request, service, scope)

    return handle


async def _first(handler: Handler, request: Request, service: IdempotencyService, scope: str) -> Response:
    response: Response | None = None
    try:
        response = await handler(request)
    finally:
        body: Any = getattr(response, "body", None)
        if response is not None and response.status_code in (201, 202) and isinstance(body, bytes):
            await run_in_threadpool(service.finish, scope, response.status_code, body)
        else:  # an error keeps nothing: the caller may try the same key again
            await run_in_threadpool(service.forget, scope)
    return response


def _check_caller(request: Request, state: ApiState) -> None:
    """A kept reply may hold a key: it is not for credentials that ended since, nor for somebody who left."""
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    workspace_id = request.path_params.get("workspace_id")
    if workspace_id is not None:
        workspace_principal(workspace_id, request, state, token)
    elif token:
        current_user(state, token)


def _replayed(kept: Kept, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise Unprocessable(f"This {HEADER} was used for another request.", code="IDEMPOTENCY_KEY_REUSED")
    if kept.status is None:
        raise Conflict("The first request with this key is still running.", code="IDEMPOTENCY_IN_PROGRESS")
    headers = {"Idempotency-Replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type="application/json", headers=headers)


def _scope(request: Request, key: str, state: ApiState) -> str:
    who = request.headers.get("authorization", "")
    return state.keys.digest("idempotency", f"{who}\0{request.url.path}\0{key}")


async def _fingerprint(request: Request) -> str:
    """Of the body; a multipart body, which has a random boundary and may be large, by its length."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        return f"multipart:{request.headers.get('content-length', '')}:{request.url.query}"
    digest = hashlib.sha256(request.url.query.encode())
    digest.update(await request.body())
    return digest.hexdigest()
