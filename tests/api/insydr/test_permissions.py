"""Who may what: every role and every single permission of a secret key, on every route."""

import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from domain.models import Member
from domain.principal import ROLE_PERMISSIONS, Permission, Role
from tests.support.client import Account, Shape, Workspace, check_error
from tests.support.route_table import CASES, Case, request_of

RANKS = [Role.VIEWER, Role.ANALYST, Role.EDITOR, Role.ADMIN, Role.OWNER]
GHOSTS = {
    name: f"{name}_ghost"
    for name in (
        "key_id",
        "agent_id",
        "collection_id",
        "document_id",
        "job_id",
        "crawl_id",
        "run_id",
        "conversation_id",
        "message_id",
        "webhook_id",
        "delivery_id",
        "user_id",
        "invitation_id",
        "unanswered_id",
    )
}
ROUTES = [route for route in CASES if route != ("DELETE", "")]  # the last one ends the workspace: tested by itself


@pytest.fixture(scope="module")
def team(embedded: Shape) -> Workspace:
    return embedded.sign_up("Boss").workspace("Team")


@pytest.fixture(scope="module")
def members(embedded: Shape, team: Workspace) -> dict[Role, Workspace]:
    """The workspace as each role sees it."""
    seen = {Role.OWNER: team}
    for role in RANKS[:-1]:
        account = embedded.sign_up(role)
        add_member(embedded, team, account, role)
        seen[role] = team.seen_with(account.token)
    return seen


def add_member(shape: Shape, workspace: Workspace, account: Account, role: Role) -> None:
    with shape.parts.database.write() as session:
        session.execute(insert(Member), [{"workspace_id": workspace.id, "user_id": account.user_id, "role": role}])


def call(workspace: Workspace, method: str, path: str, case: Case) -> httpx.Response:
    """A request for something that is not there: 403 before 404."""
    return workspace.call(method, path.format(**GHOSTS), **request_of(case))


def check(reply: httpx.Response, *, allowed: bool) -> None:
    if not allowed:
        check_error(reply, 403, "FORBIDDEN")
        return
    assert reply.status_code in (200, 201, 202, 404), reply.text
    assert "WORKSPACE_NOT_FOUND" not in reply.text


class TestRoles:
    @pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda value: value or "workspace")
    @pytest.mark.parametrize("role", RANKS)
    def test_each_role_reaches_what_it_may(
        self, role: Role, method: str, path: str, members: dict[Role, Workspace]
    ) -> None:
        case = CASES[method, path]
        reply = call(members[role], method, path, case)
        check(reply, allowed=RANKS.index(role) >= RANKS.index(case.role))

    @pytest.mark.parametrize("role", RANKS)
    def test_only_an_owner_deletes_the_workspace(self, role: Role, embedded: Shape, owner: Account) -> None:
        workspace = owner.workspace("Doomed")
        if role is not Role.OWNER:
            account = embedded.sign_up(role)
            add_member(embedded, workspace, account, role)
            check_error(workspace.seen_with(account.token).delete(), 403, "FORBIDDEN")
            assert workspace.get().status_code == 200
            return
        assert workspace.delete().json() == {"message": "Workspace deleted successfully"}
        check_error(workspace.get(), 404, "WORKSPACE_NOT_FOUND")


def with_permissions(team: Workspace, permissions: list[Permission]) -> Workspace:
    """The workspace as a key with these permissions sees it."""
    body = {"name": "k", "kind": "secret", "permissions": permissions}
    return team.seen_with(team.post("/api-keys", json=body).json()["key"])


@pytest.fixture(scope="module")
def keys(team: Workspace) -> dict[Permission, Workspace]:
    """Each with a single permission."""
    return {permission: with_permissions(team, [permission]) for permission in Permission}


@pytest.fixture(scope="module")
def all_but(team: Workspace) -> dict[Permission, Workspace]:
    """Each with all permissions but one."""
    return {one: with_permissions(team, [other for other in Permission if other is not one]) for one in Permission}


class TestSecretKeys:
    @pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda value: value or "workspace")
    def test_its_permission_opens_a_route_and_all_others_do_not(
        self, method: str, path: str, keys: dict[Permission, Workspace], all_but: dict[Permission, Workspace]
    ) -> None:
        case = CASES[method, path]
        check(call(all_but[case.needs], method, path, case), allowed=False)
        # creating a key with the default `*` gives it no more than the creating key has: it is allowed
        reply = call(keys[case.needs], method, path, case)
        if case.alone:
            check_error(reply, 403, case.alone)
        else:
            check(reply, allowed=True)

    def test_a_key_with_all_may_what_its_creator_may(self, members: dict[Role, Workspace]) -> None:
        key = members[Role.ADMIN].post("/api-keys", json={"name": "all", "kind": "secret"}).json()["key"]
        workspace = members[Role.ADMIN].seen_with(key)
        assert workspace.get("/api-keys").status_code == 200
        check_error(workspace.delete(), 403, "FORBIDDEN")

    def test_a_key_loses_what_its_creator_loses(self, embedded: Shape, team: Workspace) -> None:
        account = embedded.sign_up("Leaver")
        add_member(embedded, team, account, Role.ADMIN)
        key = team.seen_with(account.token).post("/api-keys", json={"name": "all", "kind": "secret"}).json()["key"]
        with embedded.parts.database.write() as session:
            session.delete(session.get_one(Member, (team.id, account.user_id)))
        check_error(team.seen_with(key).get(), 401, "INVALID_API_KEY")

    def test_a_kept_reply_needs_todays_permission(self, embedded: Shape, team: Workspace) -> None:
        """`Idempotency-Key`: the reply may hold what the caller may not have any more, a key for one."""
        account = embedded.sign_up("Demoted")
        add_member(embedded, team, account, Role.ADMIN)
        seen, headers = team.seen_with(account.token), {"Idempotency-Key": "k"}
        requests = [("/api-keys", {"name": "k", "kind": "secret"}), ("/collections", {"name": "c"})]
        first = [seen.post(path, json=body, headers=headers) for path, body in requests]
        for role, allowed in ((Role.EDITOR, [False, True]), (Role.VIEWER, [False, False]), (Role.ADMIN, [True, True])):
            with embedded.parts.database.write() as session:
                session.get_one(Member, (team.id, account.user_id)).role = role
            for (path, body), kept, may in zip(requests, first, allowed, strict=True):
                again = seen.post(path, json=body, headers=headers)
                if may:
                    assert again.json() == kept.json()
                    assert again.headers["idempotency-replayed"] == "true"
                else:
                    check_error(again, 403, "FORBIDDEN")

    def test_a_key_makes_no_stronger_key(self, team: Workspace) -> None:
        weak = {"name": "weak", "kind": "secret", "permissions": ["api-keys:manage"]}
        workspace = team.seen_with(team.post("/api-keys", json=weak).json()["key"])
        made = workspace.post("/api-keys", json={"name": "strong?", "kind": "secret"})
        assert made.json()["permissions"] == ["api-keys:manage"]
        check_error(team.seen_with(made.json()["key"]).get("/documents"), 403, "FORBIDDEN")
        more = {"name": "stronger", "kind": "secret", "permissions": ["documents:read"]}
        check_error(workspace.post("/api-keys", json=more), 403, "FORBIDDEN")

    def test_a_public_key_reaches_no_workspace_route(self, team: Workspace) -> None:
        key = team.post("/api-keys", json={"name": "web", "allowed_domains": ["example.com"]}).json()["key"]
        check_error(team.seen_with(key).get("/documents"), 403, "PUBLIC_KEY")

    def test_a_key_that_may_write_needs_not_read(self, team: Workspace, keys: dict[Permission, Workspace]) -> None:
        """On things that are there: what a write answers with needs no permission of its own."""
        collection = keys[Permission.COLLECTIONS_WRITE].post("/collections", json={"name": "c"}).json()["id"]
        changed = keys[Permission.COLLECTIONS_WRITE].patch(f"/collections/{collection}", json={"name": "d"})
        assert changed.json()["name"] == "d"
        agent = keys[Permission.AGENTS_WRITE].post("/agents", json={"name": "a"}).json()["id"]
        assert keys[Permission.AGENTS_WRITE].patch(f"/agents/{agent}", json={"name": "b"}).json()["name"] == "b"
        assert keys[Permission.AGENTS_TEST].post(f"/agents/{agent}/test", json={"message": "Who?"}).status_code == 200
        upload = keys[Permission.DOCUMENTS_WRITE].upload("text", collection_id=collection)
        assert upload.status_code == 202
        again = keys[Permission.DOCUMENTS_WRITE].post(f"/documents/{upload.json()['id']}/reprocess")
        assert again.status_code == 202


class TestRolesAreDocumented:
    def test_the_page_says_what_each_role_may(self) -> None:
        page = (Path(__file__).parents[3] / "docs/api/insydr.md").read_text(encoding="utf-8")
        told: set[str] = set()
        for role in RANKS:
            row = re.search(rf"^\| `{role}` \| (.+) \|$", page, re.MULTILINE)
            assert row, role
            told |= set(re.findall(r"`([\w:-]+)`", row[1]))
            assert told == set(ROLE_PERMISSIONS[role]), role
