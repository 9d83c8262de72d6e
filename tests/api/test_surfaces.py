"""Surfaces: whose route is it, and every error in that surface's body: what any second surface must pass."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from api.middleware import BodyLimit, RequestLog
from api.surfaces.handlers import install_handlers
from api.surfaces.names import Surface, surface_of_path
from api.surfaces.route import surface_router
from core.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated, Unprocessable
from tests.support.client import Shape, check_error

MAX_BYTES = 1_000


class TestWhoseRouteIsIt:
    @pytest.mark.parametrize(
        ("path", "surface"),
        [
            *[(f"/api/v1/{name}", Surface.VOXFORGE) for name in ("agents", "campaigns", "calls", "appointments")],
            *[
                (f"/api/v1/{name}", Surface.INTEGRATION)
                for name in ("workflows", "executions", "credentials", "connectors", "webhooks", "openapi")
            ],
            *[
                (f"/api/{name}", Surface.FRONTDESK)
                for name in ("calls", "leads", "appointments", "sms", "emails", "webhooks", "secrets")
            ],
            ("/api/v1", Surface.INSYDR), ("/api/v1/workspaces", Surface.INSYDR), ("/api/v1/auth/me", Surface.INSYDR),
            ("/api/v1/openapi.json", Surface.INSYDR), ("/api/v1/workspaces/w/agents", Surface.INSYDR),
            ("/api/v1/agents/a/b/c", Surface.VOXFORGE), ("/api/v1/agents/", Surface.VOXFORGE),
            ("/api/v1/agentsmith", Surface.INSYDR), ("/api/callsign", Surface.ASKPRO),
            ("/api/webhooks/retell", Surface.ASKPRO), ("/api/webhooks/calcom", Surface.ASKPRO),
            ("/api/webhooks/retell/x", Surface.ASKPRO), ("/api/webhooks/other", Surface.FRONTDESK),
            ("/api/retell-webhooks", Surface.ASKPRO), ("/api/calcom-webhooks/e", Surface.ASKPRO),
            ("/api/service-gateway", Surface.ASKPRO), ("/api", Surface.ASKPRO), ("/docs/api", Surface.ASKPRO),
            ("/docs/api.json", Surface.ASKPRO), ("/docs", Surface.INSYDR), ("/", Surface.INSYDR),
            ("/livez", Surface.INSYDR), ("/apiary", Surface.INSYDR),
        ],
    )  # fmt: skip
    def test_the_longest_prefix_wins(self, path: str, surface: Surface) -> None:
        assert surface_of_path(path) is surface


# a path of each surface, below which the test's own routes are
PLACES = {
    Surface.INSYDR: "/api/v1/things",
    Surface.VOXFORGE: "/api/v1/campaigns/things",
    Surface.INTEGRATION: "/api/v1/workflows/things",
    Surface.FRONTDESK: "/api/leads/things",
    Surface.ASKPRO: "/api/service-gateway/things",
}
ERRORS = {
    "conflict": Conflict("Taken.", code="TAKEN"),
    "forbidden": Forbidden("No."),
    "missing": NotFound("Gone.", code="THING_NOT_FOUND"),
    "limit": TooManyRequests("Slow down.", retry_after_s=7),
    "login": Unauthenticated("Who?"),
    "unprocessable": Unprocessable("At most 3.", code="LIMIT_REACHED", details={"limit": 3}),
}
NO_CONFLICT = (Surface.VOXFORGE, Surface.INTEGRATION, Surface.ASKPRO)


class ThingIn(BaseModel):
    count: int


def app_of_all() -> RequestLog:
    """Each surface with the same few routes."""
    app = FastAPI(openapi_url=None)
    for surface, place in PLACES.items():
        router = surface_router(surface, place, tag="Things")

        @router.get("/{kind}")
        def fail(kind: str) -> None:
            if kind == "crash":
                raise RuntimeError("secret detail")
            raise ERRORS[kind]

        @router.post("")
        def take(body: ThingIn) -> ThingIn:
            return body

        app.include_router(router)
    install_handlers(app)
    return RequestLog(BodyLimit(app, MAX_BYTES))


def ask(method: str, path: str, **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app_of_all(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def check_body(surface: Surface, reply: httpx.Response) -> str:
    """The body is exactly this surface's; its message."""
    body = reply.json()
    if surface is Surface.INSYDR:
        assert body.keys() >= {"detail", "code"}
        return str(body["detail"])
    if surface is Surface.VOXFORGE:
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message"}
        return str(body["error"]["message"])
    if surface is Surface.INTEGRATION:
        assert isinstance(body["error"], str)
        return str(body["error"])
    if surface is Surface.FRONTDESK:
        assert isinstance(body["message"], str)
        return str(body["message"])
    assert body.keys() == {"success", "error", "code", "details"}
    assert body["success"] is False
    return str(body["error"])


@pytest.mark.parametrize("surface", Surface)
class TestErrors:
    @pytest.mark.parametrize("kind", ERRORS)
    def test_raised_in_a_route(self, kind: str, surface: Surface) -> None:
        reply = ask("GET", f"{PLACES[surface]}/{kind}")
        status = ERRORS[kind].status
        assert reply.status_code == (400 if status == 409 and surface in NO_CONFLICT else status)
        assert check_body(surface, reply) == ERRORS[kind].message
        assert reply.headers.get("retry-after") == ("7" if kind == "limit" else None)
        assert reply.headers.get("www-authenticate") == ("Bearer" if kind == "login" else None)

    def test_a_crash_tells_nothing(self, surface: Surface) -> None:
        reply = ask("GET", f"{PLACES[surface]}/crash", headers={"X-Request-Id": "req-1"})
        assert reply.status_code == 500
        assert "req-1" in check_body(surface, reply)
        assert "secret detail" not in reply.text
        assert reply.headers["x-request-id"] == "req-1"

    def test_invalid_input_is_400(self, surface: Surface) -> None:
        for options in (
            {"json": {"count": "many"}},
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
        ):
            reply = ask("POST", PLACES[surface], **options)
            assert reply.status_code == 400
            assert check_body(surface, reply)

    def test_no_such_route(self, surface: Surface) -> None:
        reply = ask("GET", f"{PLACES[surface]}/a/b/c")
        assert reply.status_code == 404
        assert check_body(surface, reply)

    def test_another_method(self, surface: Surface) -> None:
        reply = ask("PUT", PLACES[surface])
        assert reply.status_code == 405
        assert check_body(surface, reply)
        assert reply.headers["allow"] == "POST"

    def test_too_large_by_its_length(self, surface: Surface) -> None:
        reply = ask("POST", PLACES[surface], content=b"x" * 2_000)
        assert reply.status_code == 413
        assert check_body(surface, reply)

    def test_too_large_while_it_streams(self, surface: Surface) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b'{"count":'
            for _ in range(20):
                yield b" " * 100

        reply = ask("POST", PLACES[surface], content=body(), headers={"Content-Type": "application/json"})
        assert reply.status_code == 413
        assert check_body(surface, reply)

    def test_nul_in_the_address(self, surface: Surface) -> None:
        for address in (f"{PLACES[surface]}/a%00", f"{PLACES[surface]}?q=%00"):
            reply = ask("GET", address)
            assert reply.status_code == 400
            assert check_body(surface, reply)


class TestRequestIds:
    def test_a_given_one_comes_back(self, embedded: Shape) -> None:
        assert embedded.http.get("/livez", headers={"X-Request-Id": "abc"}).headers["x-request-id"] == "abc"

    @pytest.mark.parametrize("given", ["", "x" * 101, "a\tb"])
    def test_a_bad_one_is_replaced(self, given: str, embedded: Shape) -> None:
        made = embedded.http.get("/livez", headers={"X-Request-Id": given}).headers["x-request-id"]
        assert made.startswith("req_")


class TestService:
    def test_health(self, embedded: Shape) -> None:
        assert embedded.http.get("/livez").json() == {"status": "ok"}
        ready = embedded.http.get("/readyz").json()
        assert ready == {"status": "ok", "parts": dict.fromkeys(("database", "blobs", "embedding", "vectors"), "ok")}
        assert embedded.http.get("/metrics").status_code == 200

    def test_unmatched_on_the_running_service(self, embedded: Shape) -> None:
        check_error(embedded.http.get("/api/v1/nothing"), 404, "NOT_FOUND")
        check_error(embedded.http.put("/api/v1/workspaces"), 405, "METHOD_NOT_ALLOWED")
        assert embedded.http.get("/api/leads/none").json().keys() == {"message"}
        assert embedded.http.get("/api/v1/campaigns").json().keys() == {"error"}
