"""No route of the surface reaches into another workspace: not by paths, not by queries, not by bodies."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from api.app import openapi_of
from api.insydr.surface import INSYDR
from tests.support.analytics import settle
from tests.support.client import Shape, Workspace, check_error, until
from tests.support.route_table import (
    CASES,
    PREFIX,
    WITH_PUBLIC_KEY,
    WITHOUT_WORKSPACE,
    all_routes,
    request_of,
    workspace_routes,
)
from tests.support.site import Site

SECRET_TEXT = "The zanzibar vault opens with the phrase quicksilver."
# fields that name something of a workspace, and what must happen when it is another workspace's
NOT_FOUND, NOTHING, IGNORED, WITHIN = "404", "nothing of it", "a new one of one's own", "404 within a list"
ID_FIELDS = {
    ("POST", "/agents", "body.collection_ids"): NOT_FOUND,
    ("PATCH", "/agents/{agent_id}", "body.collection_ids"): NOT_FOUND,
    ("POST", "/agents/{agent_id}/test", "body.session_id"): IGNORED,
    ("POST", "/agents/{agent_id}/chat", "body.session_id"): IGNORED,
    ("POST", "/calibration", "body.labels.message_id"): WITHIN,
    ("GET", "/audit", "query.actor_id"): NOTHING,
    ("GET", "/audit", "query.target_id"): NOTHING,
    ("GET", "/audit/export", "query.actor_id"): NOTHING,
    ("GET", "/audit/export", "query.target_id"): NOTHING,
    ("GET", "/analytics/documents", "query.collection_id"): NOT_FOUND,
    ("GET", "/analytics/documents/export", "query.collection_id"): NOT_FOUND,
    ("GET", "/analytics/overview", "query.agent_id"): NOT_FOUND,
    ("GET", "/analytics/conversations", "query.agent_id"): NOT_FOUND,
    ("GET", "/analytics/conversations/export", "query.agent_id"): NOT_FOUND,
    ("POST", "/analytics/unanswered/{unanswered_id}/answer", "body.collection_id"): NOT_FOUND,
    ("POST", "/analytics/unanswered/{unanswered_id}/dry-run", "body.collection_id"): NOT_FOUND,
    ("POST", "/analytics/preflight", "body.document_ids"): NOT_FOUND,
    ("POST", "/analytics/preflight", "body.crawl_id"): NOT_FOUND,
    ("POST", "/analytics/preflight", "body.collection_id"): NOT_FOUND,
    ("POST", "/analytics/unanswered/{unanswered_id}/merge", "body.unanswered_ids"): NOT_FOUND,
    ("POST", "/analytics/unanswered/{unanswered_id}/split", "body.phrasing_ids"): NOT_FOUND,
    ("GET", "/conversations", "query.agent_id"): NOT_FOUND,
    ("GET", "/conversations/export", "query.agent_id"): NOT_FOUND,
    ("POST", "/documents", "body.collection_id"): NOT_FOUND,
    ("POST", "/documents/batch", "query.collection_id"): NOT_FOUND,
    ("GET", "/documents", "query.collection_id"): NOT_FOUND,
    ("POST", "/documents/url", "body.collection_id"): NOT_FOUND,
    ("GET", "/crawls", "query.collection_id"): NOT_FOUND,
    ("POST", "/crawls/{crawl_id}/refresh", "body.page_id"): NOT_FOUND,
    ("POST", "/reindex", "body.collection_id"): NOT_FOUND,
    ("GET", "/dead-letters", "query.collection_id"): NOT_FOUND,
    ("POST", "/dead-letters/replay", "body.collection_id"): NOT_FOUND,
    ("POST", "/dead-letters/replay", "body.document_ids"): NOT_FOUND,
    ("POST", "/search", "body.collection_ids"): NOT_FOUND,
    ("POST", "/transfer-ownership", "body.user_id"): NOT_FOUND,
    ("POST", "/search", "body.filters.document_ids"): NOTHING,
}
BY_KEY = {  # the widget's own tests try them
    ("POST", f"/api/v1/widget/{path}", f"body.{name}")
    for path, name in (
        ("chat", "agent_id"), ("chat", "session_id"), ("feedback", "message_id"), ("escalate", "agent_id"),
        ("escalate", "session_id"), ("notify", "message_id"),
    )
}  # fmt: skip
BY_ADDRESS = {("POST", "/api/v1/auth/invitations/accept", "body.invitation_id")}  # the members' tests try it
CODES = {
    "user_id": "MEMBER_NOT_FOUND",
    "document_ids": "DOCUMENT_NOT_FOUND",
    "page_id": "PAGE_NOT_FOUND",
    "crawl_id": "CRAWL_NOT_FOUND",
    "unanswered_ids": "UNANSWERED_NOT_FOUND",
    "phrasing_ids": "PHRASING_NOT_FOUND",
    "agent_id": "AGENT_NOT_FOUND",
}
OWN_NAMES = ("external_id", "client_message_id", "visitor_id")  # names that the caller gives


class Tenant:
    """A workspace with one of everything."""

    def __init__(self, shape: Shape, name: str, text: str, site_url: str) -> None:
        account = shape.sign_up(name)
        self.workspace = account.workspace(name)
        document = self.workspace.ingest(text, "secret.txt")
        agent = self.workspace.agent(response_config={"confidence_threshold": 0})
        job = self.workspace.wait_job(
            self.workspace.batch('{"external_id": "x", "text": "A batch of one."}').json()["id"]
        )
        asked = self.workspace.post(f"/agents/{agent['id']}/test", json={"message": "What opens the vault?"}).json()
        key = self.workspace.post("/api-keys", json={"name": "k"}).json()
        crawl = self.workspace.crawl(site_url)
        page = self.workspace.get(f"/crawls/{crawl['crawl_id']}/pages").json()["pages"][0]
        self.ids = {
            "crawl_id": crawl["crawl_id"],
            "run_id": crawl["run_id"],
            "page_id": page["id"],
            "workspace_id": self.workspace.id,
            "user_id": account.user_id,
            "invitation_id": self._invitation(name),
            "collection_id": self.workspace.collection,
            "document_id": document["id"],
            "agent_id": agent["id"],
            "job_id": job["id"],
            "key_id": key["id"],
            "session_id": asked["session_id"],
            "conversation_id": asked["session_id"],
            "message_id": asked["message_id"],
            **self._unanswered(agent["id"]),
            **webhook(self.workspace, site_url),
        }

    def _unanswered(self, agent_id: str) -> dict[str, str]:
        self.workspace.patch(f"/agents/{agent_id}", json={"response_config": {"confidence_threshold": 1.0}})
        self.workspace.post(f"/agents/{agent_id}/test", json={"message": "Who was the first king?"})
        settle(self.workspace)

        def first() -> dict[str, Any]:
            return dict(self.workspace.get("/analytics/unanswered").json()["unanswered"][0])

        item = until(first, lambda one: one["reason"] is not None)["id"]  # which comes in the background
        phrasing = self.workspace.get(f"/analytics/unanswered/{item}/phrasings").json()["phrasings"][0]["id"]
        return {"unanswered_id": item, "phrasing_id": phrasing}

    def _invitation(self, name: str) -> str:
        body = {"email": f"guest-of-{name.lower()}@example.com", "role": "VIEWER"}
        return str(self.workspace.post("/invitations", json=body).json()["id"])

    def state(self) -> dict[str, Any]:
        """Everything that the workspace's own reads show."""
        reads = ["", "/collections", "/documents", "/agents", "/jobs", "/api-keys", "/crawls", "/conversations"]
        reads += ["/members", "/invitations", "/analytics/unanswered"]
        reads += ["/webhooks", f"/webhooks/{self.ids['webhook_id']}/deliveries"]
        reads += [f"/crawls/{self.ids['crawl_id']}/{part}" for part in ("pages", "runs")]
        reads += [f"/documents/{self.ids['document_id']}", f"/agents/{self.ids['agent_id']}"]
        return {path: self.workspace.get(path).json() for path in reads}


def webhook(workspace: Workspace, url: str) -> dict[str, str]:
    """A webhook with one delivery."""
    body = {"name": "w", "url": url, "event_types": ["MEMBER_JOINED"]}
    webhook_id = workspace.post("/webhooks", json=body).json()["id"]
    return {"webhook_id": webhook_id, "delivery_id": workspace.post(f"/webhooks/{webhook_id}/test").json()["id"]}


@pytest.fixture(scope="module")
def site_url() -> Iterator[str]:
    with Site() as site:
        site.html("/", "Start", "<p>A page of a site that both crawl, each for itself.</p>")
        yield site.url()


@pytest.fixture(scope="module")
def victim(embedded: Shape, site_url: str) -> Tenant:
    return Tenant(embedded, "Victim", SECRET_TEXT, site_url)


@pytest.fixture(scope="module")
def intruder(embedded: Shape, site_url: str) -> Tenant:
    return Tenant(embedded, "Intruder", "The bicycle shop sells tyres.", site_url)


@pytest.fixture(scope="class")
def untouched(victim: Tenant) -> Iterator[None]:
    before = victim.state()
    yield
    assert victim.state() == before


def names_in(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def id_fields() -> Iterator[tuple[str, str, str]]:
    """Every query and body field of the OpenAPI document whose name says that it names something."""
    schema = openapi_of(INSYDR)

    def fields(part: dict[str, Any], prefix: str) -> Iterator[str]:
        if "$ref" in part:
            part = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[-1]]
        for option in part.get("anyOf", []):
            yield from fields(option, prefix)
        for name, child in part.get("properties", {}).items():
            yield prefix + name
            yield from fields(child, f"{prefix}{name}.")
        if "items" in part:
            yield from fields(part["items"], prefix)

    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            found = [f"query.{one['name']}" for one in operation.get("parameters", []) if one["in"] == "query"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found += list(fields(content["schema"], "body."))
            for field in found:
                if re.search(r"_ids?$", field) and not field.endswith(OWN_NAMES):
                    yield method.upper(), path.removeprefix(PREFIX), field


class TestTableIsWhole:
    def test_every_route_has_a_case(self) -> None:
        assert set(workspace_routes()) == set(CASES)

    def test_no_other_route_takes_ids(self) -> None:
        others = {route for route in all_routes() if not route[1].startswith(PREFIX)}
        assert others == WITHOUT_WORKSPACE | WITH_PUBLIC_KEY

    def test_every_field_that_names_something_has_a_case(self) -> None:
        assert set(id_fields()) == set(ID_FIELDS) | BY_KEY | BY_ADDRESS


@pytest.mark.usefixtures("untouched")
class TestPaths:
    @pytest.mark.parametrize(("method", "path"), workspace_routes(), ids=lambda value: value or "workspace")
    def test_foreign_ids_are_not_there(self, method: str, path: str, victim: Tenant, intruder: Tenant) -> None:
        """Every mixture of own and foreign ids, but the wholly own one."""
        names = names_in(PREFIX + path)
        for foreign in product((True, False), repeat=len(names)):
            if not any(foreign):
                continue
            ids = {
                name: (victim if theirs else intruder).ids[name] for name, theirs in zip(names, foreign, strict=True)
            }
            options = request_of(CASES[method, path], intruder.ids["collection_id"])
            reply = intruder.workspace.account.call(
                method, (PREFIX + path).format(**ids).removeprefix("/api/v1"), **options
            )
            check_error(reply, 404)
            assert SECRET_TEXT not in reply.text

    @pytest.mark.parametrize(("method", "path"), workspace_routes(), ids=lambda value: value or "workspace")
    def test_a_foreign_secret_key_finds_nothing(self, method: str, path: str, victim: Tenant, intruder: Tenant) -> None:
        key = intruder.workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        options = request_of(CASES[method, path], victim.ids["collection_id"])
        reply = victim.workspace.seen_with(key).call(method, path.format(**victim.ids), **options)
        check_error(reply, 404, "WORKSPACE_NOT_FOUND")


@pytest.mark.usefixtures("untouched")
class TestFields:
    @pytest.mark.parametrize(("method", "path", "field"), [key for key, kind in ID_FIELDS.items() if kind == NOT_FOUND])
    def test_foreign_ids_are_not_there(
        self, method: str, path: str, field: str, victim: Tenant, intruder: Tenant
    ) -> None:
        place, name = field.split(".")
        stranger = victim.ids[name.removesuffix("s")]
        for value in (stranger, [intruder.ids["collection_id"], stranger]):
            if isinstance(value, list) and not name.endswith("s"):
                continue
            options = request_of(CASES[method, path], stranger)
            if place == "query":
                options["params"] = {name: value}
            elif "data" not in options:
                options["json"] = {
                    **options["json"],
                    name: [value] if name.endswith("s") and value is stranger else value,
                }
            reply = intruder.workspace.call(method, path.format(**intruder.ids), **options)
            code = CODES.get(name, "COLLECTION_NOT_FOUND")
            check_error(reply, 404, code, name)

    @pytest.mark.parametrize("field", ["actor_id", "target_id"])
    def test_an_audit_log_filtered_by_foreign_ids_is_empty(self, field: str, victim: Tenant, intruder: Tenant) -> None:
        wanted = {field: victim.ids["user_id" if field == "actor_id" else "document_id"]}
        assert victim.workspace.get("/audit", params=wanted).json()["total"] > 0
        assert intruder.workspace.get("/audit", params=wanted).json() == {"entries": [], "total": 0}

    def test_a_search_filtered_by_foreign_documents_finds_nothing(self, victim: Tenant, intruder: Tenant) -> None:
        filters = {"document_ids": [victim.ids["document_id"]]}
        found = intruder.workspace.search("What opens the zanzibar vault?", filters=filters)
        assert found["results"] == []

    def test_an_unfiltered_search_finds_its_own_only(self, victim: Tenant, intruder: Tenant) -> None:
        found = intruder.workspace.search("What opens the zanzibar vault?", top_k=100)
        assert {hit["collection_id"] for hit in found["results"]} == {intruder.ids["collection_id"]}
        assert "quicksilver" not in str(found)

    def test_a_foreign_answer_cannot_be_labelled(self, victim: Tenant, intruder: Tenant) -> None:
        own = {"message_id": intruder.ids["message_id"], "right": True}
        body = {"labels": [own, {**own, "message_id": victim.ids["message_id"]}]}
        check_error(intruder.workspace.post("/calibration", json=body), 404, "MESSAGE_NOT_FOUND")

    def test_a_foreign_conversation_is_not_continued(self, victim: Tenant, intruder: Tenant) -> None:
        body = {"message": "And what else?", "session_id": victim.ids["session_id"]}
        reply = intruder.workspace.post(f"/agents/{intruder.ids['agent_id']}/test", json=body).json()
        assert reply["session_id"] != victim.ids["session_id"]
        assert "quicksilver" not in str(reply)


class TestLists:
    def test_workspaces_of_others_are_not_listed(self, victim: Tenant, intruder: Tenant) -> None:
        listed = intruder.workspace.account.call("GET", "/workspaces").json()
        assert [row["id"] for row in listed["workspaces"]] == [intruder.workspace.id]

    @pytest.mark.parametrize("path", ["/collections", "/documents", "/agents", "/jobs", "/api-keys"])
    def test_lists_show_ones_own(self, path: str, victim: Tenant, intruder: Tenant) -> None:
        assert not set(victim.ids.values()) & set(re.findall(r"\w+", intruder.workspace.get(path).text)) - {"x"}
