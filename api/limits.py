"""How many requests a caller may make of each surface (CONTRACT, “Limits”): counted before anything of them is read.

A caller is a key or a person; whoever cannot be told (nobody, credentials that do not hold, another workspace's id) is
where the request comes from. Preflights are answered by the widget's CORS, any number of them.
"""

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.body_limits import has_body
from api.principal import SECRET_KEY_PREFIX, WORKSPACE_HEADER, client_of, current_user, principal, token_in
from api.state import ApiState
from api.surface import Surface
from api.surfaces import bucket_of_path, owner_of_path
from api.visitor import ALLOWED_ORIGIN, PUBLIC_KEY_HEADER, visitor_principal
from core.crypto import same
from core.errors import InsydrError, TooManyRequests
from core.metrics import RATE_LIMITED
from core.rates.rate import Standing
from core.settings import Plan
from domain.workspaces.repository import WorkspaceRepository

FRESH_S = 30.0  # how long a caller's plan is believed; their credentials are looked at with every request
MOST_KNOWN = 10_000
_WORKSPACE = re.compile(r"/api/v1/workspaces/([A-Za-z0-9_-]{1,64})(?:/|$)")
_TELLING = ("authorization", PUBLIC_KEY_HEADER, "origin", "sec-fetch-site")


@dataclass(frozen=True, slots=True)
class Counted:
    """Who is counted, on which plan; None for the operator, who is not. `origin` is the page of a public key."""

    name: str
    plan: Plan | None
    origin: str | None = None


class RateLimits:
    """`X-RateLimit-*` on every reply of a surface, also on errors; 429 beyond the limit."""

    def __init__(self, app: ASGIApp, state: ApiState) -> None:
        self._app, self._state, self._known = app, state, _Known()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        surface = owner_of_path(scope["path"]) if scope["type"] == "http" else None
        if surface is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        bucket = bucket_of_path(surface, scope["path"])
        counted = await self._counted(request, surface)
        rates = bucket.rates[counted.plan] if counted.plan else ()
        name = self._state.keys.digest("rate", f"{bucket.name}\0{counted.name}")
        standing = await self._state.limiter.take(name, rates)
        told = [(name.lower().encode(), value.encode()) for name, value in rate_headers(standing).items()]

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *told]}
            await send(message)

        if standing.allowed:
            await self._app(scope, receive, reply)
            return
        RATE_LIMITED.labels(bucket.name).inc()
        scope.setdefault("state", {})[ALLOWED_ORIGIN] = counted.origin  # the page may read that it must wait
        await surface.render(_refusal(standing, closes=has_body(request)))(scope, receive, reply)

    async def _counted(self, request: Request, surface: Surface) -> Counted:
        asked = _asked(request, surface)
        counted = self._known.get(asked)
        if counted is None:
            counted = await run_in_threadpool(self._look, request, surface)
            if counted is None:
                return Counted(client_of(request), self._state.settings.plan)
            self._known.put(asked, counted)
        return counted

    def _look(self, request: Request, surface: Surface) -> Counted | None:
        """None for whoever cannot be told; what is wrong about them their endpoint says, where it wants to know."""
        state, token, public = self._state, token_in(request), request.headers.get(PUBLIC_KEY_HEADER)
        if state.operator_token is not None and same(token, state.operator_token):
            return Counted("operator", None)
        try:
            if public and not token:
                who = visitor_principal(request, state, public)
            elif token.startswith(SECRET_KEY_PREFIX):
                who = principal(request, state, token, None)
            elif not token:
                return None
            elif surface.workspace_in_path and not _workspace(request, surface):
                return Counted(f"user {current_user(state, token).id}", state.settings.plan)
            else:
                who = principal(request, state, token, _workspace(request, surface))
            with state.database.read() as session:
                plan = WorkspaceRepository(session).plan(who.workspace_id)
        except InsydrError:
            return None
        origin = request.headers.get("origin") if public and not token else None
        return Counted(who.key_id or f"user {who.user_id}", Plan(plan), origin) if plan else None


class _Known:
    """Callers that were told apart a moment ago: those asked for latest."""

    def __init__(self) -> None:
        self._callers: OrderedDict[bytes, tuple[float, Counted]] = OrderedDict()

    def get(self, asked: bytes) -> Counted | None:
        since, counted = self._callers.get(asked, (0.0, None))
        return counted if time.monotonic() - since < FRESH_S else None

    def put(self, asked: bytes, counted: Counted) -> None:
        self._callers[asked] = time.monotonic(), counted
        self._callers.move_to_end(asked)
        if len(self._callers) > MOST_KNOWN:
            self._callers.popitem(last=False)


def _asked(request: Request, surface: Surface) -> bytes:
    """What tells a caller and their workspace apart, as a digest: credentials are kept nowhere."""
    parts = [request.headers.get(name, "") for name in _TELLING]
    text = "\0".join([_workspace(request, surface) or "", surface.name, *parts])
    return hashlib.blake2b(text.encode("latin-1", "replace"), digest_size=16).digest()


def _workspace(request: Request, surface: Surface) -> str | None:
    if not surface.workspace_in_path:
        return request.headers.get(WORKSPACE_HEADER)
    found = _WORKSPACE.match(request.scope["path"])
    return found[1] if found else None


def rate_headers(standing: Standing) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(standing.rate.requests), "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(standing.resets_at),
    }  # fmt: skip


def _refusal(standing: Standing, *, closes: bool) -> TooManyRequests:
    wait_s, rate = standing.retry_after_s(), standing.rate
    window = "a minute" if rate.seconds == 60 else "an hour" if rate.seconds == 3_600 else f"in {rate.seconds} s"
    error = TooManyRequests(
        f"Too many requests: the limit is {rate.requests:,} {window}. Try again in {wait_s} s.", retry_after_s=wait_s
    )
    if closes:  # nobody reads what else comes
        error.headers["Connection"] = "close"
    return error
