"""The widget's routes as a browser uses them: config, streamed answers, thumbs, asking for a human, origins."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from api import answer_streams
from api.answer_streams import AnswerStreams
from api.insydr import chatting
from domain.conversations import allowance, proofs
from tests.support.client import Shape, Workspace, check_error, until
from tests.support.visitor import ORIGIN, Page, events, kinds, text_of

TEXT = "The battery is covered for two years. A frame is covered for ten years."
QUESTION = "How long is the battery covered?"
ANSWER = "The battery is covered for two years."


@pytest.fixture
def page(shaped: Workspace) -> Page:
    shaped.ingest(TEXT, "warranty.txt")
    return Page.of(shaped)


class Writer:
    """A language model that says a sentence, waits, and says it to its end; `closed` once nobody reads it any more."""

    def __init__(self) -> None:
        self.go_on, self.closed, self.asked = threading.Event(), threading.Event(), 0

    def write(self, *_: object) -> Iterator[str]:
        self.asked += 1
        try:
            yield "The battery is covered for two years. [1] A frame "
            while not self.go_on.wait(0.02):
                yield ""
            yield "is covered for ten years. [1]"
        finally:
            self.closed.set()

    def describe(self) -> str:
        return "a fake"


@pytest.fixture
def writer(shape: Shape, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    made = Writer()
    monkeypatch.setattr(shape.parts.conversations._answerer, "_writer", made)
    yield made
    made.go_on.set()


class TestConfig:
    def test_as_the_seed_has_it(self, shaped: Workspace) -> None:
        page = Page.of(shaped, greeting_message="Hi! How can I help?", widget_config={
            "appearance": {"primary_color": "#e91919"},
            "behavior": {"suggested_questions": ["What are your pricing plans?"]},
            "branding": {"avatar_url": "https://example.com/a.png"},
        })  # fmt: skip
        config = page.config().json()
        assert (config["agent_id"], config["agent_name"], config["paused"]) == (page.agent, "Support Bot", False)
        appearance, behavior = config["appearance"], config["behavior"]
        assert [appearance[name] for name in ("theme", "primary_color", "border_radius", "position")] == [
            "light", "#e91919", 12, "bottom-right",
        ]  # fmt: skip
        assert [behavior[name] for name in ("greeting_enabled", "greeting_delay", "greeting_message")] == [
            True, 3000, "Hi! How can I help?",
        ]  # fmt: skip
        assert behavior["suggested_questions"] == ["What are your pricing plans?"]
        assert config["branding"] == {"show_powered_by": True, "avatar_url": "https://example.com/a.png"}

    def test_a_change_merges_and_is_seen_once_published(self, shaped: Workspace, page: Page) -> None:
        shaped.patch(f"/agents/{page.agent}", json={"widget_config": {"appearance": {"theme": "dark"}}})
        change = {"appearance": {"border_radius": 3}, "language": "de"}
        saved = shaped.patch(f"/agents/{page.agent}", json={"widget_config": change}).json()["widget_config"]
        assert (saved["appearance"]["theme"], saved["appearance"]["border_radius"], saved["language"]) == (
            "dark",
            3,
            "de",
        )
        assert page.config().json()["appearance"]["theme"] == "light"
        shaped.post(f"/agents/{page.agent}/publish")
        assert page.config().json()["appearance"]["theme"] == "dark"

    @pytest.mark.parametrize(
        ("config", "field"),
        [
            ({"appearance": {"primary_color": "red"}}, "appearance.primary_color"),
            ({"appearance": {"border_radius": 21}}, "appearance.border_radius"),
            ({"appearance": {"position": "middle"}}, "appearance.position"),
            ({"behavior": {"suggested_questions": ["\u200b"]}}, "behavior.suggested_questions.0"),
            ({"behavior": {"greeting_delay": -1}}, "behavior.greeting_delay"),
            ({"branding": {"avatar_url": "javascript:alert(1)"}}, "branding.avatar_url"),
            ({"language": "fr"}, "language"), ({"colour": 1}, "colour"), ({"appearance": None}, "appearance"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told(self, workspace: Workspace, config: dict[str, Any], field: str) -> None:
        reply = workspace.post("/agents", json={"name": "A", "widget_config": config})
        check_error(reply, 400, "VALIDATION_ERROR", f"widget_config.{field}")


class TestChat:
    def test_as_the_seed_has_it(self, shaped: Workspace, page: Page) -> None:
        metadata = {"page_url": "https://shop.example.com/pricing", "user_agent": "Mozilla/5.0", "cart": 3}
        reply = page.chat(QUESTION, session_id="sess_xyz", metadata=metadata, visitor_id="v1")
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert re.match(r'data: {"type": "start", "message_id": "msg_\w+"', reply.text)
        said = events(reply.text)
        assert kinds(said) == ["start", "token", "sources", "done"]
        assert [event.data["content"] for event in said if event.data["type"] == "token"][:3] == [
            "The",
            " battery",
            " is",
        ]
        assert text_of(said) == ANSWER
        (source,) = said[-2].data["sources"]
        assert (source["title"], source["quote"]) == ("warranty.txt", ANSWER)
        assert 0 <= said[-1].data["confidence"] <= 1
        assert (said[-1].data["answered"], said[-1].data["offer_escalation"]) == (True, False)
        (one,) = shaped.get("/conversations").json()["conversations"]
        whole = shaped.get(f"/conversations/{one['id']}").json()
        assert (one["channel"], one["session_id"], one["visitor_id"]) == ("WIDGET", "sess_xyz", "v1")
        assert (one["page_url"], whole["user_agent"]) == (metadata["page_url"], "Mozilla/5.0")
        assert whole["metadata"] == {"cart": 3}
        assert whole["messages"][1]["id"] == said[0].data["message_id"]
        assert whole["messages"][1]["agent_version"] == "1.1"

    def test_a_session_goes_on(self, shaped: Workspace, page: Page) -> None:
        page.say(QUESTION, session_id="s1")
        follow_up = page.say("And the frame?", session_id="s1")
        assert "ten years" in text_of(follow_up)
        page.say(QUESTION, session_id="s2")
        named = page.say(QUESTION)[0].data["session_id"]
        page.say("And the frame?", session_id=named)
        counts = {
            one["session_id"]: one["message_count"] for one in shaped.get("/conversations").json()["conversations"]
        }
        assert counts == {"s1": 4, "s2": 2, named: 4}

    def test_first_messages_that_come_together_make_one_conversation(self, shaped: Workspace, page: Page) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: page.say(QUESTION, session_id="s1"), range(4)))
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert one["message_count"] == 8

    def test_the_published_version_answers(self, shaped: Workspace, page: Page) -> None:
        shaped.patch(f"/agents/{page.agent}", json={"response_config": {"confidence_threshold": 1}})
        assert page.say(QUESTION)[-1].data["answered"] is True
        shaped.post(f"/agents/{page.agent}/publish")
        said = page.say(QUESTION)
        assert kinds(said) == ["start", "token", "sources", "done"]
        assert (said[-2].data["sources"], said[-1].data["answered"]) == ([], False)
        assert said[-1].data["offer_escalation"] is True

    def test_nothing_is_offered_where_that_is_off(self, shaped: Workspace) -> None:
        page = Page.of(
            shaped, response_config={"confidence_threshold": 1}, widget_config={"behavior": {"offer_escalation": False}}
        )
        for _ in range(2):  # also when it is told again
            assert page.say(QUESTION, session_id="s", client_message_id="k")[-1].data["offer_escalation"] is False

    def test_metadata_is_the_latest(self, shaped: Workspace, page: Page) -> None:
        """What each message adds would grow without end."""
        for metadata in ({"a": 1}, {"b": 2}, {}):
            page.say(QUESTION, session_id="s1", metadata=metadata)
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert shaped.get(f"/conversations/{one['id']}").json()["metadata"] == {"b": 2}

    def test_hidden_sources(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT)
        page = Page.of(shaped, response_config={"confidence_threshold": 0, "show_sources": False})
        assert page.say(QUESTION)[-2].data == {"type": "sources", "sources": []}

    def test_silence_is_filled_with_comments(self, page: Page, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chatting, "PING_S", 0.05)
        with page.shape.http.stream(
            "POST", "/api/v1/widget/chat", headers=page.headers(), json={"agent_id": page.agent, "message": QUESTION}
        ) as reply:
            lines = reply.iter_lines()
            assert next(line for line in lines if line.startswith(":")) == ": ping"
            writer.go_on.set()
            assert '"done"' in "".join(lines)

    def test_events_for_others(self, shaped: Workspace, page: Page) -> None:
        page.say(QUESTION, session_id="s1")
        page.say(QUESTION, session_id="s1")
        assert recorded(shaped) == ["CONVERSATION_STARTED", "MESSAGE_RECEIVED", "MESSAGE_RECEIVED"]


def recorded(workspace: Workspace) -> list[str]:
    """Types of the workspace's events that visitors caused."""
    from sqlalchemy import select

    from domain.models import EventRow

    with workspace.shape.parts.database.read() as session:
        found = session.scalars(
            select(EventRow.type).where(EventRow.workspace_id == workspace.id).order_by(EventRow.id)
        ).all()
    ours = ("CONVERSATION", "MESSAGE", "FEEDBACK", "ESCALATION", "LEAD")
    return [kind for kind in found if kind.startswith(ours)]


class TestOnce:
    @pytest.mark.parametrize("how", ["client_message_id", "Idempotency-Key"])
    def test_the_same_message_again_gets_the_same_answer(self, shaped: Workspace, page: Page, how: str) -> None:
        options: dict[str, Any] = {"session_id": "s1"}
        options |= {"headers": {how: "k1"}} if how == "Idempotency-Key" else {how: "k1"}
        first, again = page.say(QUESTION, **options), page.say(QUESTION, **options)
        assert again[0].data == first[0].data
        assert text_of(again) == text_of(first)
        assert [event.data for event in again[-2:]] == [event.data for event in first[-2:]]
        assert messages(shaped) == 2
        check_error(page.chat("Another?", **options), 422, "IDEMPOTENCY_KEY_REUSED")

    def test_another_session_or_key_is_another_question(self, shaped: Workspace, page: Page) -> None:
        stranger = Page.of(shaped, agent=page.agent)
        asked = [(page, "s1"), (page, "s2"), (stranger, "s1")]
        said = [one.say(QUESTION, session_id=session, client_message_id="k1") for one, session in asked]
        assert len({one[0].data["message_id"] for one in said}) == 3
        assert messages(shaped) == 6

    def test_together(self, shaped: Workspace, page: Page, writer: Writer) -> None:
        """The second comes while the first is being written: it reads along."""
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(page.say, QUESTION, session_id="s1", client_message_id="k1") for _ in range(3)]
            until(lambda: writer.asked, bool)
            writer.go_on.set()
            said = [one.result(30) for one in asked]
        assert {text_of(one) for one in said} == {TEXT}
        assert {one[0].data["message_id"] for one in said} == {said[0][0].data["message_id"]}
        assert (writer.asked, messages(shaped)) == (1, 2)

    @pytest.mark.parametrize("how", ["asked again", "gone on with"])
    def test_while_another_process_writes_it(
        self, shaped: Workspace, page: Page, writer: Writer, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        """Which knows nothing of this one's streams: it waits for what is stored."""
        same = {"session_id": "s1", "client_message_id": "k1"}
        with ThreadPoolExecutor(1) as pool, page.streaming(QUESTION, **same) as first:
            had = [next(first), next(first)]
            monkeypatch.setattr(AnswerStreams, "of_claim", lambda *_: None)
            monkeypatch.setattr(AnswerStreams, "of_message", lambda *_: None)
            last = {"Last-Event-ID": had[-1].id} if how == "gone on with" else {}
            there = pool.submit(page.say, QUESTION, headers=last, **same)
            until(lambda: page.shape.parts.replies, lambda _: not there.done())
            writer.go_on.set()
            here = [*had, *first]
            told = there.result(30)
        assert text_of(here) == TEXT
        rest = TEXT if how == "asked again" else TEXT.removeprefix(text_of(had))
        assert (text_of(told), told[-1].data["type"]) == (rest, "done")
        assert (writer.asked, messages(shaped)) == (1, 2)

    def test_what_failed_may_be_asked_again(self, shaped: Workspace, page: Page) -> None:
        shaped.post(f"/agents/{page.agent}/pause")
        check_error(page.chat(QUESTION, session_id="s", client_message_id="k1"), 409, "AGENT_PAUSED")
        shaped.post(f"/agents/{page.agent}/resume")
        assert text_of(page.say(QUESTION, session_id="s", client_message_id="k1")) == ANSWER

    def test_of_a_conversation_that_was_deleted(self, shaped: Workspace, page: Page) -> None:
        first = page.say(QUESTION, session_id="s1", client_message_id="k1")
        (one,) = shaped.get("/conversations").json()["conversations"]
        shaped.delete(f"/conversations/{one['id']}")
        again = page.say(QUESTION, session_id="s1", client_message_id="k1")
        assert text_of(again) == ANSWER
        assert again[0].data["message_id"] != first[0].data["message_id"]


def messages(workspace: Workspace) -> int:
    return int(workspace.get().json()["stats"]["total_messages"])


class TestLost:
    """A connection that breaks anywhere: `Last-Event-ID` brings the rest, and the answer is not written twice."""

    def test_after_its_end(self, shaped: Workspace, page: Page) -> None:
        whole = page.say(QUESTION, session_id="s1")
        for number, event in enumerate(whole):
            rest = page.say(QUESTION, session_id="s1", headers={"Last-Event-ID": event.id})
            assert text_of(whole[: number + 1]) + text_of(rest) == ANSWER, event
            assert [one.data for one in rest if one.data["type"] != "token"] == [
                one.data for one in whole[number + 1 :] if one.data["type"] != "token"
            ]
        assert messages(shaped) == 2

    def test_in_its_middle(self, shaped: Workspace, page: Page, writer: Writer) -> None:
        had = []
        with page.streaming(QUESTION, session_id="s1", client_message_id="k1") as stream:
            for event in stream:
                had.append(event)
                if text_of(had) == "The battery":
                    break
        last = {"Last-Event-ID": had[-1].id}
        with page.streaming(QUESTION, headers=last, session_id="s1", client_message_id="k1") as stream:
            writer.go_on.set()
            rest = list(stream)
        assert text_of(had) + text_of(rest) == TEXT
        assert kinds(rest) == ["token", "sources", "done"]
        assert (writer.asked, messages(shaped)) == (1, 2)

    @pytest.mark.parametrize("made_up", ["msg_unknown:5", "nonsense", ":", "msg:-1", "x" * 5000])
    def test_of_an_answer_that_is_not_there(self, page: Page, made_up: str) -> None:
        assert text_of(page.say(QUESTION, headers={"Last-Event-ID": made_up})) == ANSWER

    def test_of_somebody_else(self, shaped: Workspace, page: Page) -> None:
        whole = page.say(QUESTION)
        stranger = Page.of(shaped, agent=page.agent)
        said = stranger.say("Something else?", headers={"Last-Event-ID": whole[0].id})
        assert said[0].data["message_id"] != whole[0].data["message_id"]
        assert kinds(said)[0] == "start"

    @pytest.mark.parametrize("place", ["", "-5", "x", "²", "text", "sources2", "9" * 5_000])
    def test_at_a_place_that_is_none(self, page: Page, place: str) -> None:
        """The whole answer, which is not written again."""
        first = page.say(QUESTION)
        last = f"{first[0].data['message_id']}:{place}".encode("latin-1")
        said = page.say(QUESTION, headers={"Last-Event-ID": last})
        assert (said[0].data, text_of(said), said[-1].data) == (first[0].data, ANSWER, first[-1].data)

    def test_beyond_its_text(self, page: Page) -> None:
        message_id = page.say(QUESTION)[0].data["message_id"]
        assert kinds(page.say(QUESTION, headers={"Last-Event-ID": f"{message_id}:99999"})) == ["sources", "done"]


class TestLeaving:
    def test_ends_the_writing_and_leaves_nothing(
        self, shaped: Workspace, page: Page, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(answer_streams, "GRACE_S", 0.05)
        with page.streaming(QUESTION, session_id="s1", client_message_id="k1") as stream:
            next(stream)
            until(lambda: writer.asked, bool)
        assert writer.closed.wait(10)
        assert messages(shaped) == 0
        writer.go_on.set()
        until(
            lambda: page.chat(QUESTION, session_id="s1", client_message_id="k1").status_code, lambda code: code == 200
        )
        assert (writer.asked, messages(shaped)) == (2, 2)

    def test_one_of_two_readers(self, page: Page, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answer_streams, "GRACE_S", 0.05)
        with page.streaming(QUESTION, session_id="s1", client_message_id="k1") as stays:
            next(stays)
            with page.streaming(QUESTION, session_id="s1", client_message_id="k1") as leaves:
                next(leaves)
            assert not writer.closed.wait(0.3)
            writer.go_on.set()
            assert list(stays)[-1].data["type"] == "done"

    def test_streams_of_one_session_are_bounded(self, page: Page, writer: Writer) -> None:
        with ThreadPoolExecutor(5) as pool:
            asked = [pool.submit(page.say, QUESTION, session_id="s1") for _ in range(answer_streams.STREAMS_EACH)]
            until(lambda: writer.asked, lambda count: count == answer_streams.STREAMS_EACH)
            refused = page.chat(QUESTION, session_id="s1")
            writer.go_on.set()
            assert all(text_of(one.result(30)) == TEXT for one in asked)
        check_error(refused, 429, "TOO_MANY_STREAMS")
        assert int(refused.headers["retry-after"]) > 0

    def test_a_model_that_breaks_is_told_in_the_stream(
        self, shape: Shape, shaped: Workspace, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Broken:
            def write(self, *_: object) -> Iterator[str]:
                yield "The battery is covered for two years. [1] "
                raise RuntimeError("a bug")

            def describe(self) -> str:
                return "broken"

        monkeypatch.setattr(shape.parts.conversations._answerer, "_writer", Broken())
        said = page.say(QUESTION, session_id="s1", client_message_id="k1")
        assert (said[-1].data["type"], said[-1].data["code"]) == ("error", "INTERNAL_ERROR")
        assert "bug" not in str(said)
        assert messages(shaped) == 0
        monkeypatch.undo()
        assert text_of(page.say(QUESTION, session_id="s1", client_message_id="k1")) == ANSWER


class TestThumbs:
    def test_given_and_changed(self, shaped: Workspace, page: Page) -> None:
        message_id = page.say(QUESTION, session_id="s1")[0].data["message_id"]
        reply = page.post("feedback", message_id=message_id, feedback_type="THUMBS_UP", comment="Very helpful!")
        assert reply.json() == {
            "message": "Feedback recorded", "message_id": message_id, "feedback_type": "THUMBS_UP",
            "comment": "Very helpful!",
        }  # fmt: skip
        assert thumbs(shaped) == (1, 0)
        page.post("feedback", message_id=message_id, feedback_type="THUMBS_UP")
        assert thumbs(shaped) == (1, 0)
        page.post("feedback", message_id=message_id, feedback_type="THUMBS_DOWN", comment="<b>No</b>")
        assert thumbs(shaped) == (0, 1)
        (one,) = shaped.get("/conversations").json()["conversations"]
        given = shaped.get(f"/conversations/{one['id']}").json()["messages"][1]["feedback"]
        assert (given["feedback_type"], given["comment"]) == ("THUMBS_DOWN", "<b>No</b>")
        assert shaped.get(f"/agents/{page.agent}").json()["stats"]["avg_satisfaction"] == 1.0
        assert recorded(shaped).count("FEEDBACK_SUBMITTED") == 3

    def test_only_by_the_key_that_got_the_message(self, shaped: Workspace, page: Page) -> None:
        message_id = page.say(QUESTION)[0].data["message_id"]
        stranger = Page.of(shaped, agent=page.agent)
        for wrong in (message_id, "msg_unknown"):
            reply = stranger.post("feedback", message_id=wrong, feedback_type="THUMBS_UP")
            check_error(reply, 404, "MESSAGE_NOT_FOUND", "message_id")
        check_error(
            shaped.post(f"/messages/{message_id}/feedback", json={"feedback_type": "THUMBS_UP"}),
            404,
            "MESSAGE_NOT_FOUND",
        )
        assert thumbs(shaped) == (0, 0)

    def test_only_answers_get_any(self, shaped: Workspace, page: Page) -> None:
        page.say(QUESTION)
        (one,) = shaped.get("/conversations").json()["conversations"]
        question = shaped.get(f"/conversations/{one['id']}").json()["messages"][0]["id"]
        reply = page.post("feedback", message_id=question, feedback_type="THUMBS_UP")
        check_error(reply, 400, "NOT_AN_ANSWER", "message_id")

    def test_together_they_are_counted(self, shaped: Workspace, page: Page) -> None:
        ids = [page.say(QUESTION, session_id="s1")[0].data["message_id"] for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: page.post("feedback", message_id=one, feedback_type="THUMBS_UP"), ids * 3))
        assert thumbs(shaped) == (4, 0)


def thumbs(workspace: Workspace) -> tuple[int, int]:
    (one,) = workspace.get("/conversations").json()["conversations"]
    return one["feedback"]["thumbs_up"], one["feedback"]["thumbs_down"]


class TestHuman:
    def test_is_asked_for(self, shaped: Workspace, page: Page) -> None:
        page.say(QUESTION, session_id="s1")
        wanted = {"session_id": "s1", "email": "user@example.com", "message": "I need help\nwith billing", "name": "U"}
        reply = page.post("escalate", agent_id=page.agent, **wanted)
        assert reply.status_code == 201
        assert (reply.json()["session_id"], reply.json()["status"]) == ("s1", "OPEN")
        (one,) = shaped.get("/conversations", params={"escalated": "true"}).json()["conversations"]
        assert (one["email"], one["escalated"], one["message_count"]) == ("user@example.com", True, 2)
        (kept,) = shaped.get(f"/conversations/{one['id']}").json()["escalations"]
        assert (kept["id"], kept["name"], kept["message"]) == (reply.json()["id"], "U", wanted["message"])
        (line,) = shaped.get("/conversations/export", params={"visitor": "user@example.com"}).text.splitlines()
        assert json.loads(line)["escalations"] == [kept]
        owner = shaped.account.email
        mail = until(lambda: shaped.shape.mails_to(owner), lambda mails: "with billing" in str(mails))[0]
        assert "user@example.com" in mail
        assert ANSWER in mail
        assert recorded(shaped)[-2:] == ["LEAD_CAPTURED", "ESCALATION_CREATED"]

    def test_in_a_session_without_a_message(self, shaped: Workspace, page: Page) -> None:
        shaped.patch(json={"escalation_email": "desk@example.com"})
        reply = page.post("escalate", agent_id=page.agent, session_id="new", email="a@example.com")
        assert reply.status_code == 201
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert (one["session_id"], one["message_count"], one["email"]) == ("new", 0, "a@example.com")
        until(lambda: shaped.shape.mails_to("desk@example.com"), lambda mails: "a@example.com" in str(mails))
        page.say(QUESTION, session_id="new")
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert (one["message_count"], one["first_question"]) == (2, QUESTION)

    def test_of_a_paused_agent(self, shaped: Workspace, page: Page) -> None:
        shaped.post(f"/agents/{page.agent}/pause")
        assert page.post("escalate", agent_id=page.agent, email="a@example.com").status_code == 201

    def test_so_often_and_no_more(self, shaped: Workspace, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each is a mail."""
        monkeypatch.setattr(allowance, "ESCALATIONS_AN_HOUR", 2)
        replies = [page.post("escalate", agent_id=page.agent, email="a@example.com") for _ in range(4)]
        assert [reply.status_code for reply in replies] == [201, 201, 429, 429]
        check_error(replies[-1], 429, "TOO_MANY_ESCALATIONS")
        assert shaped.get("/conversations").json()["total"] == 2

    def test_twice_with_one_key_is_once(self, shaped: Workspace, page: Page) -> None:
        first, again = (
            page.post("escalate", {"Idempotency-Key": "e1"}, agent_id=page.agent, email="a@example.com") for _ in "ab"
        )
        assert again.json() == first.json()
        other = Page.of(shaped, agent=page.agent)
        reply = other.post("escalate", {"Idempotency-Key": "e1"}, agent_id=page.agent, email="a@example.com")
        assert reply.json()["id"] != first.json()["id"]

    @pytest.mark.parametrize("email", ["", "nobody", "a@b\r\nBcc: c@d.example", "a" * 400 + "@example.com", None, 5])
    def test_a_bad_address(self, shaped: Workspace, page: Page, email: Any) -> None:
        check_error(page.post("escalate", agent_id=page.agent, email=email), 400, "VALIDATION_ERROR", "email")
        assert shaped.get("/conversations").json()["total"] == 0


class TestPaused:
    def test_in_one_call(self, shaped: Workspace, page: Page) -> None:
        paused = shaped.post(f"/agents/{page.agent}/pause").json()
        assert paused["paused"] is True
        assert shaped.post(f"/agents/{page.agent}/pause").json()["paused_at"] == paused["paused_at"]
        assert page.config().json()["paused"] is True
        check_error(page.chat(QUESTION), 409, "AGENT_PAUSED")
        check_error(shaped.post(f"/agents/{page.agent}/chat", json={"message": QUESTION}), 409, "AGENT_PAUSED")
        assert shaped.post(f"/agents/{page.agent}/test", json={"message": QUESTION}).status_code == 200
        assert shaped.get(f"/agents/{page.agent}").json()["paused_at"] == paused["paused_at"]
        shaped.post(f"/agents/{page.agent}/resume")
        assert page.config().json()["paused"] is False
        assert text_of(page.say(QUESTION)) == ANSWER


class TestWhichAgent:
    def test_only_published_ones(self, shaped: Workspace, page: Page) -> None:
        draft = shaped.agent()["id"]
        shaped.post(f"/agents/{draft}/publish")
        page.agent = draft
        assert page.config().status_code == 200
        shaped.delete(f"/agents/{draft}")
        self.refuses(page, 409, "AGENT_ARCHIVED")
        shaped.patch(f"/agents/{draft}", json={"status": "DRAFT"})
        self.refuses(page, 409, "AGENT_NOT_PUBLISHED")
        page.agent = shaped.agent()["id"]
        self.refuses(page, 409, "AGENT_NOT_PUBLISHED")

    def test_only_of_the_key_s_workspace(self, shaped: Workspace, page: Page) -> None:
        for unknown in (Page.of(shaped.account.workspace()).agent, "agent_unknown"):
            page.agent = unknown
            self.refuses(page, 404, "AGENT_NOT_FOUND")

    @staticmethod
    def refuses(page: Page, status: int, code: str) -> None:
        email = "a@example.com"
        for reply in (page.config(), page.chat(QUESTION), page.post("escalate", agent_id=page.agent, email=email)):
            check_error(reply, status, code)


class TestOrigins:
    ROUTES = ("config", "chat", "feedback", "escalate")

    @staticmethod
    def all(page: Page) -> list[httpx.Response]:
        return [
            page.config(), page.chat(QUESTION), page.post("feedback", message_id="m", feedback_type="THUMBS_UP"),
            page.post("escalate", agent_id=page.agent, email="a@example.com"),
        ]  # fmt: skip

    @pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.com.evil.org", "null", None])
    def test_foreign_ones(self, shaped: Workspace, page: Page, origin: str | None) -> None:
        page.origin = origin
        page.extra = {"Host": "shop.example.com", "Referer": ORIGIN}
        for reply in self.all(page):
            check_error(reply, 403, "ORIGIN_NOT_ALLOWED")
            assert "access-control-allow-origin" not in reply.headers
            assert reply.headers["vary"] == "Origin"
        assert shaped.get("/conversations").json()["total"] == 0

    def test_replies_and_errors_may_be_read_by_the_page(self, page: Page) -> None:
        assert [reply.status_code for reply in self.all(page)] == [200, 200, 404, 201]
        bad = page.post("chat", agent_id=page.agent, message=5)
        check_error(bad, 400, "VALIDATION_ERROR", "message")
        for reply in (*self.all(page), bad):
            assert reply.headers["access-control-allow-origin"] == ORIGIN
            assert reply.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in reply.headers

    def test_preflights(self, shaped: Workspace, page: Page) -> None:
        path = "/api/v1/widget/chat"
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key,content-type"}
        good = shaped.shape.http.options(path, headers={"Origin": ORIGIN, **asks})
        assert (good.status_code, good.headers["access-control-allow-origin"]) == (204, ORIGIN)
        assert {"x-api-key", "content-type", "last-event-id"} <= set(
            good.headers["access-control-allow-headers"].split(", ")
        )
        for origin in ("https://evil.example", "null", "https://shop.example.com:444"):
            bad = shaped.shape.http.options(path, headers={"Origin": origin, **asks})
            check_error(bad, 403, "ORIGIN_NOT_ALLOWED")
            assert "access-control-allow-origin" not in bad.headers
            assert bad.headers["vary"] == "Origin"
        elsewhere = shaped.shape.http.options("/api/v1/auth/me", headers={"Origin": ORIGIN, **asks})
        assert "access-control-allow-origin" not in elsewhere.headers

    def test_a_key_without_domains_works_nowhere(self, workspace: Workspace) -> None:
        page = Page.of(workspace)
        page.key = workspace.post("/api-keys", json={"name": "k"}).json()["key"]
        check_error(page.config(), 403, "ORIGIN_NOT_ALLOWED")

    def test_a_key_for_any_origin_works_for_programs_too(self, workspace: Workspace) -> None:
        page = Page.of(workspace, "*")
        page.origin = None
        reply = page.config()
        assert (reply.status_code, "access-control-allow-origin" in reply.headers) == (200, False)


class TestKeys:
    def test_which_are_taken(self, workspace: Workspace) -> None:
        page, public = Page.of(workspace), ""
        secret = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        public, page.key = page.key, ""
        check_error(page.config(), 401, "API_KEY_REQUIRED")
        for key, status, code in (
            (secret, 403, "PUBLIC_KEY_REQUIRED"), ("pk_live_made_up", 401, "INVALID_API_KEY"),
            ("nonsense", 403, "PUBLIC_KEY_REQUIRED"), (public + "x", 401, "INVALID_API_KEY"),
        ):  # fmt: skip
            page.key = key
            check_error(page.config(), status, code)

    def test_a_revoked_one(self, workspace: Workspace) -> None:
        page = Page.of(workspace)
        (key,) = workspace.get("/api-keys").json()["api_keys"]
        workspace.delete(f"/api-keys/{key['id']}")
        check_error(page.config(), 401, "INVALID_API_KEY")

    def test_a_rotated_one_goes_on_with_its_conversations(self, shaped: Workspace) -> None:
        page = Page.of(shaped)
        first = page.say(QUESTION, session_id="s1")[0].data["message_id"]
        (old,) = shaped.get("/api-keys").json()["api_keys"]
        for _ in range(2):
            (old,) = (one for one in shaped.get("/api-keys").json()["api_keys"] if one["expires_at"] is None)
            page.key = shaped.post(f"/api-keys/{old['id']}/rotate", json={"overlap_hours": 0}).json()["key"]
            page.say("And the frame?", session_id="s1")
        assert page.post("feedback", message_id=first, feedback_type="THUMBS_UP").status_code == 200
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert (one["message_count"], one["feedback"]["thumbs_up"]) == (6, 1)

    def test_of_a_deleted_workspace(self, workspace: Workspace) -> None:
        page = Page.of(workspace)
        workspace.delete()
        check_error(page.config(), 401, "INVALID_API_KEY")

    def test_reach_nothing_else(self, workspace: Workspace) -> None:
        page = Page.of(workspace)
        check_error(workspace.seen_with(page.key).get("/conversations"), 403, "PUBLIC_KEY")


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"message": ""}, "message"), ({"message": " \u200b\n"}, "message"), ({"message": "x" * 10_001}, "message"),
            ({"message": "x" * 2**20}, "message"), ({"message": "a\x00b"}, "message"), ({"message": None}, "message"),
            ({"session_id": "x" * 65}, "session_id"), ({"client_message_id": ""}, "client_message_id"),
            ({"metadata": {"x": "y" * 2**20}}, "metadata"), ({"metadata": []}, "metadata"),
            ({"surprise": 1}, "surprise"), ({"agent_id": 5}, "agent_id"),
        ],
        ids=lambda value: str(value)[:30],
    )  # fmt: skip
    def test_is_told_and_nothing_is_kept(self, workspace: Workspace, body: dict[str, Any], field: str) -> None:
        page = Page.of(workspace)
        reply = page.post("chat", **{"agent_id": page.agent, "message": "Hi?", **body})
        check_error(reply, 400, None, field)
        assert workspace.get("/conversations").json()["total"] == 0

    def test_html_everywhere_is_text(self, workspace: Workspace) -> None:
        script = "<script>alert(1)</script>"
        page = Page.of(workspace, name=script, greeting_message=script)
        assert page.config().json()["agent_name"] == script
        assert page.config().headers["content-type"] == "application/json"
        page.say(script, session_id=script, visitor_id=script, metadata={"page_url": script})
        page.post(
            "escalate", agent_id=page.agent, session_id=script, email="a@example.com", message=script, name=script
        )
        (one,) = workspace.get("/conversations").json()["conversations"]
        assert [one[name] for name in ("session_id", "visitor_id", "page_url", "first_question")] == [script] * 4


class TestProtection:
    @staticmethod
    def solved(page: Page) -> str:
        found = page.shape.http.get(f"/api/v1/widget/challenge/{page.agent}", headers=page.headers()).json()
        for number in count():
            digest = hashlib.sha256(f"{found['challenge']}.{number}".encode()).digest()
            if int.from_bytes(digest, "big") >> (256 - found["bits"]) == 0:
                return f"{found['challenge']}.{number}"
        raise AssertionError

    def test_a_proof_of_work_before_the_first_message(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT)
        page = Page.of(shaped, widget_config={"protection": {"proof_of_work": True}})
        assert page.config().json()["protection"] == {"proof_of_work": True}
        proof = self.solved(page)
        stranger = self.solved(Page.of(shaped, agent=page.agent))
        lazy = proof.rpartition(".")[0] + ".0"
        for wrong in (None, "", "x", "a.b.c.d", stranger, lazy, f"x{proof}", f"{proof}²"):
            check_error(page.chat(QUESTION, session_id="s1", proof=wrong), 403, "PROOF_REQUIRED", "proof")
        assert text_of(page.say(QUESTION, session_id="s1", proof=proof)) == ANSWER
        assert page.say("And the frame?", session_id="s1")[-1].data["type"] == "done"
        check_error(page.chat(QUESTION, session_id="s2", proof=proof), 403, "PROOF_REQUIRED", "proof")
        assert messages(shaped) == 4

    def test_a_challenge_ends(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        page = Page.of(workspace, widget_config={"protection": {"proof_of_work": True}})
        monkeypatch.setattr(proofs, "LIFE", timedelta(seconds=-1))
        check_error(page.chat(QUESTION, proof=self.solved(page)), 403, "PROOF_REQUIRED", "proof")

    def test_programs_need_none(self, workspace: Workspace) -> None:
        page = Page.of(workspace, widget_config={"protection": {"proof_of_work": True}})
        assert workspace.post(f"/agents/{page.agent}/chat", json={"message": "Hi?"}).status_code == 200

    def test_messages_of_a_key_a_day(self, shaped: Workspace, page: Page) -> None:
        order = {"name": "k", "allowed_domains": ["shop.example.com"], "messages_per_day": 3}
        made = shaped.post("/api-keys", json=order).json()
        assert made["messages_per_day"] == 3
        page.key = made["key"]
        with ThreadPoolExecutor(5) as pool:
            replies = list(pool.map(lambda _: page.chat(QUESTION), range(5)))
        assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 429, 429]
        refused = page.chat(QUESTION)
        check_error(refused, 429, "DAILY_LIMIT")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert messages(shaped) == 6

    @pytest.mark.parametrize("most", [0, -1, 1.5, "3"])
    def test_a_limit_is_a_number(self, workspace: Workspace, most: Any) -> None:
        reply = workspace.post("/api-keys", json={"name": "k", "messages_per_day": most})
        check_error(reply, 400, "VALIDATION_ERROR", "messages_per_day")


class TestPrograms:
    """The same agent over HTTP with a secret key or a member's token."""

    def test_whole_or_streamed(self, shaped: Workspace, page: Page) -> None:
        key = shaped.post("/api-keys", json={"name": "s", "kind": "secret", "permissions": ["agents:ask"]}).json()[
            "key"
        ]
        program = shaped.seen_with(key)
        body = {"message": QUESTION, "session_id": "user-42", "client_message_id": "1"}
        whole = program.post(f"/agents/{page.agent}/chat", json=body).json()
        assert (whole["response"], whole["answered"], whole["session_id"]) == (ANSWER, True, "user-42")
        assert whole["sources"][0]["quote"] == ANSWER
        again = program.post(f"/agents/{page.agent}/chat", json={**body, "stream": True})
        said = events(again.text)
        assert (text_of(said), said[0].data["message_id"]) == (ANSWER, whole["message_id"])
        (one,) = shaped.get("/conversations").json()["conversations"]
        assert (one["channel"], one["message_count"]) == ("API", 2)
        path = f"/messages/{whole['message_id']}/feedback"
        assert program.post(path, json={"feedback_type": "THUMBS_DOWN", "comment": "No."}).status_code == 200
        assert thumbs(shaped) == (0, 1)

    def test_whoever_waits_for_the_whole_counts_as_a_reader(
        self, shaped: Workspace, page: Page, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(answer_streams, "GRACE_S", 0.05)
        body = {"message": QUESTION, "session_id": "s1", "client_message_id": "1"}
        path = f"/agents/{page.agent}/chat"
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(shaped.post, path, json=body)
            until(lambda: writer.asked, bool)
            with shaped.shape.http.stream(
                "POST", f"/api/v1/workspaces/{shaped.id}{path}", json={**body, "stream": True},
                headers={"Authorization": f"Bearer {shaped.token}"},
            ) as leaves:  # fmt: skip
                next(leaves.iter_lines())
            assert not writer.closed.wait(0.3)
            writer.go_on.set()
            assert waits.result(30).json()["response"] == TEXT

    def test_errors_come_before_the_stream(self, shaped: Workspace, page: Page) -> None:
        for stream in (False, True):
            reply = shaped.post("/agents/agent_x/chat", json={"message": "Hi?", "stream": stream})
            check_error(reply, 404, "AGENT_NOT_FOUND")
            check_error(shaped.post(f"/agents/{page.agent}/chat", json={"message": " ", "stream": stream}), 400)
