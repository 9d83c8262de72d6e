"""What browsers want to hear of the widget's replies (fetch.spec.whatwg.org, “CORS protocol”).

A reply may be read by pages of the origin that its key allowed, and by no other; whoever keeps copies of replies must
tell origins apart.
"""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.limits import rate_headers
from api.surfaces import surface_of_path
from api.visitor import ALLOWED_ORIGIN
from core.errors import Forbidden
from core.rates.rate import UNLIMITED, Rate, untouched
from domain.api_keys.origins import OriginBook

WIDGET_PATH = "/api/v1/widget/"
PREFLIGHT_S = 600
METHODS = "GET, POST, OPTIONS"
TAKEN = "content-type, x-api-key, idempotency-key, last-event-id"
SHOWN = "Retry-After, X-Request-Id, Idempotency-Replayed, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
VARY = {"Vary": "Origin"}


class WidgetCors:
    """Answers preflights of the widget's routes, and tells browsers whose pages may read their replies."""

    def __init__(self, app: ASGIApp, book: OriginBook) -> None:
        self._app, self._book = app, book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(WIDGET_PATH):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            response = await run_in_threadpool(self._preflight, scope["path"], headers.get("origin"))
            await response(scope, receive, send)
            return
        kept = scope.setdefault("state", {})

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_told(kept.get(ALLOWED_ORIGIN))]}
            await send(message)

        await self._app(scope, receive, reply)

    def _preflight(self, path: str, origin: str | None) -> Response:
        rates = rate_headers(untouched(Rate(UNLIMITED)))  # nobody can ask a browser to send fewer
        if not self._book.allows(origin):
            refused = Forbidden("No public key allows this origin.", code="ORIGIN_NOT_ALLOWED", headers=VARY | rates)
            return surface_of_path(path).render(refused)
        return Response(status_code=204, headers={
            "Access-Control-Allow-Origin": str(origin), "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": TAKEN, "Access-Control-Max-Age": str(PREFLIGHT_S), **VARY, **rates,
        })  # fmt: skip


def _told(origin: str | None) -> list[tuple[bytes, bytes]]:
    told = [(b"vary", b"Origin")]
    if origin is not None:
        told.append((b"access-control-allow-origin", origin.encode("latin-1")))
        told.append((b"access-control-expose-headers", SHOWN.encode()))
    return told
