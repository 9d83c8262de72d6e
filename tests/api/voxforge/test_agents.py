"""VoxForge's seed, “Agents”: the agents of Insydr."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.settings import Plan
from tests.support.client import Workspace
from tests.support.office import Desk, check_coded

SEED = {
    "name": "Support Agent",
    "systemPrompt": "You are a helpful support agent for Acme Corp...",
    "firstMessage": "Hi, this is Acme support. How can I help you today?",
    "voice": "jennifer",
    "language": "en-US",
    "maxCallDuration": 600,
}


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, base="/api/v1")


class TestSeed:
    def test_create(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        assert {name: made[name] for name in SEED} == SEED
        assert made["isActive"] is True
        assert made["createdAt"].endswith("Z")
        assert desk.get(f"/agents/{made['id']}").json() == made

    def test_list_is_a_bare_array(self, desk: Desk) -> None:
        made = [desk.made("/agents", **SEED, description=str(number)) for number in range(3)]
        reply = desk.get("/agents")
        assert reply.json() == made
        assert {"id", "name", "isActive", "voice", "firstMessage", "createdAt"} <= reply.json()[0].keys()
        some = desk.get("/agents", params={"limit": 1, "offset": 1})
        assert (some.json(), some.headers["x-total-count"]) == (made[1:2], "3")

    def test_update(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        changed = desk.patch(f"/agents/{made['id']}", json={"name": "New Name", "isActive": False}).json()
        assert changed == {**made, "name": "New Name", "isActive": False, "updatedAt": changed["updatedAt"]}

    def test_delete_archives(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        assert desk.delete(f"/agents/{made['id']}").json()["isActive"] is False
        assert desk.get("/agents").json() == []
        for reply in (desk.get(f"/agents/{made['id']}"), desk.delete(f"/agents/{made['id']}")):
            check_coded(reply, 404, "NOT_FOUND")
        check_coded(desk.patch(f"/agents/{made['id']}", json={"isActive": True}), 404, "NOT_FOUND")
        assert desk.workspace.get(f"/agents/{made['id']}").json()["status"] == "ARCHIVED"


class TestOneAgent:
    """One record behind both surfaces."""

    def test_made_here(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        agent = desk.workspace.get(f"/agents/{made['id']}").json()
        assert (agent["status"], agent["version"]) == ("PUBLISHED", "1.1")
        assert agent["greeting_message"] == SEED["firstMessage"]
        assert agent["conversation_rules"]["custom_system_prompt"] == SEED["systemPrompt"]
        assert agent["voice_settings"] == {"voice": "jennifer", "language": "en-US", "max_call_duration": 600}

    def test_made_there(self, desk: Desk) -> None:
        agent = desk.workspace.agent(
            greeting_message="Hello.", voice_settings={"voice": "anna"}, response_config={"max_response_length": 99}
        )
        seen = desk.get(f"/agents/{agent['id']}").json()
        assert (seen["firstMessage"], seen["voice"], seen["language"]) == ("Hello.", "anna", None)
        assert (seen["isActive"], seen["maxCallDuration"]) == (False, 600)
        desk.patch(f"/agents/{agent['id']}", json={"isActive": True, "maxCallDuration": 60})
        agent = desk.workspace.get(f"/agents/{agent['id']}").json()
        assert agent["status"] == "PUBLISHED"
        assert agent["voice_settings"] == {"voice": "anna", "language": None, "max_call_duration": 60}
        assert agent["response_config"]["max_response_length"] == 99  # what this surface does not know stays

    def test_a_change_is_served_at_once(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        desk.patch(f"/agents/{made['id']}", json={"firstMessage": "Good day."})
        assert self._version(desk, made) == "1.2"
        call = desk.made("/calls", agentId=made["id"], to="+15551234567", sandbox={"ringS": 0, "talkS": 0})
        ended = desk.until(f"/calls/{call['id']}", lambda now: now["endedAt"] is not None)
        assert ended["transcript"] == "Agent: Good day."

    def test_what_changes_nothing_makes_no_version(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        for same in ({}, {"isActive": True}, {"name": SEED["name"]}, {"voice": "jennifer"}):
            desk.patch(f"/agents/{made['id']}", json=same)
        assert self._version(desk, made) == "1.1"

    def test_an_inactive_one_is_paused_until_it_is_active(self, desk: Desk) -> None:
        made = desk.made("/agents", **SEED)
        desk.patch(f"/agents/{made['id']}", json={"isActive": False, "name": "Later"})
        assert desk.workspace.get(f"/agents/{made['id']}").json()["paused_at"] is not None
        assert self._version(desk, made) == "1.1"  # nobody is served meanwhile
        call = {"agentId": made["id"], "to": "+15551234567"}
        check_coded(desk.post("/calls", json=call), 400, "AGENT_PAUSED", "paused")
        assert desk.patch(f"/agents/{made['id']}", json={"isActive": True}).json()["isActive"] is True
        assert self._version(desk, made) == "1.2"
        assert desk.post("/calls", json=call).status_code == 201

    def test_inactive_from_the_beginning(self, desk: Desk) -> None:
        made = desk.made("/agents", name="Draft", isActive=False)
        assert (made["isActive"], self._version(desk, made)) == (False, "1.0")

    def test_changes_at_once_all_hold(self, shaped: Workspace) -> None:
        desk = Desk(shaped, base="/api/v1")
        path = f"/agents/{desk.made('/agents', **SEED)['id']}"
        changes: list[dict[str, Any]] = [{"name": "A"}, {"voice": "b"}, {"language": "de"}, {"maxCallDuration": 99}]
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda change: desk.patch(path, json=change), changes))
        assert [reply.status_code for reply in replies] == [200] * 4
        seen = desk.get(path).json()
        assert all(seen[name] == value for change in changes for name, value in change.items())

    def test_null_is_the_default_again(self, desk: Desk) -> None:
        made = desk.made("/agents", **{**SEED, "maxCallDuration": 60})
        nulls = {"voice": None, "language": None, "maxCallDuration": None, "firstMessage": None, "systemPrompt": None}
        changed = desk.patch(f"/agents/{made['id']}", json=nulls).json()
        assert {name: changed[name] for name in nulls} == {**nulls, "maxCallDuration": 600}

    def _version(self, desk: Desk, made: dict[str, Any]) -> str:
        return str(desk.workspace.get(f"/agents/{made['id']}").json()["version"])


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"name": " "}, ["name"]), ({"name": 7}, ["name"]), ({"language": "English!"}, ["language"]),
            ({"maxCallDuration": 0}, ["maxCallDuration"]), ({"maxCallDuration": "600"}, ["maxCallDuration"]),
            ({"isActive": "yes"}, ["isActive"]), ({"voice": ""}, ["voice"]), ({"voise": "x"}, ["voice"]),
            ({"systemPrompt": "x" * 8_001}, ["systemPrompt"]), ({"system_prompt": "x"}, ["systemPrompt"]),
        ],
    )  # fmt: skip
    def test_is_refused_by_name(self, desk: Desk, change: dict[str, Any], words: list[str]) -> None:
        check_coded(desk.post("/agents", json={**SEED, **change}), 400, "BAD_REQUEST", *words)
        made = desk.made("/agents", name="Sarah")
        check_coded(desk.patch(f"/agents/{made['id']}", json=change), 400, "BAD_REQUEST", *words)

    def test_requests_that_are_none(self, desk: Desk) -> None:
        check_coded(desk.post("/agents", json={}), 400, "BAD_REQUEST", "name")
        check_coded(desk.post("/agents", content=b"{"), 400, "BAD_REQUEST")
        check_coded(desk.get("/agents", params={"limit": 201}), 400, "BAD_REQUEST", "limit")
        check_coded(desk.get("/agents/agent_none"), 404, "NOT_FOUND")
        check_coded(desk.get("/agents", headers={"Authorization": "Bearer sk_live_x"}), 401, "UNAUTHORIZED")

    def test_a_key_of_another_request(self, desk: Desk) -> None:
        again = {"Idempotency-Key": "one"}
        made = [desk.post("/agents", json=SEED, headers=again).json()["id"] for _ in range(2)]
        assert made[0] == made[1]
        check_coded(desk.post("/agents", json={"name": "x"}, headers=again), 400, "IDEMPOTENCY_KEY_REUSED")

    def test_the_plans_limit(self, desk: Desk) -> None:
        desk.workspace.on_plan(Plan.FREE)
        first = desk.made("/agents", **SEED)
        check_coded(desk.post("/agents", json=SEED), 422, "LIMIT_REACHED", "one agent")
        desk.delete(f"/agents/{first['id']}")
        desk.made("/agents", **SEED)
