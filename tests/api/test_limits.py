"""Rates: what each caller may ask of each surface, told on every reply, over several servers, and who a caller is."""

import asyncio
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from api import limits
from api.middleware import ProxyHops
from core.rates.rate import UNLIMITED
from core.settings import Plan
from tests.support.client import Account, Shape, Workspace, check_error
from tests.support.installation import SECRET, quick_settings, running
from tests.support.services import fresh_postgres, fresh_redis

RATES = {
    "/api/v1/workspaces": 60, "/api/v1/campaigns": 60, "/api/v1/workflows": 100, "/api/leads": 60,
    "/api/service-gateway": 60, "/api/retell-webhooks/x": 100, "/api/webhooks/calcom": 100,
}  # fmt: skip
BODIES = {
    "/api/v1/workspaces": {"detail", "code"}, "/api/v1/campaigns": {"error"}, "/api/v1/workflows": {"error", "code"},
    "/api/leads": {"message"}, "/api/service-gateway": {"success", "error", "code", "details"},
}  # fmt: skip


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    """Workspaces begin on FREE; clients come through one proxy, so that each test may be a client of its own."""
    settings = quick_settings(tmp_path_factory.mktemp("free"), plan_default="FREE", trusted_proxy_hops=1)
    with running("free", settings) as shape:
        yield shape


@pytest.fixture(scope="module")
def free_account(free: Shape) -> Account:
    return free.sign_up("Free")


@pytest.fixture
def tenant(free: Shape, free_account: Account) -> Workspace:
    """A workspace of FREE, seen with a key of its own."""
    found = free_account.workspace()
    return found.seen_with(secret_key(found))


@pytest.fixture
def somewhere() -> dict[str, str]:
    """Headers of a client that nobody else is."""
    return {"X-Forwarded-For": f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"}


def secret_key(workspace: Workspace) -> str:
    return str(workspace.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"])


def standing(reply: httpx.Response) -> tuple[int, int]:
    assert time.time() - 1 <= int(reply.headers["x-ratelimit-reset"]) <= time.time() + 3_601
    return int(reply.headers["x-ratelimit-limit"]), int(reply.headers["x-ratelimit-remaining"])


class TestEveryReply:
    @pytest.mark.parametrize("path", RATES)
    def test_of_a_stranger(self, free: Shape, somewhere: dict[str, str], path: str) -> None:
        first, second = (free.http.get(path, headers=somewhere) for _ in range(2))
        assert first.status_code in (401, 404)
        assert standing(first) == (RATES[path], RATES[path] - 1)
        assert standing(second)[1] == RATES[path] - 2

    def test_of_a_key(self, tenant: Workspace) -> None:
        replies = [
            tenant.get("/agents"), tenant.get("/agents/agent_none"), tenant.post("/agents", json={"name": 3}),
            tenant.call("PUT", "/agents"), tenant.call("HEAD", "/agents"), tenant.get("/agents?x=%00"),
        ]  # fmt: skip
        assert [reply.status_code for reply in replies] == [200, 404, 400, 405, 200, 400]
        assert [standing(reply) for reply in replies] == [(60, left) for left in range(59, 53, -1)]

    def test_of_a_fault_of_ours(self, tenant: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.insydr.agents.AgentService.page", None)
        reply = tenant.get("/agents")
        assert (reply.status_code, standing(reply)) == (500, (60, 59))

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/widget.js", "/nothing"])
    def test_not_of_what_is_no_api(self, free: Shape, path: str) -> None:
        assert "x-ratelimit-limit" not in free.http.get(path).headers

    def test_of_a_preflight_of_which_there_may_be_any_number(self, free: Shape) -> None:
        headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        assert standing(free.http.options("/api/v1/widget/chat", headers=headers)) == (UNLIMITED, UNLIMITED)

    def test_unlimited(self, owner: Account) -> None:
        """The embedded shape's workspaces begin on ENTERPRISE."""
        assert standing(owner.workspace().get("/agents")) == (UNLIMITED, UNLIMITED)

    def test_the_documentation_says_so(self, free: Shape, somewhere: dict[str, str]) -> None:
        document = free.http.get("/api/v1/openapi.json", headers=somewhere).json()
        for methods in document["paths"].values():
            for operation in methods.values():
                assert "429" in operation["responses"]
                for status, response in operation["responses"].items():
                    shared = document["components"]["responses"].get(response.get("$ref", "").rpartition("/")[2])
                    assert "X-RateLimit-Remaining" in (shared or response)["headers"], status


class TestBeyond:
    @pytest.mark.parametrize("path", BODIES)
    def test_refused_in_the_surfaces_own_words(self, free: Shape, somewhere: dict[str, str], path: str) -> None:
        for _ in range(RATES[path]):
            assert free.http.get(path, headers=somewhere).status_code in (401, 404)
        reply = free.http.get(path, headers=somewhere)
        assert (reply.status_code, reply.json().keys()) == (429, BODIES[path])
        assert standing(reply) == (RATES[path], 0)
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        assert "Try again in" in reply.text

    def test_by_the_plan(self, tenant: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "FRESH_S", 0.0)
        for plan, rate in ((Plan.STARTER, 120), (Plan.PROFESSIONAL, 300), (Plan.BUSINESS, 600)):
            tenant.on_plan(plan)
            assert standing(tenant.get("/agents"))[0] == rate
        voxforge = tenant.shape.http.get("/api/v1/campaigns", headers={"Authorization": f"Bearer {tenant.token}"})
        assert standing(voxforge) == (600, 599)
        tenant.on_plan(Plan.ENTERPRISE)
        assert standing(tenant.get("/agents"))[0] == UNLIMITED

    def test_a_key_holds_up_nobody_else(self, tenant: Workspace, free_account: Account) -> None:
        for _ in range(60):
            tenant.get("/agents")
        check_error(tenant.get("/agents"), 429, "RATE_LIMITED")
        other = Workspace(tenant.shape, tenant.id, free_account.token, free_account)
        assert other.get("/agents").status_code == 200
        assert other.seen_with(secret_key(other)).get("/agents").status_code == 200
        key = {"Authorization": f"Bearer {tenant.token}"}
        assert standing(tenant.shape.http.get("/api/leads", headers=key)) == (60, 59)

    def test_nothing_is_done(self, tenant: Workspace) -> None:
        for _ in range(60):
            tenant.get("/agents")
        reply = tenant.post("/collections", json={"name": "Too many"})
        check_error(reply, 429, "RATE_LIMITED")
        assert reply.headers["connection"] == "close"  # of its body nothing was read
        person = Workspace(tenant.shape, tenant.id, tenant.account.token, tenant.account)
        assert person.get("/collections").json()["total"] == 0

    def test_a_thousand_unknown_keys_are_one_stranger(self, free: Shape, somewhere: dict[str, str]) -> None:
        statuses = [
            free.http.get(
                "/api/v1/workspaces/ws_x/agents", headers={**somewhere, "Authorization": f"Bearer sk_live_{number}"}
            ).status_code
            for number in range(1_000)
        ]
        assert (statuses.count(401), statuses.count(429)) == (60, 940)

    def test_so_are_keys_of_elsewhere_and_made_up_workspaces(
        self, free: Shape, free_account: Account, somewhere: dict[str, str]
    ) -> None:
        headers = {**somewhere, "Authorization": f"Bearer {free_account.token}"}
        lefts = [
            standing(free.http.get(f"/api/v1/workspaces/ws_{number}/agents", headers=headers))[1] for number in range(3)
        ]
        assert lefts == [59, 58, 57]

    def test_a_page_may_read_that_it_must_wait(self, tenant: Workspace) -> None:
        made = tenant.post("/api-keys", json={"name": "p", "allowed_domains": ["shop.example"]}).json()
        headers = {"X-API-Key": made["key"], "Origin": "https://shop.example"}
        replies = [tenant.shape.http.get("/api/v1/widget/config/agent_x", headers=headers) for _ in range(62)]
        assert [reply.status_code for reply in replies[:60:59]] == [404, 404]
        assert {reply.status_code for reply in replies[60:]} == {429}
        for reply in (replies[0], replies[-1]):
            assert reply.headers["access-control-allow-origin"] == "https://shop.example"
            assert "X-RateLimit-Reset" in reply.headers["access-control-expose-headers"]

    def test_the_operator_is_not_counted(self, free: Shape, tenant: Workspace) -> None:
        operator = tenant.seen_with(free.parts.operator_token)
        assert standing(operator.get("/agents")) == (UNLIMITED, UNLIMITED)


class TestSeveralServers:
    def test_they_count_together(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        with fresh_postgres() as database_url, fresh_redis() as broker_url:
            one, other = (
                quick_settings(
                    tmp_path_factory.mktemp(name), database_url=database_url, broker_url=broker_url,
                    qdrant_url=":memory:", secret_key=SECRET, plan_default="FREE",
                )
                for name in ("one", "other")
            )  # fmt: skip
            with running("one", one) as first, running("other", other) as second:
                workspace = first.sign_up("Both").workspace()
                key = {"Authorization": f"Bearer {secret_key(workspace)}"}
                path = f"/api/v1/workspaces/{workspace.id}/agents"
                statuses = [
                    shape.http.get(path, headers=key).status_code for _ in range(40) for shape in (first, second)
                ]
        assert statuses == [200] * 60 + [429] * 20


class TestWithoutRedis:
    def test_requests_pass_and_are_counted_as_such(self, tmp_path: Path) -> None:
        settings = quick_settings(tmp_path, plan_default="FREE", rate_limit_url="redis://127.0.0.1:1/0")
        with running("apart", settings) as shape:
            replies = [shape.http.get("/api/v1/auth/me") for _ in range(70)]
            metrics = shape.http.get("/metrics").text
        assert {reply.status_code for reply in replies} == {401}
        assert {standing(reply) for reply in replies} == {(60, 60)}
        passed = re.search(r"^insydr_rates_uncounted_total (\S+)", metrics, re.MULTILINE)
        assert passed is not None
        assert float(passed[1]) >= 70


class TestProxyHops:
    @pytest.mark.parametrize(
        ("hops", "given", "expected"),
        [
            (1, "203.0.113.7", "203.0.113.7"), (1, "made-up, 203.0.113.7", "203.0.113.7"),
            (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"), (2, "203.0.113.7", "127.0.0.1"),
            (1, "203.0.113.7:4711", "203.0.113.7"), (1, "[2001:db8::1]:4711", "2001:db8::1"),
            (1, "2001:db8::1", "2001:db8::1"), (1, "unknown", "127.0.0.1"), (1, "", "127.0.0.1"),
        ],
    )  # fmt: skip
    def test_so_many_entries_are_believed(self, hops: int, given: str, expected: str) -> None:
        seen: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["client"][0])

        async def ask() -> None:
            headers = [(b"x-forwarded-for", part.encode()) for part in given.split(", ")]
            scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 5)}
            await ProxyHops(app, hops)(scope, None, None)  # type: ignore[arg-type]

        asyncio.run(ask())
        assert seen == [expected]
