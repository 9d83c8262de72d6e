"""VoxForge's seed, “Calls”."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.models import SandboxReport
from tests.support.client import Workspace
from tests.support.office import Desk, check_coded

TO = "+15551234567"
QUICK = {"ringS": 0.0, "talkS": 0.0}
ANALYSIS = {
    "method", "keyPoints", "objections", "buyingSignals", "actionItems", "leadScore", "competitorMentions",
    "coachingRecommendations", "closeProbability", "nextBestAction", "objectionCategories",
}  # fmt: skip


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, base="/api/v1")


@pytest.fixture
def agent_id(desk: Desk) -> str:
    return str(desk.made("/agents", name="Sarah", firstMessage="Acme here.")["id"])


def ended(call: dict[str, Any]) -> bool:
    return call["endedAt"] is not None


class TestTrigger:
    def test_as_in_the_seed(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/calls", agentId=agent_id, phoneNumberId="clx1", to=TO)
        assert (made["status"], made["direction"], made["to"]) == ("queued", "outbound", TO)
        assert (made["agentId"], made["phoneNumberId"], made["provider"]) == (agent_id, "clx1", "sandbox")
        assert (made["duration"], made["recordingUrl"], made["campaignId"]) == (None, None, None)

    def test_while_it_rings_it_is_queued(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/calls", agentId=agent_id, to=TO, sandbox={"ringS": 600})
        seen = desk.until(f"/calls/{made['id']}", lambda now: now["startedAt"] is not None)
        assert seen["status"] == "queued"
        listed = desk.get("/calls", params={"status": "queued"}).json()
        assert [one["id"] for one in listed["calls"]] == [made["id"]]

    def test_answers_with_sources_from_the_agents_knowledge(self, desk: Desk, agent_id: str) -> None:
        desk.workspace.patch(f"/agents/{agent_id}", json={"response_config": {"confidence_threshold": 0.1}})
        desk.workspace.post(f"/agents/{agent_id}/publish")
        desk.workspace.ingest("Warranty. The battery is covered for two years. The frame is covered for ten years.")
        says = ["How long is the battery covered?", "Zebra xylophone quantum?"]
        made = desk.made("/calls", agentId=agent_id, to=TO, metadata={"n": 1}, sandbox={**QUICK, "says": says})
        call = desk.until(f"/calls/{made['id']}", ended)
        assert (call["status"], call["metadata"], call["reason"]) == ("completed", {"n": 1}, None)
        assert call["transcript"].startswith("Agent: Acme here.\nCaller: How long")
        answer, lost = call["turns"][2], call["turns"][4]
        assert "two years" in answer["sources"][0]["quote"]
        assert {"documentId", "chunkIndex", "charStart"} <= answer["sources"][0].keys()
        assert (answer["answered"], lost["answered"]) == (True, False)
        assert call["analysis"].keys() == ANALYSIS
        assert call["analysis"]["method"] == "rule"
        assert call["analysis"]["actionItems"] == [f"Answer: {says[1]}"]

    def test_a_call_lasts_no_longer_than_the_agent_may(self, desk: Desk) -> None:
        brief = desk.made("/agents", name="Brief", maxCallDuration=10)["id"]
        made = desk.made("/calls", agentId=brief, to=TO, sandbox={"ringS": 600, "talkS": 3_600})
        desk.until(f"/calls/{made['id']}", lambda now: now["startedAt"] is not None)
        with desk.shape.parts.database.read() as session:
            planned = session.scalars(select(SandboxReport).where(SandboxReport.target_id == made["id"])).all()
        assert [one.report["duration_s"] for one in planned if "duration_s" in one.report] == [10]

    def test_to_a_lead(self, desk: Desk, agent_id: str) -> None:
        lead = desk.made("/calls", agentId=agent_id, to=TO)["contactId"]
        assert desk.made("/calls", agentId=agent_id, contactId=lead)["to"] == TO

    def test_any_other_contact_is_the_clients_own_reference(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/calls", agentId=agent_id, to=TO, contactId="crm-7")
        assert made["contactId"] == desk.get(f"/calls/{made['id']}").json()["contactId"] == "crm-7"

    def test_one_that_fails(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/calls", agentId=agent_id, to=TO, sandbox={**QUICK, "outcome": "busy"})
        call = desk.until(f"/calls/{made['id']}", ended)
        assert (call["status"], call["reason"], call["transcript"], call["analysis"]) == ("failed", "busy", None, None)

    @pytest.mark.parametrize(
        ("change", "status", "code", "words"),
        [
            ({"agentId": None}, 400, "BAD_REQUEST", ["agentId"]), ({"to": None}, 400, "BAD_REQUEST", ["to is not"]),
            ({"to": "call me"}, 400, "BAD_REQUEST", ["to is not"]), ({"too": TO}, 400, "BAD_REQUEST", ["“to”"]),
            ({"agentId": "agent_none"}, 404, "NOT_FOUND", ["agent"]),
            ({"contactId": "lead_none", "to": None}, 404, "NOT_FOUND", ["lead"]),
            ({"sandbox": {"ringS": 601}}, 400, "BAD_REQUEST", ["sandbox.ringS"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(
        self, desk: Desk, agent_id: str, change: dict[str, Any], status: int, code: str, words: list[str]
    ) -> None:
        given = {"agentId": agent_id, "to": TO, **change}
        body = {name: value for name, value in given.items() if value is not None}
        check_coded(desk.post("/calls", json=body), status, code, *words)

    def test_a_draft_cannot_call(self, desk: Desk) -> None:
        draft = desk.workspace.agent()
        reply = desk.post("/calls", json={"agentId": draft["id"], "to": TO})
        check_coded(reply, 400, "AGENT_NOT_PUBLISHED", "published")

    def test_of_another_workspace(self, desk: Desk, workspace: Workspace) -> None:
        other = Desk(workspace.account.workspace("Other"), base="/api/v1")
        foreign = other.made("/agents", name="Theirs")["id"]
        check_coded(desk.post("/calls", json={"agentId": foreign, "to": TO}), 404, "NOT_FOUND")


class TestList:
    def test_filters(self, desk: Desk, agent_id: str) -> None:
        second = desk.made("/agents", name="Otto")["id"]
        made = [
            desk.made("/calls", agentId=one, to=TO, sandbox={**QUICK, "outcome": outcome})
            for one, outcome in ((agent_id, "completed"), (second, "no-answer"), (second, "busy"))
        ]
        for call in made:
            desk.until(f"/calls/{call['id']}", ended)
        ids = [call["id"] for call in reversed(made)]
        today = made[0]["createdAt"][:10]
        queries = {
            "": ids, f"agentId={second}": ids[:2], "agentId=agent_x": [], "campaignId=camp_x": [],
            "status=failed": ids[:2], "status=completed": ids[2:], "status=queued": [], "status=in-progress": [],
            "limit=1&offset=1": ids[1:2], f"from={today}&to={today}": ids, "to=2025-02-28": [], "from=2025-02-01": ids,
            f"from={made[1]['createdAt']}": ids[:2], f"to={made[1]['createdAt']}": ids[2:],
        }  # fmt: skip
        found = {query: [one["id"] for one in desk.get(f"/calls?{query}").json()["calls"]] for query in queries}
        assert found == queries
        first = desk.get("/calls", params={"limit": 1}).json()
        assert {name: first[name] for name in ("total", "limit", "offset")} == {"total": 3, "limit": 1, "offset": 0}
        seed = {"id", "status", "direction", "to", "duration", "summary", "sentiment", "recordingUrl", "createdAt"}
        assert seed <= first["calls"][0].keys()

    @pytest.mark.parametrize(
        ("query", "word"),
        [
            ("limit=201", "limit"), ("limit=0", "limit"), ("offset=-1", "offset"), ("status=ringing", "status"),
            ("from=yesterday", "from"), ("from=2026-02-30", "from"), ("from=2026-02-02&to=2026-02-01", "from"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, query: str, word: str) -> None:
        check_coded(desk.get(f"/calls?{query}"), 400, "BAD_REQUEST", word)

    def test_none(self, desk: Desk) -> None:
        check_coded(desk.get("/calls/call_none"), 404, "NOT_FOUND", "call")
