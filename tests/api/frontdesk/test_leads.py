"""FrontDesk 3.2: leads."""

from typing import Any

import pytest

from tests.support.client import Account, Workspace
from tests.support.office import Desk, check_message
from tests.support.site import Site
from tests.support.webhooks import hook, verified

VERA = {"firstName": "Vera", "lastName": "Visitor", "email": "Vera@Example.com", "phone": "+1 555 123 4567"}


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace)


class TestCreate:
    def test_with_all_fields(self, desk: Desk) -> None:
        body = {
            **VERA, "company": "Acme", "source": "web", "stage": "contacted", "score": 70, "tags": ["hot"],
            "notes": "Called twice.", "tasks": [{"title": "Call back"}, "Write"], "customFields": {"a": 1},
            "assignedTo": "ada",
        }  # fmt: skip
        made = desk.made("/leads", **body)
        assert made["id"].startswith("lead_")
        assert {name: made[name] for name in body} == {**body, "phone": "+15551234567"}
        assert (made["name"], made["conversationId"]) == ("Vera Visitor", None)
        assert made["updatedAt"] >= made["createdAt"]
        assert desk.get(f"/leads/{made['id']}").json() == made

    @pytest.mark.parametrize("field", ["name", "fullName"])
    def test_with_the_whole_name(self, desk: Desk, field: str) -> None:
        made = desk.made("/leads", **{field: "Vera van Visitor"}, trade="Plumber", serviceArea="Oslo")
        assert (made["firstName"], made["lastName"]) == ("Vera van", "Visitor")
        assert made["customFields"] == {"trade": "Plumber", "serviceArea": "Oslo"}
        assert (made["source"], made["stage"]) == ("other", "new")

    def test_nobody_is_there_twice(self, desk: Desk) -> None:
        made = desk.made("/leads", **VERA)
        check_message(desk.post("/leads", json={"name": "V", "email": "VERA@example.COM"}), 409, made["id"], "email")
        check_message(desk.post("/leads", json={"name": "V", "phone": "+15551234567"}), 409, made["id"], "phone")
        assert desk.get("/leads").json()["total"] == 1

    def test_numbers_are_of_the_workspaces_region(self, desk: Desk) -> None:
        check_message(desk.post("/leads", json={"phone": "030 901820"}), 400, "country code")
        desk.settings(default_region="DE")
        assert desk.made("/leads", phone="030 901820")["phone"] == "+4930901820"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({}, ["name"]), ({"notes": "x"}, ["name"]), ({"email": "nobody"}, ["email"]),
            ({"phone": "call me"}, ["phone"]), ({"phone": "+1"}, ["phone"]), ({"name": "V", "score": 101}, ["score"]),
            ({"name": "V", "stage": "bought"}, ["stage"]), ({"name": "V", "telephone": "1"}, ["phone"]),
            ({"name": "  "}, ["name"]), ({"name": "V", "score": "7"}, ["score"]),
            ({"name": "V", "tags": None}, ["tags"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, body: dict[str, Any], words: list[str]) -> None:
        check_message(desk.post("/leads", json=body), 400, *words)

    def test_the_event_as_the_seed_names_it(self, desk: Desk, site: Site) -> None:
        receiver = hook(desk.workspace, site, "lead.created")
        made = desk.made("/leads", **VERA, source="referral")
        request = receiver.received()[0]
        assert request.headers["x-webhook-event"] == "lead.created"
        assert request.headers["x-webhook-signature"].startswith("sha256=")
        data = verified(request, receiver.secret)["data"]
        assert {name: data[name] for name in ("id", "email", "phone", "source", "stage")} == {
            "id": made["id"], "email": "Vera@Example.com", "phone": "+15551234567", "source": "referral",
            "stage": "new",
        }  # fmt: skip


class TestUpdate:
    def test_what_is_given_replaces(self, desk: Desk) -> None:
        lead = desk.made("/leads", **VERA, tags=["a"], company="Acme")
        changed = desk.put(f"/leads/{lead['id']}", json={"stage": "won", "tags": ["b"], "company": None}).json()
        assert (changed["stage"], changed["tags"], changed["company"]) == ("won", ["b"], None)
        assert (changed["email"], changed["firstName"]) == ("Vera@Example.com", "Vera")
        assert changed["updatedAt"] > lead["updatedAt"]

    def test_the_same_again_is_no_change(self, desk: Desk) -> None:
        lead = desk.made("/leads", **VERA)
        assert desk.put(f"/leads/{lead['id']}", json=VERA).json()["updatedAt"] == lead["updatedAt"]
        assert desk.get(f"/leads/{lead['id']}/history").json()["total"] == 1

    def test_nobody_becomes_somebody_else(self, desk: Desk) -> None:
        desk.made("/leads", **VERA)
        other = desk.made("/leads", name="Otto", email="otto@example.com")
        check_message(desk.put(f"/leads/{other['id']}", json={"email": "vera@example.com"}), 409, "email")
        assert desk.get(f"/leads/{other['id']}").json()["email"] == "otto@example.com"
        check_message(desk.put(f"/leads/{other['id']}", json={"email": None, "firstName": None, "lastName": None}), 400)

    def test_history_tells_what_was_changed(self, desk: Desk) -> None:
        lead = desk.made("/leads", **VERA)
        desk.put(f"/leads/{lead['id']}", json={"stage": "qualified"})
        found = desk.get(f"/leads/{lead['id']}/history").json()
        assert found["total"] == 2
        latest = found["changes"][0]
        assert (latest["before"], latest["after"]) == ({"stage": "new"}, {"stage": "qualified"})
        assert latest["changedBy"] == desk.workspace.account.user_id
        assert latest["keyId"].startswith("key_")

    def test_the_audit_log_names_nobody(self, desk: Desk) -> None:
        lead = desk.made("/leads", **VERA)
        desk.put(f"/leads/{lead['id']}", json={"stage": "qualified", "notes": "Called Vera."})
        log = desk.workspace.get("/audit", params={"target_id": lead["id"]})
        assert [one["action"] for one in log.json()["entries"]] == ["LEAD_UPDATED", "LEAD_CREATED"]
        assert "vera" not in log.text.lower()


class TestList:
    def test_filters(self, desk: Desk) -> None:
        vera = desk.made("/leads", **VERA, source="web", stage="won", assignedTo="ada")
        otto = desk.made("/leads", name="Otto Owner", company="Acme_Corp")
        found = {
            query: [one["id"] for one in desk.get(f"/leads?{query}").json()["leads"]]
            for query in (
                "", "stage=won", "source=other", "assignedTo=ada", "search=otto", "search=vera%40EX", "search=%25",
                "search=acme_", "limit=1", "limit=1&offset=1", "from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z",
            )
        }  # fmt: skip
        both = [otto["id"], vera["id"]]
        assert found == {
            "": both, "stage=won": [vera["id"]], "source=other": [otto["id"]], "assignedTo=ada": [vera["id"]],
            "search=otto": [otto["id"]], "search=vera%40EX": [vera["id"]], "search=%25": [],
            "search=acme_": [otto["id"]], "limit=1": both[:1], "limit=1&offset=1": both[1:],
            "from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z": [],
        }  # fmt: skip
        page = desk.get("/leads?limit=1").json()
        assert (page["total"], page["limit"], page["offset"]) == (2, 1, 0)

    @pytest.mark.parametrize("query", ["limit=201", "limit=0", "offset=-1", "stage=x", "from=yesterday"])
    def test_bad_filters(self, desk: Desk, query: str) -> None:
        check_message(desk.get(f"/leads?{query}"), 400)


class TestCapture:
    def test_a_visitor_who_leaves_an_address_is_a_lead(self, owner: Account) -> None:
        desk = Desk(owner.workspace())
        agent = desk.workspace.agent()
        desk.workspace.post(f"/agents/{agent['id']}/publish")
        body = {"name": "Widget", "allowed_domains": ["*"]}
        key = desk.workspace.post("/api-keys", json=body).json()["key"]
        request = {"agent_id": agent["id"], "email": "vera@example.com", "name": "Vera Visitor", "message": "Call me."}
        headers = {"X-API-Key": key, "Origin": "https://example.com"}
        for _ in range(2):
            assert desk.shape.http.post("/api/v1/widget/escalate", json=request, headers=headers).status_code == 201
        (lead,) = desk.get("/leads").json()["leads"]
        assert (lead["name"], lead["source"]) == ("Vera Visitor", "web")
        assert lead["conversationId"].startswith("sess_")
