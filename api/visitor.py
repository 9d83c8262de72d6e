"""Visitors of other people's pages: who asks with a public key from the page of an origin."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from api.principal import PUBLIC_KEY_PREFIX
from api.state import ApiState, State
from core.errors import Forbidden, Unauthenticated
from domain.api_keys.service import visitor_of_key
from domain.principal import Principal

PUBLIC_KEY_HEADER = "X-API-Key"
_KNOWN, ALLOWED_ORIGIN = "visitor", "allowed_origin"
_key = APIKeyHeader(name=PUBLIC_KEY_HEADER, auto_error=False, description="A public key: `pk_live_…`.")
PublicKey = Annotated[str | None, Security(_key)]


def visitor_principal(request: Request, state: State, key: PublicKey) -> Principal:
    """Who asks from somebody's page; resolved once a request, and its origin remembered for the reply."""
    kept = request.scope.setdefault("state", {})
    if _KNOWN not in kept:
        kept[_KNOWN] = _resolved(state, key, _origin(request))
        kept[ALLOWED_ORIGIN] = request.headers.get("origin")
    visitor: Principal = kept[_KNOWN]
    return visitor


def _origin(request: Request) -> str | None:
    """Browsers name none when a page asks its own server, as the sample page does, and say so in a header that no
    script can set. Whoever is no browser may say what they like in either."""
    origin = request.headers.get("origin")
    if origin is None and request.headers.get("sec-fetch-site") == "same-origin":
        return f"{request.url.scheme}://{request.url.netloc}"
    return origin


def _resolved(state: ApiState, key: str | None, origin: str | None) -> Principal:
    if not key:
        raise Unauthenticated("Send a public key: X-API-Key: pk_live_…", code="API_KEY_REQUIRED")
    if not key.startswith(PUBLIC_KEY_PREFIX):
        raise Forbidden("The widget takes public keys (pk_live_…) only; hide others.", code="PUBLIC_KEY_REQUIRED")
    with state.database.read() as session:
        who, key_id = visitor_of_key(session, state.keys, key, origin, localhost=state.settings.widget_localhost)
    state.key_usage.note(key_id)
    return who


Visitor = Annotated[Principal, Depends(visitor_principal)]
