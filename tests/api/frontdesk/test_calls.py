"""FrontDesk 3.1: calls, as the sandbox plays them."""

from typing import Any

import pytest
from sqlalchemy import delete

from core.queue.outbox import Again
from core.queue.turns import Turn
from domain.calls.reports import apply_report
from domain.calls.talking import talk
from domain.models import SandboxReport
from domain.sandbox.stage import Planned, plan
from tests.support.analytics import settle
from tests.support.client import Workspace, until
from tests.support.office import Desk, check_message
from tests.support.site import Site
from tests.support.webhooks import hook, verified

QUICK = {"ring_s": 0.0, "talk_s": 0.0}
TO = "+15551234567"


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    desk = Desk(workspace)
    desk.settings(sandbox={"ring_s": 0, "talk_s": 0, "message_s": 0})
    return desk


def ended(call: dict[str, Any]) -> bool:
    return call["ended_at"] is not None


class TestCreate:
    def test_a_call_goes_through_its_states(self, desk: Desk) -> None:
        made = desk.made("/calls", to=TO, metadata={"order": 7}, sandbox={"ring_s": 0.4, "talk_s": 3})
        assert made["id"].startswith("call_")
        assert (made["status"], made["direction"], made["to_number"]) == ("initiated", "outbound", TO)
        assert (made["provider"], made["metadata"], made["transcript"]) == ("sandbox", {"order": 7}, None)
        seen = desk.until(f"/calls/{made['id']}", lambda now: now["status"] == "in-progress")
        assert seen["started_at"] >= made["created_at"]
        call = desk.until(f"/calls/{made['id']}", ended)
        assert (call["status"], call["duration"], call["reason"]) == ("completed", 3, None)
        assert call["summary"] == "Nothing was asked."

    def test_the_agent_answers_from_its_knowledge(self, desk: Desk) -> None:
        workspace = desk.workspace
        workspace.ingest("Warranty. The battery is covered for two years. The frame is covered for ten years.")
        agent = workspace.agent(greeting_message="Hello, Acme here.", response_config={"confidence_threshold": 0.1})
        workspace.post(f"/agents/{agent['id']}/publish")
        says = ["How long is the battery covered?", "Zebra xylophone quantum, thanks?"]
        made = desk.made("/calls", to=TO, sandbox={**QUICK, "says": says})
        assert made["agent_id"] == agent["id"]  # the only one that is published
        call = desk.until(f"/calls/{made['id']}", ended)
        assert [turn["role"] for turn in call["turns"]] == ["agent", "caller", "agent", "caller", "agent"]
        assert call["turns"][0]["text"] == "Hello, Acme here."
        assert call["turns"][2]["answered"] is True
        assert "two years" in call["turns"][2]["sources"][0]["quote"]
        assert call["turns"][4]["answered"] is False
        assert call["transcript"].startswith("Agent: Hello, Acme here.\nCaller: How long")
        assert call["analysis"]["method"] == "rule"
        assert call["analysis"]["action_items"] == [f"Answer: {says[1]}"]
        assert (call["sentiment"], "2 questions; 1 could not" in call["summary"]) == ("positive", True)
        conversation = workspace.get(f"/conversations/{call['conversation_id']}").json()
        assert conversation["channel"] == "CALL"
        settle(workspace)
        assert [one["question"] for one in workspace.get("/analytics/unanswered").json()["unanswered"]] == [says[1]]

    def test_a_call_that_comes_in(self, desk: Desk) -> None:
        call = desk.made("/calls", direction="inbound", **{"from": TO})
        assert (call["from_number"], call["to_number"]) == (TO, "+15005550006")
        assert desk.get(f"/leads/{call['customer_id']}").json()["source"] == "call"

    def test_to_a_lead(self, desk: Desk) -> None:
        lead = desk.made("/leads", name="Vera", phone=TO)
        assert desk.made("/calls", customer_id=lead["id"])["to_number"] == TO
        assert desk.made("/calls", to=TO)["customer_id"] == lead["id"]

    @pytest.mark.parametrize(
        ("outcome", "status", "reason"),
        [
            ("no-answer", "no-answer", "no-answer"), ("busy", "busy", "busy"), ("voicemail", "failed", "voicemail"),
            ("invalid-number", "failed", "invalid-number"), ("error", "failed", "error"),
        ],
    )  # fmt: skip
    def test_outcomes(self, desk: Desk, outcome: str, status: str, reason: str) -> None:
        made = desk.made("/calls", to=TO, sandbox={**QUICK, "outcome": outcome})
        call = desk.until(f"/calls/{made['id']}", ended)
        assert (call["status"], call["reason"], call["transcript"]) == (status, reason, None)
        assert [one["id"] for one in desk.get("/calls", params={"status": status}).json()["calls"]] == [made["id"]]
        others = {"no-answer", "busy", "failed", "completed", "initiated"} - {status}
        assert all(desk.get("/calls", params={"status": one}).json()["total"] == 0 for one in others)

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            ({}, 400, ["to is not a phone number"]), ({"to": "call me"}, 400, ["to is not a phone number"]),
            ({"to": TO, "agent_id": "agent_none"}, 404, ["agent"]), ({"to": TO, "customer_id": "x"}, 404, ["lead"]),
            ({"to": TO, "direction": "sideways"}, 400, ["direction"]), ({"to": TO, "too": TO}, 400, ["to"]),
            ({"to": TO, "sandbox": {"outcome": "x"}}, 400, ["outcome"]),
            ({"to": TO, "sandbox": {"talk_s": -1}}, 400, ["talk_s"]),
            ({"direction": "inbound"}, 400, ["from is not a phone number"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, body: dict[str, Any], status: int, words: list[str]) -> None:
        check_message(desk.post("/calls", json=body), status, *words)

    def test_a_draft_cannot_call(self, desk: Desk) -> None:
        agent = desk.workspace.agent()
        check_message(desk.post("/calls", json={"to": TO, "agent_id": agent["id"]}), 409, "published")

    def test_a_paused_agent_says_sorry(self, desk: Desk) -> None:
        """One that is paused before it is asked; it makes no further call."""
        agent = desk.workspace.agent()
        desk.workspace.post(f"/agents/{agent['id']}/publish")
        made = desk.made("/calls", to=TO, sandbox={"ring_s": 1, "talk_s": 0, "says": ["Who?"]})
        desk.workspace.post(f"/agents/{agent['id']}/pause")
        for named in ({"agent_id": agent["id"]}, {}):
            check_message(desk.post("/calls", json={"to": TO, **named}), 409, "paused")
            desk.made("/calls", direction="inbound", **{"from": TO}, **named)
        call = desk.until(f"/calls/{made['id']}", ended)
        assert call["turns"][-1] == {**call["turns"][-1], "role": "agent", "answered": False}
        assert "sorry" in call["turns"][-1]["text"]

    def test_events_of_two_surfaces(self, desk: Desk, site: Site) -> None:
        ours = ["call.completed", "call.started", "call.ended", "transcript.ready", "analysis.complete"]
        receiver = hook(desk.workspace, site, *ours)
        made = desk.made("/calls", to=TO, sandbox={**QUICK, "talk_s": 2, "says": ["Great, thanks"]})
        came = {request.headers["x-webhook-event"]: request for request in receiver.received(5)}
        assert set(came) == set(ours)
        bodies = {name: verified(request, receiver.secret)["data"] for name, request in came.items()}
        assert bodies["call.completed"]["id"] == bodies["call.ended"]["callId"] == made["id"]
        assert (bodies["call.completed"]["duration"], bodies["call.completed"]["to_number"]) == (2, TO)
        assert (bodies["call.started"]["status"], bodies["call.ended"]["status"]) == ("in-progress", "completed")
        assert bodies["transcript.ready"]["transcript"] == "Caller: Great, thanks"
        assert bodies["analysis.complete"]["analysis"]["sentiment"] == "positive"
        assert "x-voxforge-signature" in came["call.ended"].headers
        assert came["call.completed"].headers["x-webhook-signature"].startswith("sha256=")

    def test_a_failed_call_is_told(self, desk: Desk, site: Site) -> None:
        receiver = hook(desk.workspace, site, "call.failed", "call.completed")
        desk.made("/calls", to=TO, sandbox={**QUICK, "outcome": "busy"})
        (request,) = receiver.received()
        assert verified(request, receiver.secret)["data"]["reason"] == "busy"


class TestList:
    def test_filters(self, desk: Desk) -> None:
        agent = desk.workspace.agent()
        desk.workspace.post(f"/agents/{agent['id']}/publish")
        made = [desk.made("/calls", to=TO), desk.made("/calls", direction="inbound", **{"from": "+15550001111"})]
        ids = [call["id"] for call in reversed(made)]
        queries = {
            "": ids, f"agent_id={agent['id']}": ids, "agent_id=agent_x": [], "direction=inbound": ids[:1],
            f"customer_id={made[0]['customer_id']}": ids[1:], "limit=1": ids[:1], "limit=1&offset=1": ids[1:],
            "to=2001-01-01T00:00:00Z": [],
        }  # fmt: skip
        found = {query: [one["id"] for one in desk.get(f"/calls?{query}").json()["calls"]] for query in queries}
        assert found == queries

    def test_both_shapes_play(self, shaped: Workspace) -> None:
        desk = Desk(shaped)
        made = [
            desk.made("/calls", to=f"+1555000{number:04}", sandbox={**QUICK, "says": ["Hi"]}) for number in range(5)
        ]

        def look() -> list[str]:
            return [one["status"] for one in desk.get("/calls").json()["calls"]]

        assert until(look, lambda found: set(found) == {"completed"}) == ["completed"] * len(made)


class TestReports:
    def test_only_forward_and_each_once(self, desk: Desk) -> None:
        """Late, doubled and shuffled ones change nothing."""
        made = desk.made("/calls", to=TO, sandbox={"ring_s": 600})
        desk.until(f"/calls/{made['id']}", lambda now: now["status"] == "ringing")
        reports = [
            (5, {"status": "completed", "duration_s": 7}), (4, {"status": "in-progress"}), (6, {"status": "ringing"}),
            (7, {"status": "failed", "reason": "busy"}), (5, {"status": "completed", "duration_s": 9}),
        ]  # fmt: skip
        with desk.shape.parts.database.write() as session:
            for sequence, report in reports:
                apply_report(session, made["id"], sequence, report)
            apply_report(session, "call_none", 1, {"status": "ringing"})
        call = desk.get(f"/calls/{made['id']}").json()
        assert (call["status"], call["duration"], call["reason"]) == ("completed", 7, None)

    def test_one_that_cannot_be_applied_holds_up_no_other(self, desk: Desk) -> None:
        with desk.shape.parts.database.write() as session:
            plan(session, desk.workspace.id, "call_x", [Planned(0, {"status": "on fire"})])
        made = desk.made("/calls", to=TO, sandbox=QUICK)
        assert desk.until(f"/calls/{made['id']}", ended)["status"] == "completed"
        with desk.shape.parts.database.write() as session:
            session.execute(delete(SandboxReport).where(SandboxReport.target_id == "call_x"))

    def test_only_one_talks(self, desk: Desk) -> None:
        """A job that takes long may be sent again meanwhile."""
        made, database = (
            desk.made("/calls", to=TO, sandbox={"ring_s": 600, "says": ["Who?"]}),
            desk.shape.parts.database,
        )
        turn = Turn(database, f"talk {made['id']}")
        assert turn.go_on()
        parts = desk.shape.parts
        assert isinstance(talk(database, lambda: parts.conversations, parts.analyst, made["id"]), Again)
        assert desk.get(f"/calls/{made['id']}").json()["ended_at"] is None
        turn.close()
        assert talk(database, lambda: parts.conversations, parts.analyst, made["id"]) is None
        assert desk.get(f"/calls/{made['id']}").json()["transcript"] == "Caller: Who?"
