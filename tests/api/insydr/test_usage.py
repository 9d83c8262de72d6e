"""What a plan allows: messages of the month, agents, documents, storage, pages of a crawl; and what is told of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.settings import Plan
from domain.models import EventRow
from domain.plans import LIMITS, Limits
from domain.usage import quota
from retrieval.answerer import Answerer
from tests.support.client import Workspace, check_error, until
from tests.support.site import Site

QUESTION = {"message": "What opens the vault?"}


@pytest.fixture
def allow(shaped: Workspace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts the workspace on a plan that allows just this much."""

    def put(**limits: int) -> Workspace:
        monkeypatch.setitem(LIMITS, Plan.BUSINESS, Limits(requests=600, **limits))
        shaped.on_plan(Plan.BUSINESS)
        return shaped

    return put


def usage(workspace: Workspace) -> dict[str, Any]:
    reply = workspace.get("/usage")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def used(workspace: Workspace) -> int:
    return int(usage(workspace)["messages"]["used"])


def ask(workspace: Workspace, agent_id: str, how: str = "test") -> httpx.Response:
    return workspace.post(f"/agents/{agent_id}/{how}", json=QUESTION)


def told(workspace: Workspace) -> list[tuple[str, Any]]:
    with workspace.shape.parts.database.read() as session:
        rows = session.scalars(
            select(EventRow)
            .where(EventRow.workspace_id == workspace.id, EventRow.type.like("QUOTA%"))
            .order_by(EventRow.created_at)
        )
        return [(row.type, row.data) for row in rows]


class TestPage:
    def test_of_an_unlimited_plan(self, shaped: Workspace) -> None:
        found = usage(shaped)
        nothing = {"used": 0, "limit": None, "remaining": None}
        assert found["plan"] == "ENTERPRISE"
        assert [found[name] for name in ("messages", "agents", "campaigns", "documents", "storage_bytes")] == [
            nothing
        ] * 5
        assert [found[name] for name in ("requests_per_minute", "crawl_pages")] == [None] * 2
        assert (found["file_bytes"], found["months"]) == (8 * 2**20, [])

    def test_of_a_limited_one(self, shaped: Workspace) -> None:
        shaped.on_plan(Plan.STARTER)
        shaped.patch(json={"timezone": "Asia/Kolkata"})
        size = len("The lever opens the vault.")
        shaped.ingest("The lever opens the vault.")
        ask(shaped, shaped.agent()["id"])
        found = usage(shaped)
        assert found["messages"] == {"used": 1, "limit": 2_000, "remaining": 1_999}
        assert found["agents"] == {"used": 1, "limit": 3, "remaining": 2}
        assert found["documents"] == {"used": 1, "limit": 1_000, "remaining": 999}
        assert found["storage_bytes"] == {"used": size, "limit": 2 * 10**9, "remaining": 2 * 10**9 - size}
        assert found["campaigns"] == {"used": 0, "limit": 5, "remaining": 5}
        assert (found["requests_per_minute"], found["crawl_pages"]) == (120, 500)
        period = found["period"]
        assert (period["timezone"], period["starts_at"][11:]) == ("Asia/Kolkata", "18:30:00Z")
        assert found["months"] == [{"month": period["month"], "messages": 1}]


class TestMessages:
    def test_of_every_channel_count_until_there_are_no_more(self, allow: Any) -> None:
        workspace = allow(messages=3)
        agent = workspace.agent()["id"]
        workspace.post(f"/agents/{agent}/publish")
        assert [ask(workspace, agent, how).status_code for how in ("test", "chat", "test")] == [200] * 3
        for how in ("test", "chat"):
            refused = ask(workspace, agent, how)
            check_error(refused, 429, "QUOTA_EXCEEDED")
            assert refused.headers["content-type"] == "application/json"  # no stream has begun
            ends_at = datetime.fromisoformat(usage(workspace)["period"]["ends_at"])
            left_s = (ends_at - utc_now()).total_seconds()
            assert int(refused.headers["retry-after"]) == pytest.approx(left_s, abs=5)
        assert usage(workspace)["messages"] == {"used": 3, "limit": 3, "remaining": 0}

    def test_at_the_same_moment_are_counted_one_by_one(self, allow: Any) -> None:
        workspace = allow(messages=5)
        agent = workspace.agent()["id"]
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(lambda _: ask(workspace, agent).status_code, range(20)))
        assert (statuses.count(200), statuses.count(429)) == (5, 15)

    def test_questions_that_are_wrong_cost_nothing(self, allow: Any) -> None:
        workspace = allow(messages=3)
        agent = workspace.agent()["id"]
        assert ask(workspace, "agent_none").status_code == 404
        assert workspace.post(f"/agents/{agent}/test", json={"message": " "}).status_code == 400
        assert ask(workspace, agent, "chat").status_code == 409  # it is not published
        assert used(workspace) == 0

    @pytest.mark.parametrize("how", ["test", "chat"])
    def test_what_breaks_on_our_side_is_given_back(self, allow: Any, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        workspace = allow(messages=3)
        agent = workspace.agent()["id"]
        workspace.post(f"/agents/{agent}/publish")
        monkeypatch.setattr(Answerer, "stream", lambda *_: (_ for _ in ()).throw(RuntimeError("broken")))
        broken = ask(workspace, agent, how)
        assert broken.status_code == 500 or '"error"' in broken.text
        assert used(workspace) == 0

    def test_so_is_the_days_message_of_a_public_key(self, allow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        workspace = allow(messages=3)
        agent = workspace.agent()["id"]
        workspace.post(f"/agents/{agent}/publish")
        order = {"name": "p", "allowed_domains": ["usage.example"], "messages_per_day": 1}
        key = {"X-API-Key": workspace.post("/api-keys", json=order).json()["key"], "Origin": "https://usage.example"}

        def chat() -> httpx.Response:
            return workspace.shape.http.post("/api/v1/widget/chat", headers=key, json={"agent_id": agent, **QUESTION})

        with monkeypatch.context() as patch:
            patch.setattr(Answerer, "stream", lambda *_: (_ for _ in ()).throw(RuntimeError("broken")))
            assert '"error"' in chat().text
        replies = [chat(), chat()]
        assert [reply.status_code for reply in replies] == [200, 429]
        check_error(replies[1], 429, "DAILY_LIMIT")
        assert used(workspace) == 1

    def test_a_new_month_begins_with_none(self, allow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        workspace = allow(messages=1)
        agent = workspace.agent()["id"]
        assert [ask(workspace, agent).status_code for _ in range(2)] == [200, 429]
        monkeypatch.setattr(quota, "utc_now", lambda: utc_now() + timedelta(days=31))
        assert [ask(workspace, agent).status_code for _ in range(2)] == [200, 429]
        assert [row["messages"] for row in usage(workspace)["months"]] == [1, 1]

    def test_with_a_larger_plan_they_go_on(self, allow: Any) -> None:
        workspace = allow(messages=1)
        agent = workspace.agent()["id"]
        assert [ask(workspace, agent).status_code for _ in range(2)] == [200, 429]
        allow(messages=2)
        assert [ask(workspace, agent).status_code for _ in range(2)] == [200, 429]


class TestToldOf:
    def test_by_event_and_mail_at_four_fifths_and_at_the_end(self, allow: Any) -> None:
        workspace = allow(messages=5)
        agent = workspace.agent()["id"]
        for _ in range(4):
            ask(workspace, agent)
        wait_for_mail(workspace, "used 4 of the 5 messages that the plan BUSINESS allows a month.")
        wait_for_mail(workspace, "will be refused once they are used up")
        for _ in range(3):
            ask(workspace, agent)
        wait_for_mail(workspace, "used 5 of the 5 messages")
        wait_for_mail(workspace, "are refused (429 QUOTA_EXCEEDED)")
        ends_at = usage(workspace)["period"]["ends_at"]
        common = {"quota": "MESSAGES", "limit": 5, "resets_at": ends_at}
        assert told(workspace) == [
            ("QUOTA_WARNING", common | {"used": 4, "percent": 80}),
            ("QUOTA_REACHED", common | {"used": 5, "percent": 100}),
        ]

    def test_once_for_each_limit(self, allow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        workspace = allow(messages=1)
        agent = workspace.agent()["id"]
        ask(workspace, agent)
        assert [kind for kind, _ in told(workspace)] == ["QUOTA_REACHED"]
        allow(messages=3)
        with monkeypatch.context() as patch:
            patch.setattr(Answerer, "stream", lambda *_: (_ for _ in ()).throw(RuntimeError("broken")))
            for _ in range(3):  # each is the second of three, given back
                ask(workspace, agent)
        for _ in range(3):
            ask(workspace, agent)
        assert [data["limit"] for _, data in told(workspace)] == [1, 3]


class TestAgents:
    def test_so_many_that_are_not_archived(self, allow: Any) -> None:
        workspace = allow(agents=2)
        first, _ = workspace.agent(), workspace.agent()
        refused = workspace.post("/agents", json={"name": "A third"})
        check_error(refused, 422, "PLAN_LIMIT_EXCEEDED")
        assert "2 agents" in refused.json()["detail"]
        workspace.delete(f"/agents/{first['id']}")
        assert workspace.post("/agents", json={"name": "A third"}).status_code == 201
        check_error(workspace.patch(f"/agents/{first['id']}", json={"status": "DRAFT"}), 422, "PLAN_LIMIT_EXCEEDED")
        assert usage(workspace)["agents"]["used"] == 2

    def test_at_the_same_moment(self, allow: Any) -> None:
        workspace = allow(agents=3)
        with ThreadPoolExecutor(8) as pool:
            replies = pool.map(lambda _: workspace.post("/agents", json={"name": "a"}).status_code, range(8))
        assert sorted(replies) == [201] * 3 + [422] * 5


class TestDocuments:
    def test_one_more_than_allowed(self, allow: Any) -> None:
        workspace = allow(documents=2)
        first = workspace.upload("One.", external_id="one").json()["id"]
        workspace.upload("Two.")
        blobs = blob_count(workspace)
        check_error(workspace.upload("Three."), 422, "PLAN_LIMIT_EXCEEDED")
        assert blob_count(workspace) == blobs
        assert workspace.upload("One, again.", external_id="one").status_code == 202  # a version of one that is there
        workspace.delete(f"/documents/{first}")
        assert workspace.upload("Three.").status_code == 202

    def test_at_the_same_moment(self, allow: Any) -> None:
        workspace = allow(documents=3)
        collection = workspace.collection
        with ThreadPoolExecutor(8) as pool:
            replies = pool.map(
                lambda number: workspace.upload(f"Number {number}.", collection_id=collection).status_code, range(8)
            )
        assert sorted(replies) == [202] * 3 + [422] * 5

    def test_a_batch_takes_what_there_is_room_for(self, allow: Any) -> None:
        workspace = allow(documents=3)
        workspace.upload("Was there.")
        lines = "".join(f'{{"external_id": "e{number}", "text": "Number {number}."}}\n' for number in range(5))
        job = workspace.wait_job(workspace.batch(lines).json()["id"])
        assert (job["status"], job["total"], job["completed"], job["failed"]) == ("COMPLETED", 5, 2, 3)
        assert {(error["item"], error["code"]) for error in job["errors"]} == {
            (f"line {number}", "PLAN_LIMIT_EXCEEDED") for number in (3, 4, 5)
        }
        assert usage(workspace)["documents"]["used"] == 3

    def test_more_bytes_than_allowed(self, allow: Any) -> None:
        workspace = allow(storage_bytes=1_000)
        assert workspace.upload("x" * 600, external_id="x").status_code == 202
        check_error(workspace.upload("y" * 401), 422, "PLAN_LIMIT_EXCEEDED")
        assert workspace.upload("y" * 400).status_code == 202
        check_error(workspace.upload("z" * 601, external_id="x"), 422, "PLAN_LIMIT_EXCEEDED")
        assert workspace.upload("z" * 500, external_id="x").status_code == 202
        assert usage(workspace)["storage_bytes"] == {"used": 900, "limit": 1_000, "remaining": 100}

    def test_what_a_smaller_plan_finds_stays(self, allow: Any) -> None:
        workspace = allow(documents=5)
        documents = [workspace.ingest(f"Number {number}.", external_id=f"e{number}") for number in range(3)]
        allow(documents=2)
        assert usage(workspace)["documents"] == {"used": 3, "limit": 2, "remaining": 0}
        assert workspace.search("Number 2")["total"] == 3
        assert workspace.upload("Number 0, changed.", external_id="e0").status_code == 202
        check_error(workspace.upload("One more."), 422, "PLAN_LIMIT_EXCEEDED")
        assert len(documents) == 3


class TestCrawls:
    def test_pages_without_room_say_so(self, allow: Any, site: Site) -> None:
        workspace = allow(documents=2, crawl_pages=50)
        for number in range(4):
            text = f"<p>The lever of page {number} opens vault {number}.</p>"
            site.html(f"/{number}", f"Page {number}", text, links=[f"/{number + 1}"])
        crawl = workspace.crawl(site.url("/0"))
        pages = workspace.get(f"/crawls/{crawl['crawl_id']}/pages").json()["pages"]
        failed = [page for page in pages if page["code"] == "PLAN_LIMIT_EXCEEDED"]
        assert len(failed) == 2
        assert "allows 2 documents" in failed[0]["reason"]
        assert usage(workspace)["documents"]["used"] == 2

    def test_more_pages_than_allowed(self, allow: Any, site: Site) -> None:
        workspace = allow(crawl_pages=50)
        body = {"url": site.url("/"), "collection_id": workspace.collection, "max_pages": 51}
        check_error(workspace.post("/documents/url", json=body), 422, "PLAN_LIMIT_EXCEEDED", "max_pages")


def blob_count(workspace: Workspace) -> int:
    folder = workspace.shape.parts.settings.data_dir / "blobs" / workspace.id
    return sum(1 for path in folder.rglob("*") if path.is_file())


def wait_for_mail(workspace: Workspace, words: str) -> None:
    def seen() -> list[bool]:
        return [words in " ".join(text.split()) for text in workspace.shape.mails_to(workspace.account.email)]

    until(seen, any)
