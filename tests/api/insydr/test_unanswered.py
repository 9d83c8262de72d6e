"""The work list over HTTP, and which questions are asked most."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.clock import utc_now
from domain.models import Question
from tests.support.analytics import settle
from tests.support.client import Workspace, check_error

TEXT = "The battery is covered for two years. A frame is covered for ten years."
ANSWERED = "How long is the battery covered?"
UNKNOWN = "Do you support webhooks?"


@pytest.fixture
def agent(shaped: Workspace) -> str:
    shaped.ingest(TEXT, "warranty.txt")
    return str(shaped.agent(name="Desk", response_config={"confidence_threshold": 0.05})["id"])


def ask(workspace: Workspace, agent: str, message: str, **body: Any) -> dict[str, Any]:
    reply = workspace.post(f"/agents/{agent}/test", json={"message": message, **body})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def listed(workspace: Workspace, **params: Any) -> dict[str, Any]:
    settle(workspace)
    reply = workspace.get("/analytics/unanswered", params=params)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def opened(workspace: Workspace, agent: str, question: str = UNKNOWN) -> dict[str, Any]:
    """The item of a question that nothing answers."""
    workspace.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 1.0}})
    ask(workspace, agent, question)
    (item,) = [one for one in listed(workspace)["unanswered"] if one["question"] == question]
    return dict(item)


class TestWorkList:
    def test_what_was_not_answered_is_an_item(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        ask(shaped, agent, "do you  support webhooks")
        ask(shaped, agent, "Who is the chief executive?")
        found = listed(shaped)
        assert found["total"] == 2
        first, second = found["unanswered"]
        assert (first["id"], first["question"]) == (item["id"], UNKNOWN)
        assert (first["occurrences"], first["status"]) == (2, "OPEN")
        assert first["id"].startswith("uq_")
        assert first["first_seen"] == first["last_seen"] == str(utc_now().date())
        assert second["occurrences"] == 1
        assert found["by_status"] == {"open": 2, "resolved": 0, "ignored": 0}

    def test_a_follow_up_stands_with_what_it_leans_on(self, shaped: Workspace, agent: str) -> None:
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 1.0}})
        session = ask(shaped, agent, UNKNOWN)["session_id"]
        ask(shaped, agent, "And what about those of partners?", session_id=session)
        found = [shaped.get(f"/analytics/unanswered/{one['id']}/phrasings") for one in listed(shaped)["unanswered"]]
        texts = {one["question"] for reply in found for one in reply.json()["phrasings"]}
        assert texts == {UNKNOWN, f"{UNKNOWN} And what about those of partners?"}

    def test_what_was_answered_is_none(self, shaped: Workspace, agent: str) -> None:
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0}})
        ask(shaped, agent, ANSWERED)
        assert listed(shaped)["total"] == 0

    def test_a_thumb_down_makes_it_one(self, shaped: Workspace, agent: str) -> None:
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0}})
        reply = ask(shaped, agent, ANSWERED)
        assert listed(shaped)["total"] == 0
        shaped.post(f"/messages/{reply['message_id']}/feedback", json={"feedback_type": "THUMBS_DOWN"})
        (item,) = listed(shaped)["unanswered"]
        assert (item["question"], item["occurrences"], item["asked"]) == (ANSWERED, 1, 1)

    def test_filters(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        mine = shaped.account.user_id
        assert shaped.patch(f"/analytics/unanswered/{item['id']}", json={"assigned_to": mine}).status_code == 200
        ask(shaped, agent, "Where is the office?")
        assert listed(shaped, status="OPEN")["total"] == 2
        assert listed(shaped, status="IGNORED")["total"] == 0
        assert [one["id"] for one in listed(shaped, assigned_to=mine)["unanswered"]] == [item["id"]]
        assert [one["id"] for one in listed(shaped, text="WEBHOOK")["unanswered"]] == [item["id"]]
        assert listed(shaped, limit=1, offset=1)["total"] == 2
        assert len(listed(shaped, order="last_seen", limit=1)["unanswered"]) == 1

    def test_a_range_has_what_came_up_in_it(self, shaped: Workspace, agent: str) -> None:
        opened(shaped, agent)
        with shaped.shape.parts.database.write() as session:
            old = update(Question).where(Question.workspace_id == shaped.id)
            session.execute(old.values(asked_at=utc_now() - timedelta(days=10)))
        ask(shaped, agent, "Where is the office?")
        assert listed(shaped, days=7)["total"] == 1
        assert listed(shaped)["total"] == 2


class TestByHand:
    def test_resolved_and_failed_again(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        reply = shaped.patch(f"/analytics/unanswered/{item['id']}", json={"status": "RESOLVED"})
        assert reply.status_code == 200, reply.text
        assert reply.json()["resolved_by"]["kind"] == "PERSON"
        assert reply.json()["resolved_by"]["user_id"] == shaped.account.user_id
        found = listed(shaped)
        assert (found["resolved_this_week"], found["by_status"]["resolved"]) == (1, 1)
        ask(shaped, agent, UNKNOWN)
        (again,) = listed(shaped)["unanswered"]
        assert (again["id"], again["status"], again["occurrences"]) == (item["id"], "OPEN", 2)
        assert again["reopened_at"] is not None

    def test_ignored_stays_ignored(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        shaped.patch(f"/analytics/unanswered/{item['id']}", json={"status": "IGNORED"})
        ask(shaped, agent, UNKNOWN)
        (same,) = listed(shaped)["unanswered"]
        assert (same["status"], same["occurrences"]) == ("IGNORED", 2)

    def test_open_again_by_hand(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        for status in ("RESOLVED", "OPEN"):
            reply = shaped.patch(f"/analytics/unanswered/{item['id']}", json={"status": status})
        assert (reply.json()["status"], reply.json()["resolved_by"]) == ("OPEN", None)
        assert reply.json()["reopened_at"] is not None

    def test_two_at_once(self, shaped: Workspace, agent: str) -> None:
        """Each fetched the same state: one changes it, the other has to look again."""
        item = opened(shaped, agent)
        path = f"/analytics/unanswered/{item['id']}"
        tag = shaped.get(path).headers["ETag"]

        def resolve(status: str) -> int:
            return shaped.patch(path, json={"status": status}, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(resolve, ["RESOLVED", "IGNORED"])) == [200, 412]

    def test_nothing_changed_is_no_change(self, shaped: Workspace, agent: str) -> None:
        path = f"/analytics/unanswered/{opened(shaped, agent)['id']}"
        tag = shaped.get(path).headers["ETag"]
        assert shaped.patch(path, json={}).headers["ETag"] == tag
        assert shaped.patch(path, json={"status": "OPEN"}).headers["ETag"] == tag

    def test_bad_input(self, shaped: Workspace, agent: str) -> None:
        path = f"/analytics/unanswered/{opened(shaped, agent)['id']}"
        check_error(shaped.patch(path, json={"status": "CLOSED"}), 400)
        check_error(shaped.patch(path, json={"status": None}), 400)
        check_error(shaped.patch(path, json={"asignee": "x"}), 400)
        check_error(shaped.patch(path, json={"assigned_to": "user_ghost"}), 404)
        check_error(shaped.get("/analytics/unanswered/uq_ghost"), 404)
        stranger = shaped.shape.sign_up("Eve").workspace()
        check_error(stranger.get(path), 404)


class TestByMeaning:
    """What a person knows better than the job that groups."""

    OTHER = "Where is the office in Riga?"

    @pytest.fixture
    def pair(self, shaped: Workspace, agent: str) -> tuple[str, str]:
        """Two items, the older one first."""
        first = str(opened(shaped, agent)["id"])
        for _ in range(2):
            ask(shaped, agent, self.OTHER)
        (second,) = [one["id"] for one in listed(shaped)["unanswered"] if one["question"] == self.OTHER]
        return first, str(second)

    def merged(self, shaped: Workspace, one: str, *others: str, **headers: str) -> httpx.Response:
        body = {"unanswered_ids": list(others)}
        return shaped.post(f"/analytics/unanswered/{one}/merge", json=body, headers=headers)

    def worded(self, shaped: Workspace, item: str) -> list[tuple[str, int, int]]:
        found = shaped.get(f"/analytics/unanswered/{item}/phrasings").json()
        assert found["total"] == len(found["phrasings"])
        return [(one["question"], one["asked"], one["failed"]) for one in found["phrasings"]]

    def test_phrasings(self, shaped: Workspace, agent: str) -> None:
        item = opened(shaped, agent)
        for question in ("do you  support WEBHOOKS", "Do you already support webhooks?"):
            ask(shaped, agent, question)
        settle(shaped)
        assert self.worded(shaped, item["id"]) == [(UNKNOWN, 2, 2), ("Do you already support webhooks?", 1, 1)]
        assert shaped.get(f"/analytics/unanswered/{item['id']}/phrasings", params={"limit": 1}).json()["total"] == 2

    def test_merged_into_the_older_one(self, shaped: Workspace, agent: str, pair: tuple[str, str]) -> None:
        first, second = pair
        reply = self.merged(shaped, second, first)
        assert reply.status_code == 200, reply.text
        assert (reply.json()["id"], reply.json()["occurrences"], reply.json()["question"]) == (first, 3, UNKNOWN)
        (item,) = listed(shaped)["unanswered"]
        assert (item["id"], item["occurrences"]) == (first, 3)
        assert listed(shaped, days=7)["unanswered"][0]["occurrences"] == 3
        assert shaped.get(f"/analytics/unanswered/{second}").json()["id"] == first
        assert [one[1:] for one in self.worded(shaped, second)] == [(2, 2), (1, 1)]
        ask(shaped, agent, self.OTHER.upper())
        assert listed(shaped)["unanswered"][0]["occurrences"] == 4

    def test_an_alias_of_an_alias(self, shaped: Workspace, agent: str, pair: tuple[str, str]) -> None:
        ask(shaped, agent, "Can a child of four ride along?")
        third = next(one["id"] for one in listed(shaped)["unanswered"] if one["id"] not in pair)
        self.merged(shaped, pair[1], third)
        assert self.merged(shaped, pair[0], third).json()["id"] == pair[0]
        for one in (*pair, third):
            assert shaped.get(f"/analytics/unanswered/{one}").json()["id"] == pair[0]
        check_error(self.merged(shaped, pair[0], third), 400, "SAME_ITEM")

    def test_the_most_open_status_counts(self, shaped: Workspace, pair: tuple[str, str]) -> None:
        shaped.patch(f"/analytics/unanswered/{pair[0]}", json={"status": "RESOLVED"})
        reply = self.merged(shaped, *pair).json()
        assert (reply["status"], reply["resolved_by"]) == ("OPEN", None)
        assert reply["reopened_at"] is not None

    def test_split_and_kept_apart(self, shaped: Workspace, agent: str, pair: tuple[str, str]) -> None:
        first, second = pair
        self.merged(shaped, first, second)
        phrasings = shaped.get(f"/analytics/unanswered/{first}/phrasings").json()["phrasings"]
        other = next(one["id"] for one in phrasings if one["question"] == self.OTHER)
        reply = shaped.post(f"/analytics/unanswered/{first}/split", json={"phrasing_ids": [other]})
        assert reply.status_code == 200, reply.text
        left, parted = reply.json()["unanswered"], reply.json()["parted"]
        assert (left["id"], left["question"], left["occurrences"]) == (first, UNKNOWN, 1)
        assert (parted["question"], parted["occurrences"], parted["status"]) == (self.OTHER, 2, "OPEN")
        assert parted["id"] not in pair
        found = {one["id"]: one["occurrences"] for one in listed(shaped, days=7)["unanswered"]}
        assert found == {first: 1, parted["id"]: 2}
        ask(shaped, agent, self.OTHER)
        assert {one["id"]: one["occurrences"] for one in listed(shaped)["unanswered"]} == {first: 1, parted["id"]: 3}

    def test_bad_input(self, shaped: Workspace, pair: tuple[str, str]) -> None:
        first, second = pair
        check_error(self.merged(shaped, first, first), 400, "SAME_ITEM")
        check_error(self.merged(shaped, first, second, first), 400, "SAME_ITEM")
        check_error(self.merged(shaped, first), 400)
        check_error(self.merged(shaped, first, "uq_ghost"), 404)
        check_error(self.merged(shaped, first, second, **{"If-Match": '"77"'}), 412)
        stranger = shaped.shape.sign_up("Eve").workspace()
        check_error(self.merged(stranger, first, second), 404)
        path = f"/analytics/unanswered/{first}/split"
        (own,) = shaped.get(f"/analytics/unanswered/{first}/phrasings").json()["phrasings"]
        (foreign,) = shaped.get(f"/analytics/unanswered/{second}/phrasings").json()["phrasings"]
        check_error(shaped.post(path, json={"phrasing_ids": [own["id"]]}), 400, "TOO_MANY_PHRASINGS")
        check_error(shaped.post(path, json={"phrasing_ids": [foreign["id"]]}), 404, "PHRASING_NOT_FOUND")
        check_error(shaped.post(path, json={"phrasing_ids": []}), 400)
        check_error(stranger.post(path, json={"phrasing_ids": [own["id"]]}), 404)
        assert listed(shaped)["total"] == 2

    def test_two_at_once(self, shaped: Workspace, pair: tuple[str, str]) -> None:
        """Each merges one into the other: one does, the other finds that they are the same already."""
        with ThreadPoolExecutor(2) as pool:
            codes = sorted(pool.map(lambda ids: self.merged(shaped, *ids).status_code, [pair, pair[::-1]]))
        assert codes == [200, 400]
        assert listed(shaped)["total"] == 1


class TestQuestions:
    def test_most_asked_by_meaning(self, shaped: Workspace, agent: str) -> None:
        shaped.patch(f"/agents/{agent}", json={"response_config": {"confidence_threshold": 0}})
        for message in (ANSWERED, ANSWERED.lower(), UNKNOWN):
            ask(shaped, agent, message)
        settle(shaped)
        found = shaped.get("/analytics/questions").json()
        first = found["top_questions"][0]
        assert (first["question"], first["count"], first["trend"], first["change"]) == (ANSWERED, 2, "up", None)
        assert 0 <= first["avg_confidence"] <= 1
        assert (found["total"], len(found["top_questions"])) == (2, 2)
        assert sum(one["count"] for one in found["categories"]) == 3

    def test_trending_is_what_grew(self, shaped: Workspace, agent: str) -> None:
        for _ in range(3):
            ask(shaped, agent, ANSWERED)
        ask(shaped, agent, UNKNOWN)
        settle(shaped)
        found = shaped.get("/analytics/questions", params={"days": 7}).json()
        assert [one["question"] for one in found["trending"]] == [ANSWERED]

    def test_a_removed_conversation_takes_its_questions_along(self, shaped: Workspace, agent: str) -> None:
        reply = ask(shaped, agent, ANSWERED)
        settle(shaped)
        shaped.delete(f"/conversations/{reply['session_id']}")
        settle(shaped)
        assert shaped.get("/analytics/questions").json()["top_questions"] == []


class TestCsv:
    def test_formulas_are_text(self, shaped: Workspace, agent: str) -> None:
        opened(shaped, agent, '=HYPERLINK("https://evil.example.com")')
        for name in ("unanswered", "questions"):
            reply = shaped.get(f"/analytics/{name}/export")
            lines = reply.text.removeprefix("\ufeff").splitlines()
            assert lines[0].startswith("id,question,")
            assert "'=HYPERLINK" in lines[1]
