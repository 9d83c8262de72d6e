"""FrontDesk 3.2: secrets. Whatever is answered, logged or kept in the clear, a value is not in it."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.logs import configure_logs
from domain.models import Secret
from domain.principal import ROLE_PERMISSIONS, Permission, Role, system
from domain.vault.service import VaultService
from tests.support.client import Workspace
from tests.support.installation import configure_test_logs
from tests.support.office import Desk, check_message

VALUE = "sk_live_51H8aVerySecretValue_tail"
STRIPE = {"key": "STRIPE_API_KEY", "value": VALUE, "category": "payment", "environment": "production"}


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace)


def revealed(desk: Desk, secret_id: str) -> str:
    who = system(desk.workspace.id, Permission.SECRETS_MANAGE)
    with desk.shape.parts.database.read() as session:
        return VaultService(session, who, desk.shape.parts.vault).reveal(secret_id)


def kept(desk: Desk, secret_id: str) -> Secret:
    with desk.shape.parts.database.read() as session:
        return session.get_one(Secret, secret_id)


class TestCreate:
    def test_it_is_sealed_and_never_shown(self, desk: Desk) -> None:
        made = desk.made("/secrets", **STRIPE, description="Live")
        assert made["id"].startswith("sec_")
        assert made.keys() == {
            "id", "key", "maskedValue", "category", "environment", "description", "createdAt", "updatedAt",
        }  # fmt: skip
        assert (made["key"], made["maskedValue"], made["category"]) == ("STRIPE_API_KEY", "••••tail", "payment")
        assert VALUE not in desk.get("/secrets").text
        assert revealed(desk, made["id"]) == VALUE
        row = kept(desk, made["id"])
        assert VALUE.encode() not in row.sealed_value
        assert row.vault_key_id == desk.shape.parts.vault.key_id

    def test_with_what_is_usual(self, desk: Desk) -> None:
        made = desk.made("/secrets", name="PIN", value="12345678901")
        assert (made["key"], made["maskedValue"]) == ("PIN", "••••")
        assert (made["category"], made["environment"], made["description"]) == ("other", "all", None)

    def test_a_key_is_once_in_an_environment(self, desk: Desk) -> None:
        desk.made("/secrets", **STRIPE)
        check_message(desk.post("/secrets", json=STRIPE), 409, "STRIPE_API_KEY", "production")
        desk.made("/secrets", **{**STRIPE, "environment": "staging"})
        assert desk.get("/secrets").json()["total"] == 2

    def test_also_when_two_come_at_once(self, desk: Desk) -> None:
        replies: list[httpx.Response] = []
        at_once = threading.Barrier(4)

        def come() -> None:
            at_once.wait()
            replies.append(desk.post("/secrets", json=STRIPE))

        threads = [threading.Thread(target=come) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(one.status_code for one in replies) == [201, 409, 409, 409]
        for one in replies:
            if one.status_code == 409:
                check_message(one, 409, "STRIPE_API_KEY")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"key": "stripe"}, ["key"]), ({"key": "1A"}, ["key"]), ({"key": "A\n"}, ["key"]),
            ({"key": "A" * 101}, ["key"]), ({"value": ""}, ["value"]), ({"value": VALUE * 2_000}, ["value"]),
            ({"value": VALUE + "\x00"}, ["value"]), ({"value": [VALUE]}, ["value"]),
            ({"category": VALUE}, ["category"]), ({"environment": "prod"}, ["environment"]),
            ({"secret": VALUE}, ["There is no such field"]), ({"value": None}, ["value"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_without_the_value(
        self, desk: Desk, change: dict[str, Any], words: list[str]
    ) -> None:  # fmt: skip
        reply = desk.post("/secrets", json={**STRIPE, **change})
        check_message(reply, 400, *words)
        assert VALUE not in reply.text

    def test_the_longest(self, desk: Desk) -> None:
        made = desk.made("/secrets", key="PEM", value="ü" * 65_536)
        assert revealed(desk, made["id"]) == "ü" * 65_536


class TestShapes:
    def test_in_both_shapes(self, shaped: Workspace) -> None:
        desk = Desk(shaped)
        made = desk.made("/secrets", **STRIPE)
        other = desk.made("/secrets", **{**STRIPE, "environment": "all"})
        check_message(desk.post("/secrets", json=STRIPE), 409, "production")
        check_message(desk.put(f"/secrets/{other['id']}", json={"environment": "production"}), 409, "production")
        assert desk.put(f"/secrets/{made['id']}", json={"value": "ü"}).status_code == 200
        assert revealed(desk, made["id"]) == "ü"
        assert desk.delete(f"/secrets/{made['id']}").status_code == 200
        assert desk.get("/secrets").json()["total"] == 1


class TestList:
    def test_filters_and_pages(self, desk: Desk) -> None:
        desk.made("/secrets", **STRIPE)
        desk.made("/secrets", key="DB_URL", value="postgres://", category="database")
        desk.made("/secrets", key="AWS", value="x", category="api_key", environment="production")
        listed = desk.get("/secrets").json()
        assert ([one["key"] for one in listed["secrets"]], listed["total"]) == (["AWS", "DB_URL", "STRIPE_API_KEY"], 3)
        assert [one["key"] for one in desk.get("/secrets?category=database").json()["secrets"]] == ["DB_URL"]
        assert desk.get("/secrets?environment=production").json()["total"] == 2
        page = desk.get("/secrets?limit=1&offset=1").json()
        assert ([one["key"] for one in page["secrets"]], page["limit"], page["offset"]) == (["DB_URL"], 1, 1)
        check_message(desk.get("/secrets?category=none"), 400, "category")


class TestChange:
    def test_what_is_given_replaces(self, desk: Desk) -> None:
        made = desk.made("/secrets", **STRIPE, description="Live")
        reply = desk.put(f"/secrets/{made['id']}", json={"value": "another long value"})
        assert reply.status_code == 200, reply.text
        assert reply.json() == {**made, "maskedValue": "••••alue", "updatedAt": reply.json()["updatedAt"]}
        assert reply.json()["updatedAt"] > made["updatedAt"]
        assert revealed(desk, made["id"]) == "another long value"
        renamed = desk.put(f"/secrets/{made['id']}", json={"name": "STRIPE", "environment": "all", "description": None})
        assert (renamed.json()["key"], renamed.json()["environment"]) == ("STRIPE", "all")
        assert renamed.json()["description"] is None
        assert revealed(desk, made["id"]) == "another long value"

    def test_not_to_a_key_that_is_there(self, desk: Desk) -> None:
        desk.made("/secrets", **STRIPE)
        other = desk.made("/secrets", **{**STRIPE, "key": "OTHER"})
        check_message(desk.put(f"/secrets/{other['id']}", json={"key": "STRIPE_API_KEY"}), 409, "STRIPE_API_KEY")
        assert desk.put(f"/secrets/{other['id']}", json={"key": "OTHER"}).status_code == 200
        check_message(desk.put(f"/secrets/{other['id']}", json={"category": None}), 400, "category")

    def test_deleted(self, desk: Desk) -> None:
        made = desk.made("/secrets", **STRIPE)
        reply = desk.delete(f"/secrets/{made['id']}")
        assert (reply.status_code, reply.json().keys()) == (200, {"message"})
        assert desk.get("/secrets").json()["total"] == 0
        check_message(desk.delete(f"/secrets/{made['id']}"), 404, "no such secret")
        desk.made("/secrets", **STRIPE)


class TestWhoMay:
    def test_another_workspace_sees_nothing(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/secrets", **STRIPE)
        other = Desk(workspace.account.workspace("Other"))
        assert other.get("/secrets").json()["total"] == 0
        check_message(other.put(f"/secrets/{made['id']}", json={"value": "mine"}), 404, "secret")
        check_message(other.delete(f"/secrets/{made['id']}"), 404, "secret")
        assert revealed(desk, made["id"]) == VALUE
        other.made("/secrets", **STRIPE)

    def test_owners_only(self, desk: Desk, workspace: Workspace) -> None:
        made = desk.made("/secrets", **STRIPE)
        holders = {role for role in Role if Permission.SECRETS_MANAGE in ROLE_PERMISSIONS[role]}
        assert holders == {Role.OWNER}
        admin = Desk(workspace, tuple(sorted(ROLE_PERMISSIONS[Role.ADMIN])))
        for reply in (
            admin.get("/secrets"), admin.post("/secrets", json={**STRIPE, "key": "MINE"}),
            admin.put(f"/secrets/{made['id']}", json={"value": "x"}), admin.delete(f"/secrets/{made['id']}"),
        ):  # fmt: skip
            check_message(reply, 403, "secrets:manage")


@pytest.fixture
def everything_is_logged() -> Iterator[None]:
    configure_logs("DEBUG", as_json=True)
    logging.getLogger().setLevel(logging.DEBUG)
    yield
    configure_test_logs()


class TestNothingLeaks:
    @pytest.mark.usefixtures("everything_is_logged")
    def test_neither_the_audit_log_nor_the_logs_have_the_value(
        self, desk: Desk, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:  # fmt: skip
        again = "another_very_secret_value_end!"
        made = desk.made("/secrets", **STRIPE)
        desk.put(f"/secrets/{made['id']}", json={"value": again, "description": "New"})
        check_message(desk.post("/secrets", json={**STRIPE, "value": again}), 409)
        check_message(desk.post("/secrets", json={**STRIPE, "key": again, "value": VALUE}), 400)
        desk.delete(f"/secrets/{made['id']}")
        log = workspace.get("/audit", params={"limit": 50})
        for hidden in (VALUE, again, "tail", "end!", VALUE.encode().hex()):
            assert hidden not in log.text
        entries = [one for one in log.json()["entries"] if one["action"].startswith("SECRET_")]
        assert [one["action"] for one in entries] == ["SECRET_DELETED", "SECRET_UPDATED", "SECRET_CREATED"]
        assert entries[1]["after"] == {"description": "New", "value": "[removed]"}
        said = capsys.readouterr()
        assert "/api/secrets" in said.err
        assert VALUE not in said.out + said.err
        assert again not in said.out + said.err
