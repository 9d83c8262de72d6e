"""Credentials before the body: nothing of it is read, let alone kept, for a caller who may not ask.

FastAPI reads bodies before it looks at dependencies, and `Idempotency-Key` needs the whole body: so what the headers
and the path tell is looked at first, on every route, by the very functions that its endpoint depends on.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.principal import WORKSPACE_HEADER, current_user, key_principal, token_in, token_of, workspace_principal
from api.state import ApiState
from api.visitor import PUBLIC_KEY_HEADER, visitor_principal
from domain.principal import Permission, Principal

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Look = Callable[[Request, ApiState], object]


def admitted(handler: Handler, dependant: Dependant, needs: Permission | None) -> Handler:
    """Wrap a route's handler; one that asks for no credentials stays as it is."""
    called = set(_calls(dependant))
    looks = [look for call, look in _LOOKS.items() if call in called]
    if not looks:
        return handler

    async def handle(request: Request) -> Response:
        await run_in_threadpool(_admit, request, looks[0], needs)
        return await handler(request)

    return handle


def _admit(request: Request, look: Look, needs: Permission | None) -> None:
    found = look(request, request.app.state.insydr)
    if needs is not None and isinstance(found, Principal):
        found.require(needs)


def _bearer(request: Request) -> str:
    return token_of(token_in(request))


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)


_LOOKS: dict[Callable[..., Any], Look] = {
    workspace_principal: lambda request, state: workspace_principal(
        request.path_params["workspace_id"], request, state, _bearer(request)
    ),
    key_principal: lambda request, state: key_principal(
        request, state, _bearer(request), request.headers.get(WORKSPACE_HEADER)
    ),
    current_user: lambda request, state: current_user(state, _bearer(request)),
    visitor_principal: lambda request, state: visitor_principal(request, state, request.headers.get(PUBLIC_KEY_HEADER)),
}
