"""The surfaces that take the workspace from the key: who may what, whose things they reach, what the audit log says."""

import json

import httpx
import pytest
from sqlalchemy import insert

from api.frontdesk.surface import FRONTDESK
from api.surfaces import surface_of_path
from api.voxforge.surface import VOXFORGE
from domain.models import Member
from domain.principal import Permission, Role
from tests.support.client import Shape, Workspace
from tests.support.surface_routes import CASES, Things, filled, routes_of

RANKS = [Role.VIEWER, Role.ANALYST, Role.EDITOR, Role.ADMIN, Role.OWNER]
ROUTES = sorted(CASES)
SURFACES = [FRONTDESK, VOXFORGE]


def call(workspace: Workspace, method: str, path: str, ids: dict[str, str], token: str = "") -> httpx.Response:
    """A person names the workspace in a header."""
    case = CASES[method, path]
    headers = {"Authorization": f"Bearer {token or workspace.token}", "X-Workspace-Id": workspace.id}
    body = json.loads(filled(json.dumps(case.json), ids)) if case.json else None
    return workspace.shape.http.request(method, filled(path, ids), headers=headers, json=body)


def check(reply: httpx.Response, path: str, status: int) -> None:
    """An error in the envelope of the path's surface."""
    assert reply.status_code == status, reply.text
    assert reply.json().keys() == set(surface_of_path(path).error_schema["properties"])


@pytest.fixture(scope="module")
def team(embedded: Shape) -> Workspace:
    return embedded.sign_up("Boss").workspace("Team")


@pytest.fixture(scope="module")
def members(embedded: Shape, team: Workspace) -> dict[Role, Workspace]:
    """The workspace as each role sees it."""
    seen = {}
    for role in RANKS:
        account = embedded.sign_up(role)
        row = {"workspace_id": team.id, "user_id": account.user_id, "role": role}
        with embedded.parts.database.write() as session:
            session.execute(insert(Member), [row])
        seen[role] = team.seen_with(account.token)
    return seen


class TestTableIsWhole:
    def test_every_route_has_a_case(self) -> None:
        assert set().union(*map(routes_of, SURFACES)) == set(CASES)


class TestRoles:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    def test_each_role_reaches_what_it_may(self, method: str, path: str, members: dict[Role, Workspace]) -> None:
        """Of something that is not there: 403 before 404."""
        needed = RANKS.index(CASES[method, path].role)
        for role in RANKS[max(0, needed - 1) : needed + 1]:
            reply = call(members[role], method, path, {})
            if role is RANKS[needed]:
                assert reply.status_code in (200, 201, 404, 409), reply.text
            else:
                check(reply, path, 403)


class TestKeys:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    def test_one_permission_opens_it_and_no_other(self, method: str, path: str, team: Workspace) -> None:
        needs = CASES[method, path].needs
        others = [one for one in Permission if one is not needs]
        for permissions, allowed in (([needs], True), (others, False)):
            body = {"name": "k", "kind": "secret", "permissions": permissions}
            key = team.post("/api-keys", json=body).json()["key"]
            reply = call(team, method, path, {}, key)
            if allowed:
                assert reply.status_code in (200, 201, 404, 409), reply.text
            else:
                check(reply, path, 403)

    @pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET" and path.count("/") == 2])
    def test_nobody_and_a_public_key_reach_nothing(self, path: str, team: Workspace) -> None:
        check(team.shape.http.get(path), path, 401)
        public = team.post("/api-keys", json={"name": "p", "allowed_domains": ["*"]}).json()["key"]
        check(call(team, "GET", path, {}, public), path, 403)

    def test_an_address_that_is_not_allowed(self, team: Workspace) -> None:
        body = {"name": "k", "kind": "secret", "allowed_ips": ["203.0.113.0/24"]}
        key = team.post("/api-keys", json=body).json()["key"]
        check(call(team, "GET", "/api/leads", {}, key), "/api/leads", 403)

    def test_a_key_that_was_rotated_works_on_for_a_while(self, team: Workspace) -> None:
        made = team.post("/api-keys", json={"name": "k", "kind": "secret"}).json()
        new = team.post(f"/api-keys/{made['id']}/rotate").json()["key"]
        assert [call(team, "GET", "/api/leads", {}, key).status_code for key in (made["key"], new)] == [200, 200]
        ended = team.post("/api-keys", json={"name": "k", "kind": "secret"}).json()
        team.post(f"/api-keys/{ended['id']}/rotate", json={"overlap_hours": 0})
        check(call(team, "GET", "/api/leads", {}, ended["key"]), "/api/leads", 401)

    def test_rates_are_told(self, team: Workspace) -> None:
        key = team.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        first = team.shape.http.get("/api/leads", headers={"Authorization": f"Bearer {key}"})
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("60", "59")


@pytest.fixture(scope="module")
def victim(embedded: Shape) -> Things:
    return Things(embedded.sign_up("Victim").workspace("Victim"))


class TestTenants:
    @pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if "{" in route[1]])
    def test_foreign_ids_are_not_there(self, method: str, path: str, victim: Things, workspace: Workspace) -> None:
        key = workspace.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        check(call(workspace, method, path, victim.ids(method, path), key), path, 404)

    @pytest.mark.parametrize(
        ("path", "field", "name"),
        [
            ("/api/calls", "agent_id", "agent"), ("/api/calls", "customer_id", "leadId"),
            ("/api/sms", "conversationId", "thread"), ("/api/emails", "threadId", "mails"),
        ],
    )  # fmt: skip
    def test_foreign_ids_in_bodies(
        self, path: str, field: str, name: str, embedded: Shape, victim: Things, workspace: Workspace
    ) -> None:
        other = victim.workspace
        if name == "agent":
            agent = other.agent()
            other.post(f"/agents/{agent['id']}/publish")
            foreign = agent["id"]
        elif name in ("thread", "mails"):
            kind = "smsId" if name == "thread" else "emailId"
            headers = {"Authorization": f"Bearer {other.token}", "X-Workspace-Id": other.id}
            made = embedded.http.get(f"{path}/{victim.id_of(kind)}", headers=headers).json()
            foreign = made["conversationId" if name == "thread" else "threadId"]
        else:
            foreign = victim.id_of(name)
        key = workspace.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        body = {**CASES["POST", path].json, field: foreign}
        reply = embedded.http.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
        check(reply, path, 404)


class TestAudit:
    @pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if CASES[route].action])
    def test_every_change_is_there(self, method: str, path: str, workspace: Workspace) -> None:
        ids = Things(workspace).ids(method, path)
        reply = call(workspace, method, path, ids)
        assert reply.status_code in (200, 201), reply.text
        newest = workspace.get("/audit", params={"action": CASES[method, path].action}).json()["entries"][0]
        assert newest["actor"]["id"] == workspace.account.user_id
        assert newest["target"]["id"] in {*ids.values(), reply.json().get("id")}
        assert newest["request_id"] == reply.headers["x-request-id"]

    def test_what_has_no_entry(self) -> None:
        """They are records of their own: what came in, and who agreed."""
        found = {path for method, path in CASES if method != "GET" and CASES[method, path].action is None}
        assert found == {
            "/api/sms/receive", "/api/sms/opt-outs", "/api/emails/receive", "/api/v1/calls/do-not-call",
        }  # fmt: skip
