"""Surfaces: whose route is it, and every error in that surface's body: what any second surface must pass."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp

from api.app import create_app
from api.askpro.surface import ASKPRO
from api.error_handlers import install_handlers
from api.frontdesk.surface import FRONTDESK
from api.insydr.surface import INSYDR
from api.integration.surface import INTEGRATION
from api.middleware import PlainAddress, RequestLog
from api.principal import KeyWho
from api.surface import Surface
from api.surfaces import SURFACES, surface_of_path
from api.voxforge.surface import VOXFORGE
from core.errors import Conflict, Forbidden, NotFound, PlanLimit, TooManyRequests, Unauthenticated, Unprocessable
from core.settings import Settings
from insydr.server import api_state
from tests.support.client import PASSWORD, Account, Shape, Workspace, check_error

MAX_BYTES = 4 * 2**20  # of a body that is no upload


class TestWhoseRouteIsIt:
    @pytest.mark.parametrize(
        ("path", "surface"),
        [
            *[(f"/api/v1/{name}", VOXFORGE) for name in ("agents", "campaigns", "calls", "appointments")],
            *[
                (f"/api/v1/{name}", INTEGRATION)
                for name in ("workflows", "executions", "credentials", "connectors", "webhooks", "openapi")
            ],
            *[
                (f"/api/{name}", FRONTDESK)
                for name in ("calls", "leads", "appointments", "sms", "emails", "webhooks", "secrets")
            ],
            ("/api/v1", INSYDR), ("/api/v1/workspaces", INSYDR), ("/api/v1/auth/me", INSYDR),
            ("/api/v1/openapi.json", INSYDR), ("/api/v1/workspaces/w/agents", INSYDR),
            ("/api/v1/agents/a/b/c", VOXFORGE), ("/api/v1/agents/", VOXFORGE),
            ("/api/v1/agentsmith", INSYDR), ("/api/callsign", ASKPRO),
            ("/api/webhooks/retell", ASKPRO), ("/api/webhooks/calcom", ASKPRO),
            ("/api/webhooks/retell/x", ASKPRO), ("/api/webhooks/other", FRONTDESK),
            ("/api/retell-webhooks", ASKPRO), ("/api/calcom-webhooks/e", ASKPRO),
            ("/api/service-gateway", ASKPRO), ("/api", ASKPRO), ("/docs/api", ASKPRO),
            ("/docs/api.json", ASKPRO), ("/docs", INSYDR), ("/", INSYDR),
            ("/livez", INSYDR), ("/apiary", INSYDR),
        ],
    )  # fmt: skip
    def test_the_longest_prefix_wins(self, path: str, surface: Surface) -> None:
        assert surface_of_path(path) is surface


class TestLeftOut:
    def test_what_a_surface_leaves_out_is_anothers(self) -> None:
        for surface in SURFACES:
            for path in surface.leaves_out:
                assert surface_of_path(path) is not surface
            inner = {one for other in SURFACES if other is not surface for one in other.prefixes}
            within = {one for one in inner if any(one.startswith(f"{prefix}/") for prefix in surface.prefixes)}
            if surface is FRONTDESK:
                assert within == set(surface.leaves_out)

    @pytest.mark.parametrize("path", FRONTDESK.leaves_out)
    def test_no_route_takes_it(self, embedded: Shape, path: str) -> None:
        reply = embedded.http.delete(path, headers={"Authorization": "Bearer sk_live_x"})
        assert reply.status_code == 404
        assert reply.json().keys() == {"success", "error", "code", "details"}


# a path of each surface, below which the test's own routes are
PLACES = {
    INSYDR: "/api/v1/things",
    VOXFORGE: "/api/v1/campaigns/things",
    INTEGRATION: "/api/v1/workflows/things",
    FRONTDESK: "/api/leads/things",
    ASKPRO: "/api/service-gateway/things",
}
ERRORS = {
    "conflict": Conflict("Taken.", code="TAKEN"),
    "forbidden": Forbidden("No."),
    "missing": NotFound("Gone.", code="THING_NOT_FOUND"),
    "limit": TooManyRequests("Slow down.", retry_after_s=7),
    "login": Unauthenticated("Who?"),
    "unprocessable": Unprocessable("At most 3.", code="LIMIT_REACHED", details={"limit": 3}),
    "plan": PlanLimit("One agent."),
}
NO_CONFLICT = (VOXFORGE, INTEGRATION, ASKPRO)


class ThingIn(BaseModel):
    count: int


def app_of_all() -> RequestLog:
    """Each surface with the same few routes."""
    app = FastAPI(openapi_url=None)
    app.state.insydr = SimpleNamespace(settings=Settings(_env_file=None))
    for surface, place in PLACES.items():
        router = surface.router(place, tag="Things")

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
    return RequestLog(PlainAddress(app))


def ask(method: str, path: str, *, app: ASGIApp | None = None, **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app or app_of_all(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def check_body(surface: Surface, reply: httpx.Response) -> str:
    """The body is exactly this surface's; its message."""
    body = reply.json()
    if surface is INSYDR:
        assert body.keys() >= {"detail", "code"}
        return str(body["detail"])
    if surface is VOXFORGE:
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message"}
        return str(body["error"]["message"])
    if surface is INTEGRATION:
        assert isinstance(body["error"], str)
        return str(body["error"])
    if surface is FRONTDESK:
        assert isinstance(body["message"], str)
        return str(body["message"])
    assert body.keys() == {"success", "error", "code", "details"}
    assert body["success"] is False
    return str(body["error"])


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
class TestErrors:
    @pytest.mark.parametrize("kind", ERRORS)
    def test_raised_in_a_route(self, kind: str, surface: Surface) -> None:
        reply = ask("GET", f"{PLACES[surface]}/{kind}")
        status = ERRORS[kind].status
        collides = kind in ("conflict", "unprocessable")
        assert reply.status_code == (400 if collides and surface in NO_CONFLICT else status)
        assert check_body(surface, reply) == ERRORS[kind].message
        jsonschema.validate(reply.json(), surface.error_schema)
        assert reply.headers.get("retry-after") == ("7" if kind == "limit" else None)
        assert reply.headers.get("www-authenticate") == ("Bearer" if kind == "login" else None)

    def test_a_plans_limit_has_the_surfaces_code(self, surface: Surface) -> None:
        code = {VOXFORGE: "LIMIT_REACHED", INTEGRATION: "PLAN_LIMIT"}.get(surface, "PLAN_LIMIT_EXCEEDED")
        reply = ask("GET", f"{PLACES[surface]}/plan")
        assert reply.status_code == 422
        assert code in reply.text or surface is FRONTDESK  # which has no codes

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
        reply = ask("POST", PLACES[surface], content=b"x" * (MAX_BYTES + 1))
        assert reply.status_code == 413
        assert check_body(surface, reply)

    def test_too_large_while_it_streams(self, surface: Surface) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b'{"count":'
            for _ in range(MAX_BYTES // 2**16 + 1):
                yield b" " * 2**16

        reply = ask("POST", PLACES[surface], content=body(), headers={"Content-Type": "application/json"})
        assert reply.status_code == 413
        assert check_body(surface, reply)

    def test_nul_in_the_address(self, surface: Surface) -> None:
        for address in (f"{PLACES[surface]}/a%00", f"{PLACES[surface]}?q=%00"):
            reply = ask("GET", address)
            assert reply.status_code == 400
            assert check_body(surface, reply)


class TestWhoAsksWithoutAWorkspaceInThePath:
    """On a second surface, mounted for the test: the key's workspace, or the header's, or a person's only one."""

    @pytest.fixture
    def things(self, embedded: Shape) -> "Things":
        return Things(embedded)

    @pytest.fixture
    def account(self, embedded: Shape) -> Account:
        return embedded.sign_up()

    def test_a_key_knows_its_workspace(self, things: "Things", account: Account) -> None:
        workspace = account.workspace()
        reply = things.post(secret_key(workspace))
        assert (reply.status_code, reply.json()["workspace"]) == (201, workspace.id)

    def test_a_key_does_not_reach_another_one(self, things: "Things", account: Account) -> None:
        key, other = secret_key(account.workspace()), account.workspace()
        assert things.post(key, other).status_code == 404

    def test_a_person_with_one_workspace(self, things: "Things", account: Account) -> None:
        workspace = account.workspace()
        assert things.post(account.token).json()["workspace"] == workspace.id

    def test_a_person_with_several_names_one(self, things: "Things", account: Account) -> None:
        one, two = account.workspace("One"), account.workspace("Two")
        reply = things.post(account.token)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "BAD_REQUEST")
        assert "X-Workspace-Id" in reply.json()["error"]["message"]
        for workspace in (one, two):
            assert things.post(account.token, workspace).json()["workspace"] == workspace.id

    def test_a_stranger_sees_nothing(self, things: "Things", account: Account, embedded: Shape) -> None:
        theirs = embedded.sign_up("Eve").workspace()
        account.workspace()
        assert things.post(account.token, theirs).status_code == 404
        assert things.post("").status_code == 401

    def test_a_key_gets_its_reply_again(self, things: "Things", account: Account) -> None:
        key = secret_key(account.workspace())
        first, again = things.post(key, key="k"), things.post(key, key="k")
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"

    def test_a_reply_stays_in_its_workspace(self, things: "Things", account: Account) -> None:
        one, two = account.workspace("One"), account.workspace("Two")
        assert things.post(account.token, one, key="k").json()["workspace"] == one.id
        assert things.post(account.token, two, key="k").json()["workspace"] == two.id
        assert things.post(account.token, one, key="k").json()["workspace"] == one.id

    def test_a_new_token_of_the_same_person_gets_the_same_reply(self, things: "Things", account: Account) -> None:
        account.workspace()
        first = things.post(account.token, key="k")
        login = {"email": account.email, "password": PASSWORD}
        token = account.shape.http.post("/api/v1/auth/login", json=login).json()["access_token"]
        assert token != account.token
        assert things.post(token, key="k").json() == first.json()

    def test_another_key_gets_one_of_its_own(self, things: "Things", account: Account) -> None:
        workspace = account.workspace()
        made = [things.post(secret_key(workspace), key="k").json()["number"] for _ in range(2)]
        assert made[0] != made[1]

    def test_a_revoked_key_gets_nothing(self, things: "Things", account: Account) -> None:
        workspace = account.workspace()
        body = {"name": "CI", "kind": "secret"}
        made = workspace.post("/api-keys", json=body).json()
        assert things.post(made["key"], key="k").status_code == 201
        workspace.delete(f"/api-keys/{made['id']}")
        assert things.post(made["key"], key="k").status_code == 401


def secret_key(workspace: Workspace) -> str:
    return str(workspace.post("/api-keys", json={"name": "CI", "kind": "secret"}).json()["key"])


class Things:
    """An app with one creating post of VoxForge, over the parts of a running installation."""

    def __init__(self, shape: Shape) -> None:
        self._app = FastAPI(openapi_url=None)
        self._app.state.insydr = api_state(shape.parts)
        router, numbers = VOXFORGE.router(PLACES[VOXFORGE], tag="Things"), count()

        @router.post("", status_code=201)
        def create(who: KeyWho) -> dict[str, Any]:
            return {"workspace": who.workspace_id, "number": next(numbers)}

        self._app.include_router(router)
        install_handlers(self._app)

    def post(self, token: str, workspace: Workspace | None = None, *, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Workspace-Id": workspace.id} if workspace else {}
        headers |= {"Idempotency-Key": key} if key else {}
        return ask("POST", PLACES[VOXFORGE], app=self._app, headers=headers)


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
        parts = ("database", "blobs", "embedding", "vectors", "disk")
        assert ready == {"status": "ok", "parts": dict.fromkeys(parts, "ok")}
        assert embedded.http.get("/metrics").status_code == 200

    def test_a_full_disk_is_degraded(self, embedded: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.disk.free_bytes", lambda _: 2**20)
        reply = embedded.http.get("/readyz")
        assert (reply.status_code, reply.json()["status"]) == (200, "degraded")
        assert "MiB left" in reply.json()["parts"]["disk"]

    def test_head_is_get_without_its_body(self, owner: Account, embedded: Shape) -> None:
        workspace = owner.workspace()
        job = workspace.batch('{"text": "one"}').json()["id"]
        for path in ("/livez", "/docs", "/api/v1/openapi.json", f"/api/v1/workspaces/{workspace.id}/jobs/{job}/events"):
            headers = {"Authorization": f"Bearer {owner.token}"}
            reply = embedded.http.head(path, headers=headers)
            assert (reply.status_code, reply.content) == (200, b"")
        assert embedded.http.head("/api/v1/workspaces").status_code == 401
        assert embedded.http.head("/nothing").status_code == 404
        assert embedded.http.head("/api/v1/auth/login").status_code == 405

    def test_redirects_do_not_believe_the_host(self, embedded: Shape) -> None:
        reply = embedded.http.get("/api/v1/workspaces/?limit=2", headers={"Host": "evil.example"})
        assert (reply.status_code, reply.headers["location"]) == (307, "/api/v1/workspaces?limit=2")

    def test_redirects_name_the_public_url(self, embedded: Shape) -> None:
        settings = embedded.parts.settings.model_copy(update={"public_url": "https://docs.example/insydr/"})
        app = create_app(replace(api_state(embedded.parts), settings=settings))
        reply = ask("GET", "/api/v1/workspaces/", app=app)
        assert reply.headers["location"] == "https://docs.example/insydr/api/v1/workspaces"

    def test_pages_may_run_our_scripts_only(self, embedded: Shape) -> None:
        page = embedded.http.get("/docs")
        policy = page.headers["content-security-policy"]
        (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'self' 'sha256-{digest}';" in policy
        assert policy.startswith("default-src 'none'")
        assert embedded.http.get("/livez").headers["content-security-policy"].startswith("default-src 'none'")

    @pytest.mark.parametrize(
        "body",
        [
            b"{", b"\xff", b'{"email": "\xff"}', b'{"email": "\\ud800"}', b'{"email": NaN}', b'{"email": -Infinity}',
            b'{"email": 1e999}', b"[" * 200_000, b'{"email": ' + b"9" * 5_000 + b"}", '{"email": "a"}'.encode("utf-16"),
        ],
        ids=lambda body: body[:18].decode("latin-1"),
    )  # fmt: skip
    def test_what_is_no_json_is_one_error(self, embedded: Shape, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        check_error(embedded.http.post("/api/v1/auth/login", content=body, headers=headers), 400, "INVALID_JSON")

    def test_unmatched_on_the_running_service(self, embedded: Shape) -> None:
        check_error(embedded.http.get("/api/v1/nothing"), 404, "NOT_FOUND")
        check_error(embedded.http.put("/api/v1/workspaces"), 405, "METHOD_NOT_ALLOWED")
        assert embedded.http.get("/api/leads/none").json().keys() == {"message"}
        assert embedded.http.get("/api/v1/campaigns").json().keys() == {"error"}
