"""The audit log: every change is in it, with who, what and from where; no secret is; a spreadsheet reads it as text."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from api.csv_rows import csv_rows, safe_cell
from core.clock import utc_now
from domain.audit.actions import Action
from domain.audit.facts import changes
from domain.audit.service import forget_old
from domain.crawls.service import CrawlService, SourceChange
from domain.documents.service import DocumentService
from domain.jobs.service import JobService
from domain.models import AuditEntry
from domain.models import Workspace as WorkspaceRow
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.workspaces.service import set_plan
from tests.support.analytics import settle
from tests.support.client import PASSWORD, Account, Shape, Workspace, check_error
from tests.support.route_table import CASES, request_of
from tests.support.site import Site

A = Action
AUDITED = {
    ("PATCH", ""): A.WORKSPACE_UPDATED,
    ("DELETE", ""): A.WORKSPACE_DELETED,
    ("PATCH", "/members/{user_id}"): A.MEMBER_ROLE_CHANGED,
    ("DELETE", "/members/{user_id}"): A.MEMBER_REMOVED,
    ("POST", "/transfer-ownership"): A.OWNERSHIP_TRANSFERRED,
    ("POST", "/invitations"): A.INVITATION_CREATED,
    ("DELETE", "/invitations/{invitation_id}"): A.INVITATION_WITHDRAWN,
    ("PATCH", "/front-office"): A.FRONT_OFFICE_UPDATED,
    ("POST", "/api-keys"): A.API_KEY_CREATED,
    ("DELETE", "/api-keys/{key_id}"): A.API_KEY_REVOKED,
    ("POST", "/api-keys/{key_id}/rotate"): A.API_KEY_ROTATED,
    ("POST", "/agents"): A.AGENT_CREATED,
    ("PATCH", "/agents/{agent_id}"): A.AGENT_UPDATED,
    ("POST", "/agents/{agent_id}/publish"): A.AGENT_PUBLISHED,
    ("DELETE", "/agents/{agent_id}"): A.AGENT_ARCHIVED,
    ("POST", "/agents/{agent_id}/pause"): A.AGENT_PAUSED,
    ("POST", "/agents/{agent_id}/resume"): A.AGENT_RESUMED,
    ("POST", "/calibration"): A.CALIBRATION_CHANGED,
    ("DELETE", "/calibration"): A.CALIBRATION_REMOVED,
    ("POST", "/collections"): A.COLLECTION_CREATED,
    ("PATCH", "/collections/{collection_id}"): A.COLLECTION_UPDATED,
    ("DELETE", "/collections/{collection_id}"): A.COLLECTION_DELETED,
    ("POST", "/documents/batch"): A.BATCH_STARTED,
    ("POST", "/documents"): A.DOCUMENT_UPLOADED,
    ("PATCH", "/documents/{document_id}"): A.DOCUMENT_UPDATED,
    ("DELETE", "/documents/{document_id}"): A.DOCUMENT_DELETED,
    ("POST", "/documents/{document_id}/reprocess"): A.DOCUMENT_REPROCESSED,
    ("POST", "/documents/{document_id}/cancel"): A.DOCUMENT_CANCELLED,
    ("POST", "/documents/url"): A.CRAWL_STARTED,
    ("PATCH", "/crawls/{crawl_id}"): A.CRAWL_UPDATED,
    ("DELETE", "/crawls/{crawl_id}"): A.CRAWL_DELETED,
    ("POST", "/crawls/{crawl_id}/run"): A.CRAWL_STARTED,
    ("POST", "/crawls/{crawl_id}/refresh"): A.CRAWL_REFRESHED,
    ("POST", "/crawls/{crawl_id}/pause"): A.CRAWL_PAUSED,
    ("POST", "/crawls/{crawl_id}/resume"): A.CRAWL_RESUMED,
    ("POST", "/crawls/{crawl_id}/cancel"): A.CRAWL_CANCELLED,
    ("POST", "/jobs/{job_id}/cancel"): A.JOB_CANCELLED,
    ("POST", "/dead-letters/replay"): A.DEAD_LETTERS_REPLAYED,
    ("POST", "/reconcile"): A.RECONCILE_STARTED,
    ("POST", "/reindex"): A.REINDEX_STARTED,
    ("DELETE", "/conversations"): A.CONVERSATIONS_DELETED,
    ("DELETE", "/conversations/{conversation_id}"): A.CONVERSATION_DELETED,
    ("POST", "/webhooks"): A.WEBHOOK_CREATED,
    ("PATCH", "/analytics/unanswered/{unanswered_id}"): A.UNANSWERED_UPDATED,
    ("POST", "/analytics/unanswered/{unanswered_id}/answer"): A.UNANSWERED_ANSWERED,
    ("POST", "/analytics/unanswered/{unanswered_id}/merge"): A.UNANSWERED_MERGED,
    ("POST", "/analytics/unanswered/{unanswered_id}/split"): A.UNANSWERED_SPLIT,
    ("PATCH", "/webhooks/{webhook_id}"): A.WEBHOOK_UPDATED,
    ("DELETE", "/webhooks/{webhook_id}"): A.WEBHOOK_DELETED,
    ("POST", "/webhooks/{webhook_id}/rotate-secret"): A.WEBHOOK_SECRET_ROTATED,
    ("POST", "/webhooks/{webhook_id}/replay"): A.WEBHOOK_REPLAYED,
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): A.WEBHOOK_REDELIVERED,
}
# they ask, and what they asked is in the conversations; or change nothing that stays
ASKED = {
    ("POST", "/agents/{agent_id}/test"), ("POST", "/agents/{agent_id}/chat"), ("POST", "/search"),
    ("POST", "/messages/{message_id}/feedback"), ("POST", "/crawls/preview"), ("POST", "/webhooks/{webhook_id}/test"),
    ("POST", "/analytics/unanswered/{unanswered_id}/dry-run"), ("POST", "/analytics/preflight"),
}  # fmt: skip


def entries(workspace: Workspace, **wanted: Any) -> list[dict[str, Any]]:
    reply = workspace.get("/audit", params=wanted)
    assert reply.status_code == 200, reply.text
    return list(reply.json()["entries"])


@pytest.fixture
def team(shape: Shape) -> Workspace:
    return shape.sign_up("Boss").workspace("Team")


class Things:
    """One fresh thing of each kind, made when its id is asked for."""

    def __init__(self, workspace: Workspace, site: Site) -> None:
        self.workspace, self._site = workspace, site

    def id_of(self, name: str, path: str) -> str:
        return str(getattr(self, name)(path))

    def user_id(self, _: str) -> str:
        guest = self.workspace.shape.sign_up("Guest")
        made = self.workspace.post("/invitations", json={"email": guest.email, "role": "EDITOR"}).json()
        guest.call("POST", "/auth/invitations/accept", json={"invitation_id": made["id"]})
        return guest.user_id

    def invitation_id(self, _: str) -> str:
        body = {"email": "other@example.com", "role": "VIEWER"}
        return str(self.workspace.post("/invitations", json=body).json()["id"])

    def key_id(self, _: str) -> str:
        return str(self.workspace.post("/api-keys", json={"name": "k"}).json()["id"])

    def agent_id(self, path: str) -> str:
        agent_id = str(self.workspace.agent()["id"])
        if path.endswith("/resume"):
            self.workspace.post(f"/agents/{agent_id}/pause")
        return agent_id

    def collection_id(self, _: str) -> str:
        return self.workspace.new_collection("C")

    def document_id(self, _: str) -> str:
        return str(self.workspace.ingest("Some text that stays.", params={"duplicates": "allow"})["id"])

    def conversation_id(self, _: str) -> str:
        return str(self._asked()["session_id"])

    def unanswered_id(self, _: str) -> str:
        """Of an agent without documents, which answers nothing."""
        self._asked()
        settle(self.workspace)
        return str(self.workspace.get("/analytics/unanswered").json()["unanswered"][0]["id"])

    def crawl_id(self, _: str) -> str:
        self._site.html("/", "Start", "<p>One page.</p>")
        return str(self.workspace.crawl(self._site.url())["crawl_id"])

    def webhook_id(self, _: str) -> str:
        body = {"name": "w", "url": "https://receiver.example/", "event_types": ["MEMBER_JOINED"]}
        return str(self.workspace.post("/webhooks", json=body).json()["id"])

    def _asked(self) -> dict[str, Any]:
        agent_id = self.agent_id("")
        body = {"message": "Who?"}
        return dict(self.workspace.post(f"/agents/{agent_id}/test", json=body).json())


# what needs something at work, or more than one thing: below
APART = {
    ("POST", "/transfer-ownership"), ("POST", "/calibration"), ("POST", "/documents/{document_id}/cancel"),
    ("POST", "/documents/url"), ("POST", "/crawls/{crawl_id}/refresh"), ("POST", "/crawls/{crawl_id}/pause"),
    ("POST", "/crawls/{crawl_id}/resume"), ("POST", "/crawls/{crawl_id}/cancel"), ("POST", "/jobs/{job_id}/cancel"),
    ("DELETE", "/conversations"), ("POST", "/webhooks/{webhook_id}/replay"), ("DELETE", ""),
    ("POST", "/analytics/unanswered/{unanswered_id}/answer"), ("POST", "/analytics/unanswered/{unanswered_id}/merge"),
    ("POST", "/analytics/unanswered/{unanswered_id}/split"),
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"),
}  # fmt: skip


class TestEveryChange:
    def test_is_known(self) -> None:
        changing = {route for route in CASES if route[0] != "GET"}
        assert set(AUDITED) | ASKED == changing
        assert not set(AUDITED) & ASKED

    @pytest.mark.parametrize(("method", "path"), sorted(set(AUDITED) - APART), ids=lambda value: value or "workspace")
    def test_is_there(self, method: str, path: str, workspace: Workspace, site: Site) -> None:
        things = Things(workspace, site)
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        ids = {name: things.id_of(name, path) for name in names}
        options = request_of(CASES[method, path], workspace.collection)
        asked = {"X-Request-Id": f"asked-{len(path)}", "User-Agent": "t"}
        reply = workspace.call(method, path.format(**ids), headers=asked, **options)
        assert reply.status_code in (200, 201, 202), reply.text
        newest = entries(workspace, action=AUDITED[method, path])[0]
        assert newest["request_id"] == asked["X-Request-Id"]
        assert newest["address"] == "127.0.0.1"
        assert newest["actor"] == {
            "kind": "USER", "id": workspace.account.user_id, "email": workspace.account.email, "key_id": None,
            "key_name": None,
        }  # fmt: skip
        if names:
            assert newest["target"]["id"] in {*ids.values(), reply.json().get("id")}

    def test_of_things_at_work(self, workspace: Workspace, site: Site) -> None:
        things = Things(workspace, site)
        crawl = things.crawl_id("")
        page = workspace.get(f"/crawls/{crawl}/pages").json()["pages"][0]["id"]
        started = workspace.post(f"/crawls/{crawl}/refresh", json={"page_id": page})
        assert started.status_code == 202, started.text
        workspace.crawled(started.json())
        body = {"message": "Who?"}
        conversation = workspace.post(f"/agents/{things.agent_id('')}/test", json=body).json()["session_id"]
        assert workspace.get(f"/conversations/{conversation}/export").status_code == 200
        assert workspace.get("/conversations/export").status_code == 200
        found = [one["action"] for one in entries(workspace)]
        assert {"CRAWL_STARTED", "CRAWL_REFRESHED", "CONVERSATIONS_EXPORTED"} <= set(found)
        exports = entries(workspace, action="CONVERSATIONS_EXPORTED")
        assert [one["target"]["type"] for one in exports] == ["WORKSPACE", "CONVERSATION"]

    def test_of_crawls_jobs_and_documents_under_way(self, team: Workspace, site: Site) -> None:
        """In one transaction, so that no worker is faster."""
        parts, document = team.shape.parts, Things(team, site).document_id("")
        who = Principal(team.id, team.account.user_id, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
        with parts.database.write() as session:
            crawls = CrawlService(session, who, parts.keys)
            source = crawls.start(site.url("/a"), team.collection, SourceChange()).source
            crawls.pause(source.id)
            crawls.resume(source.id)
            crawls.cancel(source.id)
            job_id = crawls.start(site.url("/b"), team.collection, SourceChange()).run.job_id
            JobService(session, who).cancel(job_id)
            DocumentService(session, who).reprocess(document)
            DocumentService(session, who).cancel(document)
        found = [one["action"] for one in entries(team)][:8]
        assert found == [
            "DOCUMENT_CANCELLED", "DOCUMENT_REPROCESSED", "JOB_CANCELLED", "CRAWL_STARTED", "CRAWL_CANCELLED",
            "CRAWL_RESUMED", "CRAWL_PAUSED", "CRAWL_STARTED",
        ]  # fmt: skip

    def test_of_an_answer_by_hand(self, workspace: Workspace, site: Site) -> None:
        item = Things(workspace, site).unanswered_id("")
        body = {"answer": "It is blue.", "collection_id": workspace.collection}
        reply = workspace.post(f"/analytics/unanswered/{item}/answer", json=body)
        (answered,) = entries(workspace, action="UNANSWERED_ANSWERED")
        assert (answered["target"]["id"], answered["after"]) == (item, {"document_id": reply.json()["document"]["id"]})

    def test_of_questions_that_are_grouped_by_hand(self, workspace: Workspace, site: Site) -> None:
        things = Things(workspace, site)
        first = things.unanswered_id("")
        workspace.post(f"/agents/{things.agent_id('')}/test", json={"message": "Where is the depot in Riga?"})
        settle(workspace)
        items = workspace.get("/analytics/unanswered").json()["unanswered"]
        (second,) = [one["id"] for one in items if one["id"] != first]
        assert workspace.post(f"/analytics/unanswered/{first}/merge", json={"unanswered_ids": [second]}).is_success
        phrasing = workspace.get(f"/analytics/unanswered/{first}/phrasings").json()["phrasings"][0]["id"]
        reply = workspace.post(f"/analytics/unanswered/{first}/split", json={"phrasing_ids": [phrasing]})
        (parted,) = entries(workspace, action="UNANSWERED_SPLIT")
        assert parted["after"] == {"parted": reply.json()["parted"]["id"]}
        (merged,) = entries(workspace, action="UNANSWERED_MERGED")
        assert (merged["target"]["id"], merged["after"]) == (first, {"merged": [second]})

    def test_of_what_is_sent_again(self, team: Workspace, site: Site) -> None:
        body = {"name": "w", "url": site.url("/hook"), "event_types": ["AGENT_PUBLISHED"]}
        hook = team.post("/webhooks", json=body).json()["id"]
        team.post(f"/agents/{team.agent()['id']}/publish")
        delivery = team.get(f"/webhooks/{hook}/deliveries").json()["deliveries"][0]["id"]
        assert team.post(f"/webhooks/{hook}/deliveries/{delivery}/redeliver").status_code == 202
        since = (utc_now() - timedelta(hours=1)).isoformat()
        assert team.post(f"/webhooks/{hook}/replay", json={"since": since}).status_code == 202
        replayed, again = entries(team, target_type="WEBHOOK")[:2]
        assert (replayed["action"], replayed["after"]["only"]) == ("WEBHOOK_REPLAYED", "ALL")
        assert (again["action"], again["after"]) == ("WEBHOOK_REDELIVERED", {"delivery_id": delivery})

    def test_of_answers(self, team: Workspace) -> None:
        team.ingest("The vault opens with the phrase quicksilver.")
        agent = team.agent(response_config={"confidence_threshold": 0})["id"]
        team.post(f"/agents/{agent}/publish")
        body = {"message": "What opens the vault?", "visitor_id": "vera"}
        answer = team.post(f"/agents/{agent}/chat", json=body).json()
        labels = [{"message_id": answer["message_id"], "right": True}]
        assert team.post("/calibration", json={"labels": labels}).status_code == 200
        assert team.delete("/conversations", params={"visitor": "vera"}).json() == {"deleted": 1}
        removed, labelled = entries(team)[:2]
        assert (removed["action"], removed["after"]) == ("CONVERSATIONS_DELETED", {"deleted": 1})
        assert "vera" not in str(removed)  # who is forgotten is
        assert (labelled["action"], labelled["after"]) == ("CALIBRATION_CHANGED", {"labels": 1})

    def test_of_a_workspace_that_goes(self, team: Workspace) -> None:
        assert team.delete().status_code == 200
        with team.shape.parts.database.read() as session:
            rows = session.query(AuditEntry).where(AuditEntry.workspace_id == team.id).order_by(AuditEntry.id)
            left = [row.action for row in rows]
        assert left in (["WORKSPACE_CREATED", "WORKSPACE_DELETED"], [])  # a job removes it, the log too


class TestEntries:
    def test_before_and_after_hold_what_changed(self, team: Workspace) -> None:
        agent = team.agent(name="Bot")
        team.patch(f"/agents/{agent['id']}", json={"name": "Robot", "response_config": {"max_response_length": 99}})
        (one,) = entries(team, action="AGENT_UPDATED")
        assert one["before"] == {"name": "Bot", "response_config": {"max_response_length": 500}}
        assert one["after"] == {"name": "Robot", "response_config": {"max_response_length": 99}}
        assert one["target"] == {"type": "AGENT", "id": agent["id"], "name": "Robot"}
        team.patch(f"/agents/{agent['id']}", json={"name": "Robot"})
        assert len(entries(team, action="AGENT_UPDATED")) == 1  # nothing changed

    def test_a_change_that_fails_leaves_none(self, team: Workspace) -> None:
        agent = team.agent()
        reply = team.patch(f"/agents/{agent['id']}", json={"name": "x"}, headers={"If-Match": '"99"'})
        check_error(reply, 412)
        assert entries(team, action="AGENT_UPDATED") == []

    def test_no_secret_is_in_it(self, team: Workspace) -> None:
        key = team.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        body = {
            "name": "w", "url": "https://hooks.example/T000/verysecretpath?sig=verysecretquery",
            "event_types": ["MEMBER_LEFT"], "headers": {"Authorization": "Bearer verysecretheader"},
        }  # fmt: skip
        hook = team.post("/webhooks", json=body).json()
        rotated = team.post(f"/webhooks/{hook['id']}/rotate-secret").json()["secret"]
        team.patch(f"/webhooks/{hook['id']}", json={"headers": {"X-Token": "verysecretother"}})
        team.patch("", json={"settings": {"smtp_password": "verysecretsetting"}})
        team.post("/invitations", json={"email": "guest@example.com", "role": "VIEWER"})
        token = team.shape.mails_to("guest@example.com")[0].partition("inv_")[2].split()[0]
        text = team.get("/audit", params={"limit": 200}).text + team.get("/audit/export").text
        for secret in (key, hook["secret"], rotated, "verysecret", token, PASSWORD):
            assert secret not in text
        updated = entries(team, action="WEBHOOK_UPDATED")[0]
        assert updated["after"] == {"headers": "[removed]"}  # that they changed is told

    def test_a_key_acts_for_its_maker(self, team: Workspace) -> None:
        made = team.post("/api-keys", json={"name": "Program", "kind": "secret"}).json()
        team.seen_with(made["key"]).post("/collections", json={"name": "c"})
        (one,) = entries(team, actor_kind="KEY")
        assert one["action"] == "COLLECTION_CREATED"
        assert one["actor"] == {
            "kind": "KEY", "id": team.account.user_id, "email": team.account.email, "key_id": made["id"],
            "key_name": "Program",
        }  # fmt: skip

    def test_members_and_accounts(self, team: Workspace) -> None:
        guest = team.shape.sign_up("Guest")
        made = team.post("/invitations", json={"email": guest.email, "role": "EDITOR"}).json()
        guest.call("POST", "/auth/invitations/accept", json={"invitation_id": made["id"]})
        body = {"current_password": PASSWORD, "new_password": "another-Passphrase-77"}
        guest.call("POST", "/auth/change-password", json=body)
        team.post("/transfer-ownership", json={"user_id": guest.user_id})
        team.delete("/members/me")
        heir = team.seen_with(guest.token)
        found = [(one["action"], one["actor"]["email"], one["target"]["name"]) for one in entries(heir)]
        boss = team.account.email
        assert found == [
            ("MEMBER_LEFT", boss, boss), ("OWNERSHIP_TRANSFERRED", boss, guest.email),
            ("MEMBER_ROLE_CHANGED", boss, boss), ("MEMBER_ROLE_CHANGED", boss, guest.email),
            ("PASSWORD_CHANGED", guest.email, guest.email), ("MEMBER_JOINED", guest.email, guest.email),
            ("INVITATION_CREATED", boss, guest.email), ("WORKSPACE_CREATED", boss, "Team"),
        ]  # fmt: skip

    def test_an_operators_password(self, team: Workspace) -> None:
        team.shape.parts.identity.create_verified(team.account.email, "another-Passphrase-77", "Boss")
        body = {"email": team.account.email, "password": "another-Passphrase-77"}
        token = team.shape.http.post("/api/v1/auth/login", json=body).json()["access_token"]
        (one,) = entries(team.seen_with(token), actor_kind="OPERATOR")
        assert (one["action"], one["address"]) == ("PASSWORD_RESET", None)

    def test_an_operators_plan(self, team: Workspace) -> None:
        with team.shape.parts.database.write() as session:
            set_plan(session, session.get_one(WorkspaceRow, team.id), "STARTER")
        (one,) = entries(team, actor_kind="OPERATOR")
        assert (one["action"], one["before"], one["after"]) == (
            "PLAN_CHANGED", {"plan": "ENTERPRISE"}, {"plan": "STARTER"},
        )  # fmt: skip

    def test_filters_and_pages(self, team: Workspace) -> None:
        made = [team.new_collection(name) for name in ("a", "b", "c")]
        assert [one["target"]["name"] for one in entries(team, target_type="COLLECTION")] == ["c", "b", "a"]
        assert len(entries(team, target_id=made[0])) == 1
        assert len(entries(team, actor_id=team.account.user_id, limit=2, offset=1)) == 2
        assert entries(team, actor_id="user_ghost") == []
        since = entries(team, target_id=made[1])[0]["created_at"]
        assert [one["target"]["name"] for one in entries(team, **{"from": since})] == ["c", "b"]
        assert team.get("/audit", params={"to": since}).json()["total"] == 2
        check_error(team.get("/audit", params={"from": since, "to": since}), 400, field="from")
        check_error(team.get("/audit", params={"action": "NONE"}), 400, field="action")

    def test_old_ones_go_where_the_installation_says_so(self, team: Workspace) -> None:
        database = team.shape.parts.database
        forget_old(database, 0)
        assert len(entries(team)) == 1
        with database.write() as session:
            for row in session.query(AuditEntry).where(AuditEntry.workspace_id == team.id):
                row.created_at = row.created_at.replace(year=2001)
        forget_old(database, 365)
        assert entries(team) == []


class TestExport:
    def test_is_a_table_of_texts(self, team: Workspace) -> None:
        formula = '=HYPERLINK("http://evil.example","click")'
        team.new_collection(formula)
        reply = team.get("/audit/export")
        assert reply.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in reply.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"), newline="")))
        assert [row["action"] for row in rows] == ["WORKSPACE_CREATED", "COLLECTION_CREATED", "AUDIT_EXPORTED"]
        assert rows[1]["target_name"] == f"'{formula}"
        assert rows[0]["actor_email"] == team.account.email

    def test_more_than_a_page(self, team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.audit.service.PAGE", 2)
        for name in "abcd":
            team.new_collection(name)
        text = team.get("/audit/export", params={"target_type": "COLLECTION"}).text
        assert [line.split(",")[9] for line in text.splitlines()[1:]] == ["a", "b", "c", "d"]

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "|cmd", "＝1"])
    def test_what_begins_like_a_formula_is_text(self, text: str) -> None:
        assert safe_cell(text) == f"'{text}"

    @pytest.mark.parametrize("value", ["plain", "a=b", "1-2", -3, 2.5, "", "Ärger, „zitiert“"])
    def test_the_rest_is_as_it_is(self, value: Any) -> None:
        assert safe_cell(value) == str(value)

    def test_commas_quotes_and_lines(self) -> None:
        text = "".join(csv_rows(["a", "b"], [['say "x", y', "two\nlines"], [None, True]]))
        assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == [
            ["a", "b"], ['say "x", y', "two\nlines"], ["", "True"],
        ]  # fmt: skip


class TestWhoReads:
    def test_another_workspaces_is_not_there(self, team: Workspace) -> None:
        stranger: Account = team.shape.sign_up("Stranger")
        check_error(team.seen_with(stranger.token).get("/audit"), 404, "WORKSPACE_NOT_FOUND")
        theirs = stranger.workspace("Theirs")
        assert [one["action"] for one in entries(theirs)] == ["WORKSPACE_CREATED"]


def test_a_secret_name_hides_all_below_it() -> None:
    before, after = {"settings": {"secrets": {"a": "x"}}}, {"settings": {"secrets": {"a": "y"}}}
    assert changes(before, after) == ({"settings": {"secrets": "[removed]"}}, {"settings": {"secrets": "[removed]"}})


def test_changes_within_objects() -> None:
    before, after = {"a": {"x": 1, "y": 2}, "token": "s", "n": 1}, {"a": {"x": 1, "y": 3}, "token": "t", "m": 2}
    assert changes(before, after) == (
        {"a": {"y": 2}, "m": None, "n": 1, "token": "[removed]"},
        {"a": {"y": 3}, "m": 2, "n": None, "token": "[removed]"},
    )
