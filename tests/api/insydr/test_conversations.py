"""The records of conversations over HTTP: what a list shows and finds, one whole, exports, removal, retention."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.clock import iso, utc_now
from domain.conversations.retention import forget_old
from domain.models import Conversation
from tests.support.client import Workspace, check_error

TEXT = "The battery is covered for two years. A frame is covered for ten years."
QUESTION = "How long is the battery covered?"


CASES: list[tuple[dict[str, str], str]] = [  # query → of the two conversations of `TestFilters`
    ({"channel": "WIDGET"}, "good"), ({"channel": "TEST"}, "bad"), ({"channel": "CALL"}, ""),
    ({"answered": "true"}, "good"), ({"answered": "false"}, "bad"),
    ({"feedback": "THUMBS_UP"}, "good"), ({"feedback": "THUMBS_DOWN"}, "bad"),
    ({"escalated": "true"}, "good"), ({"escalated": "false"}, "bad"),
    ({"text": "TWO YEARS"}, "good"), ({"text": "100%_sure"}, "bad"), ({"text": "1_0%"}, ""),
    ({"visitor": "v1"}, "good"), ({"visitor": "ada@example.com "}, "good"), ({"visitor": "v"}, ""),
    ({"answered": "true", "channel": "TEST"}, ""), ({}, "good bad"),
]  # fmt: skip


@pytest.fixture
def agent(shaped: Workspace) -> str:
    shaped.ingest(TEXT, "warranty.txt")
    return str(shaped.agent(response_config={"confidence_threshold": 0})["id"])


def ask(workspace: Workspace, agent: str, message: str = QUESTION, **body: Any) -> dict[str, Any]:
    reply = workspace.post(f"/agents/{agent}/test", json={"message": message, **body})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def listed(workspace: Workspace, **params: Any) -> list[dict[str, Any]]:
    reply = workspace.get("/conversations", params=params)
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["total"] >= len(found["conversations"])
    return list(found["conversations"])


def ids(workspace: Workspace, **params: Any) -> set[str]:
    return {one["id"] for one in listed(workspace, **params)}


def mark(workspace: Workspace, conversation_id: str, **values: Any) -> None:
    """As the widget's posts will, and time does."""
    with workspace.shape.parts.database.write() as session:
        session.execute(update(Conversation).where(Conversation.id == conversation_id).values(**values))


class TestRecords:
    def test_a_list_tells_of_each(self, shaped: Workspace, agent: str) -> None:
        first = ask(shaped, agent)
        ask(shaped, agent, "And the frame?", session_id=first["session_id"])
        (one,) = listed(shaped)
        assert one | {"duration_seconds": 0, "created_at": "", "last_message_at": ""} == {
            "id": first["session_id"], "session_id": first["session_id"], "agent_id": agent,
            "agent_name": "Support Bot", "channel": "TEST", "visitor_id": None, "email": None, "language": "en",
            "page_url": None, "first_question": QUESTION, "message_count": 4, "answered": True, "unanswered_count": 0,
            "feedback": {"thumbs_up": 0, "thumbs_down": 0}, "escalated": False, "escalated_at": None,
            "created_at": "", "last_message_at": "", "duration_seconds": 0,
        }  # fmt: skip
        assert one["duration_seconds"] > 0

    def test_one_shows_its_messages_in_pages(self, shaped: Workspace, agent: str) -> None:
        first = ask(shaped, agent)
        ask(shaped, agent, "And the frame?", session_id=first["session_id"])
        whole = shaped.get(f"/conversations/{first['session_id']}").json()
        assert [message["role"] for message in whole["messages"]] == ["user", "agent"] * 2
        question, answer = whole["messages"][:2]
        assert (question["content"], question["language"], question["sources"]) == (QUESTION, "en", [])
        assert (answer["id"], answer["content"]) == (first["message_id"], first["response"])
        assert answer["sources"] == first["sources"]
        for name in ("confidence", "answered", "response_time_ms", "agent_version", "generator"):
            assert answer[name] == first[name]
        assert 0 < answer["search_ms"] <= answer["first_token_ms"] <= answer["response_time_ms"]
        assert (answer["feedback"], answer["refusal"]) == (None, None)
        page = shaped.get(f"/conversations/{first['session_id']}", params={"limit": 1, "offset": 2}).json()
        assert ([one["content"] for one in page["messages"]], page["total"]) == (["And the frame?"], 4)

    def test_messages_that_come_together_are_counted(self, shaped: Workspace, agent: str) -> None:
        session_id = ask(shaped, agent)["session_id"]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: ask(shaped, agent, session_id=session_id), range(8)))
        (one,) = listed(shaped)
        assert one["message_count"] == shaped.get(f"/conversations/{one['id']}").json()["total"] == 18

    def test_an_unanswered_one_says_why(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT)
        strict = shaped.agent(response_config={"confidence_threshold": 1}, fallback_message="No idea.")["id"]
        refused = ask(shaped, strict)
        (one,) = listed(shaped)
        assert (one["answered"], one["unanswered_count"]) == (False, 1)
        answer = shaped.get(f"/conversations/{refused['session_id']}").json()["messages"][1]
        assert (answer["content"], answer["refusal"], answer["sources"]) == ("No idea.", "below_threshold", [])

    def test_unknown_ones_are_404(self, shaped: Workspace) -> None:
        for method, path in (("GET", ""), ("GET", "/export"), ("DELETE", "")):
            check_error(shaped.call(method, f"/conversations/sess_x{path}"), 404, "CONVERSATION_NOT_FOUND")


class TestFilters:
    @pytest.fixture
    def two(self, shaped: Workspace, agent: str) -> tuple[str, str]:
        """A good one, and one that is none of that."""
        strict = shaped.agent(name="Strict", response_config={"confidence_threshold": 1})["id"]
        good = ask(shaped, agent)["session_id"]
        bad = ask(shaped, strict, "What is 100%_sure?")["session_id"]
        moment = utc_now()
        mark(shaped, good, channel="WIDGET", thumbs_up=1, escalated_at=moment, email="Ada@Example.com", visitor_id="v1")
        mark(shaped, bad, thumbs_down=1)
        return good, bad

    def test_each(self, shaped: Workspace, two: tuple[str, str]) -> None:
        names = dict(zip(("good", "bad"), two, strict=True))
        for asked, found in CASES:
            wanted = {names[name] for name in found.split()}
            assert ids(shaped, **asked) == wanted, asked
            lines = shaped.get("/conversations/export", params=asked).text.splitlines()
            assert {json.loads(line)["id"] for line in lines} == wanted, asked

    def test_moments(self, shaped: Workspace, two: tuple[str, str]) -> None:
        """Of those that went on between them."""
        mark(shaped, two[0], last_message_at=utc_now() + timedelta(hours=2))
        soon, late = iso(utc_now() + timedelta(hours=1)), iso(utc_now() + timedelta(hours=3))
        past = iso(utc_now() - timedelta(hours=1))
        spans = [({"from": soon}, 1), ({"from": late}, 0), ({"to": past}, 0), ({"to": soon}, 2),
                 ({"from": soon, "to": late}, 1), ({"from": past, "to": soon}, 2)]  # fmt: skip
        assert [len(ids(shaped, **span)) for span, _ in spans] == [count for _, count in spans]

    def test_the_agent(self, shaped: Workspace, agent: str, two: tuple[str, str]) -> None:
        assert ids(shaped, agent_id=agent) == {two[0]}

    def test_the_latest_first_in_pages(self, shaped: Workspace, agent: str) -> None:
        made = [ask(shaped, agent)["session_id"] for _ in range(3)]
        ask(shaped, agent, session_id=made[0])
        assert [one["id"] for one in listed(shaped, limit=2)] == [made[0], made[2]]
        assert [one["id"] for one in listed(shaped, limit=2, offset=2)] == [made[1]]

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"channel": "FAX"}, "channel"), ({"answered": "perhaps"}, "answered"), ({"feedback": "MEH"}, "feedback"),
            ({"from": "yesterday"}, "from"), ({"from": "2026-01-02T00:00:00"}, "from"), ({"text": ""}, "text"),
            ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"), ({"limit": 201}, "limit"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told(self, shaped: Workspace, params: dict[str, Any], field: str) -> None:
        check_error(shaped.get("/conversations", params=params), 400, "VALIDATION_ERROR", field)


class TestExport:
    def test_a_line_is_a_whole_conversation(self, shaped: Workspace, agent: str) -> None:
        made = [ask(shaped, agent)["session_id"] for _ in range(3)]
        reply = shaped.get("/conversations/export")
        assert reply.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in reply.text.splitlines()]
        assert [line["id"] for line in lines] == made
        assert {len(line["messages"]) for line in lines} == {2}
        one = shaped.get(f"/conversations/{made[1]}/export")
        assert [json.loads(line) for line in one.text.splitlines()] == [lines[1]]
        assert made[1] in one.headers["content-disposition"]

    def test_beyond_a_page(self, shaped: Workspace, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.conversations.records.PAGE", 2)
        made = [ask(shaped, agent)["session_id"] for _ in range(5)]
        lines = shaped.get("/conversations/export").text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == made


class TestRemoval:
    def test_one_goes_with_its_messages(self, shaped: Workspace, agent: str) -> None:
        gone, kept = ask(shaped, agent), ask(shaped, agent)
        assert shaped.delete(f"/conversations/{gone['session_id']}").status_code == 200
        check_error(shaped.get(f"/conversations/{gone['session_id']}"), 404, "CONVERSATION_NOT_FOUND")
        assert ids(shaped) == {kept["session_id"]}
        assert shaped.get().json()["stats"]["total_messages"] == 2
        label = {"labels": [{"message_id": gone["message_id"], "right": True}]}
        check_error(shaped.post("/calibration", json=label), 404, "MESSAGE_NOT_FOUND")

    def test_a_visitor_goes_with_all(self, shaped: Workspace, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.conversations.records.PAGE", 2)
        made = [ask(shaped, agent)["session_id"] for _ in range(6)]
        for conversation_id in made[:4]:
            mark(shaped, conversation_id, visitor_id="v1")
        mark(shaped, made[4], email="V1@example.com")
        assert shaped.delete("/conversations", params={"visitor": "v1"}).json() == {"deleted": 4}
        assert shaped.delete("/conversations", params={"visitor": "v1@example.com"}).json() == {"deleted": 1}
        assert ids(shaped) == {made[5]}
        check_error(shaped.delete("/conversations"), 400, "VALIDATION_ERROR", "visitor")
        check_error(shaped.delete("/conversations", params={"visitor": ""}), 400, "VALIDATION_ERROR", "visitor")

    def test_a_session_that_was_deleted_begins_anew(self, shaped: Workspace, agent: str) -> None:
        session_id = ask(shaped, agent)["session_id"]
        shaped.delete(f"/conversations/{session_id}")
        assert ask(shaped, agent, session_id=session_id)["session_id"] != session_id


class TestRetention:
    @pytest.mark.parametrize(
        ("days", "old", "gone"), [(None, 364, False), (None, 366, True), (0, 5000, False), (7, 6, False), (7, 8, True)]
    )
    def test_after_its_days(self, shaped: Workspace, agent: str, days: int | None, old: int, gone: bool) -> None:
        conversation_id, fresh = ask(shaped, agent)["session_id"], ask(shaped, agent)["session_id"]
        mark(shaped, conversation_id, last_message_at=utc_now() - timedelta(days=old))
        assert shaped.patch(json={"conversation_retention_days": days}).json()["conversation_retention_days"] == days
        forget_old(shaped.shape.parts.database, 365)
        assert ids(shaped) == ({fresh} if gone else {fresh, conversation_id})

    def test_days_are_checked(self, shaped: Workspace) -> None:
        for wrong in (-1, 36_501, "7", 1.5):
            reply = shaped.patch(json={"conversation_retention_days": wrong})
            check_error(reply, 400, "VALIDATION_ERROR", "conversation_retention_days")
