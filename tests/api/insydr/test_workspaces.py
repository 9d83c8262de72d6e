"""CONTRACT, Insydr rows 2 and 3: workspaces and API keys."""

import json
from datetime import timedelta

import pytest

from core.clock import utc_now
from domain.models import ApiKey
from tests.support.client import Account, Shape, Workspace, check_error, until


class TestCreate:
    def test_answers_as_the_seed_says(self, owner: Account) -> None:
        body = {"name": "Ünïque Company", "timezone": "Asia/Kolkata", "settings": {"notifications_enabled": True}}
        reply = owner.call("POST", "/workspaces", json=body)
        assert reply.status_code == 201
        made = reply.json()
        assert {"id", "name", "slug", "owner_id", "subscription_tier", "created_at"} <= made.keys()
        assert made["slug"].startswith("unique-company")
        assert made["owner_id"] == owner.user_id
        assert made["subscription_tier"] == "ENTERPRISE"
        assert made["settings"] == {"notifications_enabled": True}

    def test_slugs_are_unique(self, owner: Account) -> None:
        slugs = {owner.call("POST", "/workspaces", json={"name": "Twins"}).json()["slug"] for _ in range(3)}
        assert len(slugs) == 3

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "a\0b", "x" * 500, None, 3])
    def test_refuses_what_is_no_time_zone(self, zone: object, owner: Account) -> None:
        check_error(owner.call("POST", "/workspaces", json={"name": "Z", "timezone": zone}), 400, field="timezone")

    @pytest.mark.parametrize(
        "settings",
        [
            '{"a": "\\u0000"}', '{"\\u0000": 1}',
            '{"a":' * 30 + "1" + "}" * 30, '{"a": "' + "x" * 70_000 + '"}', "[]", '"x"', "null",
        ],
    )  # fmt: skip
    def test_refuses_settings_that_cannot_be_kept(self, settings: str, owner: Account) -> None:
        reply = owner.call(
            "POST",
            "/workspaces",
            content=f'{{"name": "S", "settings": {settings}}}'.encode(),
            headers={"Content-Type": "application/json"},
        )
        check_error(reply, 400, field="settings")

    def test_keeps_text_that_only_looks_like_nul(self, owner: Account) -> None:
        settings = {"pattern": "\\x00 and \\u0000"}
        made = owner.call("POST", "/workspaces", json={"name": "S", "settings": settings})
        assert made.json()["settings"] == settings


class TestList:
    def test_answers_as_the_seed_says(self, embedded: Shape) -> None:
        workspace = embedded.sign_up("Lister").workspace()
        workspace.agent()
        listed = workspace.account.call("GET", "/workspaces", params={"limit": 200}).json()
        row = next(row for row in listed["workspaces"] if row["id"] == workspace.id)
        assert set(row) == {"id", "name", "slug", "role", "agent_count", "document_count"}
        assert (row["role"], row["agent_count"], row["document_count"]) == ("OWNER", 1, 0)
        assert listed["total"] >= len(listed["workspaces"])

    @pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1}, {"offset": 10**9}])
    def test_refuses_pages_out_of_range(self, page: dict[str, object], owner: Account) -> None:
        check_error(owner.call("GET", "/workspaces", params=page), 400, "VALIDATION_ERROR", next(iter(page)))


class TestGet:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        seen = workspace.get().json()
        keys = {"id", "name", "slug", "logo_url", "timezone", "subscription_tier", "settings", "stats", "created_at"}
        assert keys <= seen.keys()
        stats = {"total_agents": 0, "total_documents": 0, "total_conversations": 0, "total_messages": 0}
        assert seen["stats"] == stats

    def test_counts_what_was_asked(self, workspace: Workspace) -> None:
        agent = workspace.agent()
        workspace.post(f"/agents/{agent['id']}/test", json={"message": "Hello?"})
        stats = workspace.get().json()["stats"]
        assert (stats["total_agents"], stats["total_conversations"], stats["total_messages"]) == (1, 1, 2)


class TestPatch:
    def test_changes_what_is_given_and_merges_settings(self, workspace: Workspace) -> None:
        workspace.patch(json={"settings": {"a": 1, "b": 2}})
        changed = workspace.patch(json={"name": "Updated Name", "logo_url": "https://x.org/l", "settings": {"b": 3}})
        assert changed.status_code == 200
        seen = workspace.get().json()
        assert (seen["name"], seen["logo_url"], seen["settings"]) == (
            "Updated Name",
            "https://x.org/l",
            {"a": 1, "b": 3},
        )

    @pytest.mark.parametrize("body", [{"name": None}, {"name": " "}, {"logo_url": "javascript:1"}, {"settings": None}])
    def test_refuses_bad_fields(self, body: dict[str, object], workspace: Workspace) -> None:
        check_error(workspace.patch(json=body), 400, field=next(iter(body)))

    def test_if_match(self, workspace: Workspace) -> None:
        tag = workspace.get().headers["etag"]
        changed = workspace.patch(json={"name": "One"}, headers={"If-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        check_error(workspace.patch(json={"name": "Two"}, headers={"If-Match": tag}), 412, "PRECONDITION_FAILED")
        assert workspace.get().json()["name"] == "One"
        assert workspace.patch(json={"name": "Three"}, headers={"If-Match": "*"}).status_code == 200


class TestDelete:
    def test_leaves_nothing(self, owner: Account) -> None:
        workspace = owner.workspace("Gone")
        workspace.ingest("Something to remember.")
        workspace.agent()
        key = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        assert workspace.delete().json() == {"message": "Workspace deleted successfully"}
        check_error(workspace.get(), 404, "WORKSPACE_NOT_FOUND")
        check_error(workspace.seen_with(key).get(), 401, "INVALID_API_KEY")
        parts = owner.shape.parts
        until(lambda: rows_of(workspace), lambda rows: not rows)
        assert list(parts.blobs.keys(f"{workspace.id}/")) == []


def rows_of(workspace: Workspace) -> dict[str, int]:
    """How many rows each table has of the workspace, where it has some."""
    from sqlalchemy import func, select

    from core.database import Base

    found = {}
    with workspace.shape.parts.database.read() as session:
        for table in Base.metadata.sorted_tables:
            column = table.c.id if table.name == "workspaces" else table.c.get("workspace_id")
            if column is not None:
                count = session.scalar(select(func.count()).select_from(table).where(column == workspace.id))
                found.update({table.name: count} if count else {})
    return found


class TestCreateKey:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        body = {"name": "Production Key", "allowed_domains": ["example.com", "*.Example.com"]}
        reply = workspace.post("/api-keys", json=body)
        assert reply.status_code == 201
        made = reply.json()
        assert made["key"].startswith("pk_live_")
        assert made["key"].startswith(made["key_prefix"].split("...")[0])
        assert made["allowed_domains"] == ["example.com", "*.example.com"]
        assert made["message"] == "Save this key - it won't be shown again!"

    def test_is_stored_as_a_digest_only(self, workspace: Workspace) -> None:
        made = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()
        with workspace.shape.parts.database.read() as session:
            stored = session.get_one(ApiKey, made["id"])
            assert made["key"] not in str(vars(stored))
        assert made["key"] not in workspace.get("/api-keys").text

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""), ("kind", "golden"), ("allowed_domains", ["https://x.org/"]), ("allowed_domains", ["a b"]),
            ("allowed_domains", ["x.org\n"]), ("allowed_domains", "x.org"), ("allowed_ips", ["10.0.0.300"]),
            ("permissions", ["documents:fly"]), ("expires_at", "2020-01-01T00:00:00Z"), ("expires_at", "soon"),
            ("expires_at", "2030-01-01T00:00:00"), ("expires_at", "9999-12-31T23:59:59-23:00"),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, value: object, workspace: Workspace) -> None:
        body = {"name": "k", "kind": "secret", field: value}
        reply = workspace.post("/api-keys", json=body)
        check_error(reply, 400)
        assert reply.json()["field"].startswith(field)


class TestListKeys:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        workspace.post("/api-keys", json={"name": "Production Key"})
        row = workspace.get("/api-keys").json()["api_keys"][0]
        keys = {"id", "name", "key_prefix", "allowed_domains", "is_active", "last_used_at", "created_at"}
        assert keys <= row.keys()
        assert "key" not in row
        assert (row["is_active"], row["last_used_at"]) == (True, None)

    def test_shows_when_a_key_was_used(self, workspace: Workspace) -> None:
        made = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()
        assert workspace.seen_with(made["key"]).get().status_code == 200
        workspace.shape.parts.key_usage.flush()
        assert workspace.get("/api-keys").json()["api_keys"][0]["last_used_at"] is not None


class TestUseKey:
    def test_a_revoked_key_ends(self, workspace: Workspace) -> None:
        made = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()
        assert workspace.delete(f"/api-keys/{made['id']}").status_code == 200
        check_error(workspace.seen_with(made["key"]).get(), 401, "INVALID_API_KEY")
        assert workspace.get("/api-keys").json()["api_keys"][0]["is_active"] is False

    def test_an_expired_key_ends(self, workspace: Workspace) -> None:
        body = {"name": "s", "kind": "secret", "expires_at": (utc_now() + timedelta(hours=1)).isoformat()}
        made = workspace.post("/api-keys", json=body).json()
        assert workspace.seen_with(made["key"]).get().status_code == 200
        with workspace.shape.parts.database.write() as session:
            session.get_one(ApiKey, made["id"]).expires_at = utc_now() - timedelta(seconds=1)
        check_error(workspace.seen_with(made["key"]).get(), 401, "INVALID_API_KEY")

    @pytest.mark.parametrize(
        ("networks", "allowed"),
        [(["127.0.0.1"], True), (["127.0.0.0/8"], True), (["10.0.0.0/8"], False), (["::1"], False)],
    )
    def test_addresses(self, networks: list[str], allowed: bool, workspace: Workspace) -> None:
        key = workspace.post("/api-keys", json={"name": "s", "kind": "secret", "allowed_ips": networks}).json()["key"]
        reply = workspace.seen_with(key).get(headers={"X-Forwarded-For": "10.1.2.3"})
        if allowed:
            assert reply.status_code == 200
        else:
            check_error(reply, 403, "IP_NOT_ALLOWED")

    @pytest.mark.parametrize("key", ["sk_live_", "sk_live_unknown", "sk_live_\xe9"])
    def test_unknown_keys(self, key: str, workspace: Workspace) -> None:
        reply = workspace.shape.http.get(
            f"/api/v1/workspaces/{workspace.id}", headers={b"Authorization": b"Bearer " + key.encode("latin-1")}
        )
        check_error(reply, 401, "INVALID_API_KEY")


class TestRotateKey:
    def test_both_work_during_the_overlap(self, workspace: Workspace) -> None:
        old = workspace.post(
            "/api-keys", json={"name": "s", "kind": "secret", "permissions": ["documents:read"]}
        ).json()
        reply = workspace.post(f"/api-keys/{old['id']}/rotate")
        assert reply.status_code == 201
        new = reply.json()
        assert new["permissions"] == ["documents:read"]
        for key in (old["key"], new["key"]):
            assert workspace.seen_with(key).get("/documents").status_code == 200

    def test_without_overlap_the_old_one_ends(self, workspace: Workspace) -> None:
        old = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()
        new = workspace.post(f"/api-keys/{old['id']}/rotate", json={"overlap_hours": 0}).json()
        check_error(workspace.seen_with(old["key"]).get(), 401, "INVALID_API_KEY")
        assert workspace.seen_with(new["key"]).get().status_code == 200

    def test_a_rotated_key_keeps_its_limits(self, workspace: Workspace) -> None:
        limits = {"expires_at": "2099-01-01T00:00:00Z", "allowed_ips": ["127.0.0.0/8"]}
        old = workspace.post("/api-keys", json={"name": "s", "kind": "secret", **limits}).json()
        new = workspace.post(f"/api-keys/{old['id']}/rotate").json()
        assert {name: new[name] for name in limits} == limits
        itself = workspace.seen_with(new["key"]).post(f"/api-keys/{new['id']}/rotate")
        assert itself.status_code == 201
        assert {name: itself.json()[name] for name in limits} == limits

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"allowed_ips": ["127.0.0.1"]}, "expires_at"),
            ({"expires_at": "2099-01-02T00:00:00Z", "allowed_ips": ["127.0.0.1"]}, "expires_at"),
            ({"expires_at": "2098-12-31T00:00:00Z"}, "allowed_ips"),
            ({"expires_at": "2098-12-31T00:00:00Z", "allowed_ips": ["127.0.0.1", "10.0.0.1"]}, "allowed_ips"),
            ({"expires_at": "2098-12-31T00:00:00Z", "allowed_ips": ["0.0.0.0/0"]}, "allowed_ips"),
            ({"expires_at": "2098-12-31T00:00:00Z", "allowed_ips": ["::ffff:0:0/96"]}, "allowed_ips"),
        ],
    )
    def test_a_limited_key_makes_none_with_fewer_limits(
        self, asked: dict[str, object], field: str, workspace: Workspace
    ) -> None:
        limits = {"expires_at": "2099-01-01T00:00:00Z", "allowed_ips": ["127.0.0.0/8"]}
        key = workspace.post("/api-keys", json={"name": "s", "kind": "secret", **limits}).json()["key"]
        limited = workspace.seen_with(key)
        for kind in ("secret", "public"):
            check_error(limited.post("/api-keys", json={"name": "t", "kind": kind, **asked}), 403, "KEY_LIMITS", field)
        within = {"name": "t", "kind": "secret", "expires_at": limits["expires_at"], "allowed_ips": ["127.0.0.1"]}
        assert limited.post("/api-keys", json=within).status_code == 201

    def test_a_limited_key_rotates_none_with_fewer_limits(self, workspace: Workspace) -> None:
        free = workspace.post("/api-keys", json={"name": "free", "kind": "secret"}).json()
        body = {"name": "s", "kind": "secret", "expires_at": "2099-01-01T00:00:00Z"}
        limited = workspace.seen_with(workspace.post("/api-keys", json=body).json()["key"])
        check_error(limited.post(f"/api-keys/{free['id']}/rotate"), 403, "KEY_LIMITS")
        assert workspace.seen_with(free["key"]).get().status_code == 200

    def test_a_revoked_key_is_not_rotated(self, workspace: Workspace) -> None:
        made = workspace.post("/api-keys", json={"name": "s"}).json()
        workspace.delete(f"/api-keys/{made['id']}")
        check_error(workspace.post(f"/api-keys/{made['id']}/rotate"), 400, "KEY_INACTIVE")


class TestMalformed:
    @pytest.mark.parametrize("body", [b"{", b"", b"[1,2", b"\xff\xfe", b'{"name": }', b"[" * 100_000])
    def test_json_that_is_none(self, body: bytes, workspace: Workspace) -> None:
        check_error(workspace.post("/collections", content=body, headers={"Content-Type": "application/json"}), 400)

    @pytest.mark.parametrize("body", [[], "x", 5, None, [{"name": "x"}]])
    def test_json_that_is_no_object(self, body: object, workspace: Workspace) -> None:
        content = json.dumps(body).encode()
        check_error(workspace.post("/collections", content=content, headers={"Content-Type": "application/json"}), 400)


class TestNames:
    def test_are_put_on_one_line(self, owner: Account) -> None:
        name, kept = "\n Bike\r\n\tShop\0\u200b\u202e ", "Bike Shop"
        workspace = owner.workspace(name)
        assert workspace.get().json()["name"] == kept
        made = workspace.post("/agents", json={"name": name, "greeting_message": "Hello.\nAsk me."}).json()
        agent = workspace.get(f"/agents/{made['id']}").json()
        assert (agent["name"], agent["greeting_message"]) == (kept, "Hello.\nAsk me.")
        assert workspace.post("/api-keys", json={"name": name}).json()["name"] == kept
        assert workspace.patch(json={"name": "x" + name}).json()["name"] == "x " + kept

    def test_that_show_nothing_are_refused(self, workspace: Workspace) -> None:
        for path in ("/agents", "/api-keys", "/collections"):
            reply = workspace.post(path, json={"name": "\n\u200b\u202e\0"})
            check_error(reply, 400, "VALIDATION_ERROR", "name")
            assert "blank" in reply.json()["detail"]
