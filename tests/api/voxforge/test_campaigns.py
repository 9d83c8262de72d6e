"""VoxForge's seed, “Campaigns”, and whom they call."""

from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from domain.models import Call, Campaign, CampaignContact, SandboxReport
from tests.support.client import Workspace
from tests.support.office import Desk, check_coded

SEED = {
    "name": "February Outreach", "phoneNumberId": "clx...", "scheduledStart": "2025-02-01T09:00:00Z",
    "timezone": "America/New_York", "callWindow": {"start": "09:00", "end": "17:00"}, "maxConcurrentCalls": 3,
}  # fmt: skip
ALWAYS = {"start": "00:00", "end": "24:00"}
QUICK = {"ringS": 0.0, "talkS": 0.0}


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, base="/api/v1")


@pytest.fixture
def agent_id(desk: Desk) -> str:
    return str(desk.made("/agents", name="Sarah", firstMessage="Acme here.")["id"])


def campaign(desk: Desk, agent_id: str, **given: Any) -> str:
    """One that may call at any time, at once, and is quick."""
    body: dict[str, Any] = {"name": "Outreach", "callWindow": ALWAYS, "sandbox": QUICK, "retryMinutes": []}
    return str(desk.made("/campaigns", agentId=agent_id, **(body | given))["id"])


def number(index: int) -> str:
    return f"+1212555{index:04}"


def people(count: int, **given: Any) -> list[dict[str, Any]]:
    return [{"to": number(index), "name": f"Person {index}", **given} for index in range(count)]


def add(desk: Desk, campaign_id: str, contacts: list[dict[str, Any]]) -> dict[str, Any]:
    return desk.made(f"/campaigns/{campaign_id}/contacts", contacts=contacts)


def over(now: dict[str, Any]) -> bool:
    return now["status"] == "completed"


def of(desk: Desk, campaign_id: str, **wanted: str) -> list[dict[str, Any]]:
    return list(desk.get(f"/campaigns/{campaign_id}/contacts", params={"limit": "200", **wanted}).json()["contacts"])


class TestSeed:
    def test_made(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/campaigns", agentId=agent_id, **SEED)
        assert (made["status"], made["callsTotal"], made["callsCompleted"]) == ("active", 0, 0)
        assert {name: made[name] for name in SEED} == SEED
        assert made["agentId"] == agent_id
        assert desk.get(f"/campaigns/{made['id']}").json() == made

    def test_listed(self, desk: Desk, agent_id: str) -> None:
        ids = [campaign(desk, agent_id, name=name) for name in ("one", "two", "three")]
        listed = desk.get("/campaigns").json()
        assert [one["id"] for one in listed] == ids[::-1]
        assert listed[0].keys() == {"id", "name", "status", "callsTotal", "callsCompleted", "createdAt"}
        page = desk.get("/campaigns", params={"limit": 1, "offset": 1})
        assert ([one["id"] for one in page.json()], page.headers["X-Total-Count"]) == ([ids[1]], "3")
        desk.patch(f"/campaigns/{ids[0]}", json={"status": "paused"})
        assert [one["id"] for one in desk.get("/campaigns", params={"status": "paused"}).json()] == [ids[0]]

    def test_statuses(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id)
        for status in ("paused", "paused", "active", "paused", "cancelled", "cancelled"):
            reply = desk.patch(f"/campaigns/{made}", json={"status": status})
            assert (reply.status_code, reply.json()["status"]) == (200, status)
        for status in ("active", "paused", "completed"):
            check_coded(desk.patch(f"/campaigns/{made}", json={"status": status}), 400, "INVALID_STATUS", "has ended")
        check_coded(desk.patch(f"/campaigns/{made}", json={"status": "running"}), 400, "BAD_REQUEST", "status")
        check_coded(desk.patch(f"/campaigns/{made}", json={"status": None}), 400, "BAD_REQUEST", "status")

    def test_defaults(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/campaigns", agentId=agent_id, name="Plain")
        assert (made["timezone"], made["callWindow"]) == ("UTC", {"start": "09:00", "end": "17:00"})
        assert (made["retryMinutes"], made["retryVoicemail"], made["maxConcurrentCalls"]) == ([30, 60, 120], False, 3)
        assert made["scheduledStart"] is not None

    def test_a_plain_start_is_what_clocks_there_show(self, desk: Desk, agent_id: str) -> None:
        made = desk.made("/campaigns", agentId=agent_id, **(SEED | {"scheduledStart": "2032-07-01T09:00:00"}))
        assert made["scheduledStart"] == "2032-07-01T13:00:00Z"


class TestBadInput:
    @pytest.mark.parametrize(
        ("given", "word"),
        [
            ({"callWindow": {"start": "17:00", "end": "09:00"}}, "cross midnight"),
            ({"callWindow": {"start": "09:00", "end": "9pm"}}, "callWindow.end"),
            ({"timezone": "Mars/Olympus"}, "Mars"),
            ({"timezone": ""}, "time zone"),
            ({"scheduledStart": "2025-02-30T09:00:00Z"}, "scheduledStart"),
            ({"scheduledStart": "2032-03-14T02:30:00"}, "clocks are put forward"),
            ({"scheduledEnd": "2025-02-02T09:00:00Z"}, "scheduledEnd"),
            ({"maxConcurrentCalls": 0}, "maxConcurrentCalls"),
            ({"maxConcurrentCalls": "3"}, "maxConcurrentCalls"),
            ({"retryMinutes": [-1]}, "retryMinutes"),
            ({"windows": {}}, "callWindow"),
        ],
    )
    def test_what_cannot_be(self, desk: Desk, agent_id: str, given: dict[str, Any], word: str) -> None:
        check_coded(desk.post("/campaigns", json={**SEED, "agentId": agent_id, **given}), 400, "BAD_REQUEST", word)
        assert desk.get("/campaigns").json() == []

    def test_agents_that_call_nobody(self, desk: Desk, agent_id: str) -> None:
        theirs = Desk(desk.workspace.account.workspace(), base="/api/v1").made("/agents", name="Theirs")["id"]
        for unknown in (theirs, "agent_x"):
            check_coded(desk.post("/campaigns", json={**SEED, "agentId": unknown}), 404, "NOT_FOUND", "agent")
        desk.patch(f"/agents/{agent_id}", json={"isActive": False})
        check_coded(desk.post("/campaigns", json={**SEED, "agentId": agent_id}), 400, "AGENT_PAUSED")

    def test_a_plan_allows_so_many_at_once(self, desk: Desk, agent_id: str) -> None:
        desk.workspace.on_plan("FREE")
        first, more = campaign(desk, agent_id), {**SEED, "agentId": agent_id}
        check_coded(desk.post("/campaigns", json=more), 422, "LIMIT_REACHED", "one campaign")
        desk.patch(f"/campaigns/{first}", json={"status": "paused"})
        check_coded(desk.post("/campaigns", json=more), 422, "LIMIT_REACHED")
        desk.patch(f"/campaigns/{first}", json={"status": "cancelled"})
        campaign(desk, agent_id)


class TestContacts:
    def test_leads(self, desk: Desk, agent_id: str) -> None:
        office = Desk(desk.workspace)
        known = office.made("/leads", name="Vera Visitor", phone="+1 212 555 0001", company="Acme")["id"]
        silent = office.made("/leads", name="Otto Owner")["id"]
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        report = desk.made(f"/campaigns/{made}/contacts", contactIds=[known, silent, "crm-7"])
        assert (report["added"], report["failed"], report["total"]) == (1, 2, 3)
        assert [(one["row"], one["code"]) for one in report["errors"]] == [
            (2, "NO_PHONE_NUMBER"), (3, "CONTACT_NOT_FOUND"),
        ]  # fmt: skip
        (contact,) = of(desk, made)
        assert (contact["contactId"], contact["phoneNumber"]) == (known, "+12125550001")
        assert (contact["firstName"], contact["lastName"], contact["company"]) == ("Vera", "Visitor", "Acme")
        assert (contact["status"], contact["callAttempts"], contact["lastCalledAt"]) == ("pending", 0, None)
        assert desk.get(f"/campaigns/{made}/contacts/{contact['id']}").json() == contact

    def test_both_ways_to_name_fields(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        add(desk, made, [
            {"to": number(1), "name": "Vera Visitor", "contactId": "crm-7"},
            {"phoneNumber": number(2), "firstName": "Otto", "customData": {"plan": "gold"}},
        ])  # fmt: skip
        first, second = of(desk, made)
        assert (first["firstName"], first["lastName"], first["contactId"]) == ("Vera", "Visitor", "crm-7")
        assert (second["firstName"], second["customData"]) == ("Otto", {"plan": "gold"})

    def test_nobody_twice(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        report = add(desk, made, [{"to": "+12125550001"}, {"to": "+1 (212) 555-0001"}, {"to": number(2)}])
        assert (report["added"], report["duplicates"]) == (2, 1)
        again = add(desk, made, [{"to": number(2)}, {"to": number(3)}])
        assert (again["added"], again["duplicates"], desk.get(f"/campaigns/{made}").json()["callsTotal"]) == (1, 1, 3)

    def test_numbers_that_are_none(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        report = add(desk, made, [{"to": "nobody"}, {"to": number(1)}, {"name": "Otto"}, {"to": "+1"}])
        assert (report["added"], report["failed"]) == (1, 3)
        assert [(one["row"], one["code"]) for one in report["errors"]] == [
            (1, "INVALID_PHONE_NUMBER"), (3, "NO_PHONE_NUMBER"), (4, "INVALID_PHONE_NUMBER"),
        ]  # fmt: skip
        only = desk.post(f"/campaigns/{made}/contacts", json={"contacts": [{"to": "nobody"}]})
        check_coded(only, 400, "BAD_REQUEST", "Row 1")
        check_coded(desk.post(f"/campaigns/{made}/contacts", json={}), 400, "BAD_REQUEST", "no contact")
        check_coded(desk.post(f"/campaigns/{made}/contacts", json=[1]), 400, "BAD_REQUEST", "JSON object")
        reply = desk.post(
            f"/campaigns/{made}/contacts", content=bytes(range(256)), headers={"Content-Type": "text/csv"}
        )
        check_coded(reply, 400, "BAD_REQUEST", "cannot be read")

    def test_in_their_zones(self, desk: Desk, agent_id: str) -> None:
        body = {"scheduledStart": "2032-07-01T00:00:00Z", "callWindow": {"start": "09:00", "end": "17:00"}}
        made = campaign(desk, agent_id, timezone="America/New_York", **body)
        add(desk, made, [{"to": "+14155552671"}, {"to": "+493012345678"}, {"to": "+15551234567"}])
        found = [(one["timezone"], one["nextCallAt"]) for one in of(desk, made)]
        assert found == [
            ("America/Los_Angeles", "2032-07-01T16:00:00Z"),  # at midnight in Greenwich it is five in the afternoon
            ("Europe/Berlin", "2032-07-01T07:00:00Z"),
            ("America/New_York", "2032-07-01T13:00:00Z"),
        ]
        assert desk.get(f"/campaigns/{made}").json()["nextCallAt"] == "2032-07-01T07:00:00Z"

    @pytest.mark.parametrize("kind", ["text/csv", "multipart"])
    def test_csv(self, desk: Desk, agent_id: str, kind: str) -> None:
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        rows = ("Vera,Visitor,+12125550001,vera@example.com", "Otto,,12,", "Ina,,+12125550002,no")
        text = "\n".join(("firstName,lastName,phone,email", *rows))
        path = f"/campaigns/{made}/contacts"
        if kind == "multipart":
            reply = desk.post(path, files={"file": ("contacts.csv", text.encode(), "text/csv")})
        else:
            reply = desk.post(path, content=text.encode(), headers={"Content-Type": f"{kind}; charset=utf-8"})
        assert reply.status_code == 201, reply.text
        assert [one["row"] for one in reply.json()["errors"]] == [3, 4]
        (contact,) = of(desk, made)
        assert (contact["firstName"], contact["email"]) == ("Vera", "vera@example.com")

    def test_others_workspaces(self, desk: Desk, agent_id: str) -> None:
        made, other = campaign(desk, agent_id), desk.workspace.account.workspace()
        stranger = Desk(other, base="/api/v1")
        check_coded(stranger.post(f"/campaigns/{made}/contacts", json={"contacts": people(1)}), 404, "NOT_FOUND")
        lead = Desk(other).made("/leads", name="Theirs", phone=number(1))["id"]
        reply = desk.post(f"/campaigns/{made}/contacts", json={"contactIds": [lead]})
        check_coded(reply, 400, "BAD_REQUEST", "no lead of this workspace")


class TestCalls:
    def test_everybody_once(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, maxConcurrentCalls=10)
        add(desk, made, people(25))
        done = desk.until(f"/campaigns/{made}", over)
        assert (done["callsTotal"], done["callsCompleted"], done["contacts"]["completed"]) == (25, 25, 25)
        assert done["endedAt"] is not None
        calls = desk.get("/calls", params={"campaignId": made, "limit": 200}).json()["calls"]
        assert sorted(one["to"] for one in calls) == [number(index) for index in range(25)]
        assert {one["status"] for one in calls} == {"completed"}
        assert {one["agentId"] for one in calls} == {agent_id}
        (first, *_) = of(desk, made)
        call = desk.get(f"/calls/{first['callId']}").json()
        assert (call["transcript"], call["contactId"]) == ("Agent: Acme here.", first["contactId"])
        lead = Desk(desk.workspace).get(f"/leads/{first['contactId']}").json()
        assert (lead["firstName"], lead["lastName"], lead["phone"]) == ("Person", "0", first["phoneNumber"])

    def test_a_call_names_the_contact_as_the_client_did(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id)
        add(desk, made, people(1, contactId="crm-7"))
        desk.until(f"/campaigns/{made}", over)
        (call,) = desk.get("/calls", params={"campaignId": made}).json()["calls"]
        assert call["contactId"] == of(desk, made)[0]["contactId"] == "crm-7"

    def test_what_is_said_is_answered(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id)
        add(desk, made, people(1, sandbox={**QUICK, "says": ["Zebra xylophone quantum?"]}))
        desk.until(f"/campaigns/{made}", over)
        (contact,) = of(desk, made)
        call = desk.get(f"/calls/{contact['callId']}").json()
        assert [turn["role"] for turn in call["turns"]] == ["agent", "caller", "agent"]
        assert call["conversationId"] is not None

    def test_outcomes(self, desk: Desk, agent_id: str) -> None:
        outcomes = ["completed", "no-answer", "busy", "voicemail", "invalid-number", "error", "do-not-call"]
        made = campaign(desk, agent_id, retryMinutes=[0])
        add(desk, made, [
            {"to": number(index), "sandbox": {**QUICK, "outcome": outcome}} for index, outcome in enumerate(outcomes)
        ])  # fmt: skip
        done = desk.until(f"/campaigns/{made}", over)
        found = {one["reason"] or "completed": (one["status"], one["callAttempts"]) for one in of(desk, made)}
        assert found == {
            "completed": ("completed", 1), "no-answer": ("failed", 2), "busy": ("failed", 2),
            "voicemail": ("failed", 1), "invalid-number": ("failed", 1), "error": ("failed", 2),
            "do-not-call": ("dnc", 1),
        }  # fmt: skip
        assert (done["contacts"]["failed"], done["contacts"]["dnc"], done["callsCompleted"]) == (5, 1, 7)
        listed = desk.get("/calls/do-not-call").json()
        assert [one["number"] for one in listed["numbers"]] == [number(6)]

    def test_who_did_not_answer_waits(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, retryMinutes=[30], sandbox={**QUICK, "outcome": "busy"})
        add(desk, made, people(1))
        desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["called"] == 1)
        (contact,) = of(desk, made, status="called")
        assert (contact["reason"], contact["callAttempts"]) == ("busy", 1)
        assert contact["nextCallAt"] > contact["lastCalledAt"]

    def test_never_more_at_once(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, maxConcurrentCalls=2, sandbox={"ringS": 600})
        add(desk, made, people(5))
        desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["calling"] == 2)
        hang_up(desk, made)
        seen = desk.until(
            f"/campaigns/{made}", lambda now: now["callsCompleted"] == 2 and now["contacts"]["calling"] == 2
        )
        assert seen["contacts"]["pending"] == 1

    def test_nobody_before_the_start_or_outside_the_window(self, desk: Desk, agent_id: str) -> None:
        later = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z")
        hour = (utc_now().hour + 3) % 24
        closed = campaign(desk, agent_id, callWindow={"start": f"{hour:02}:00", "end": f"{hour:02}:30"})
        dials = campaign(desk, agent_id)
        for one in (later, closed, dials):  # Iceland: Greenwich's clocks, all year
            add(desk, one, [{"to": "+3545812345"}])
        desk.until(f"/campaigns/{dials}", over)
        assert [of(desk, one)[0]["callAttempts"] for one in (later, closed)] == [0, 0]

    def test_a_window_that_has_closed_since(self, desk: Desk, agent_id: str) -> None:
        hour = (utc_now().hour + 3) % 24
        made = campaign(desk, agent_id, callWindow={"start": f"{hour:02}:00", "end": f"{hour:02}:30"})
        add(desk, made, [{"to": "+3545812345"}])
        opens = of(desk, made)[0]["nextCallAt"]
        with desk.shape.parts.database.write() as session:  # as if it had been closed only now
            session.execute(
                update(CampaignContact).where(CampaignContact.campaign_id == made).values(next_at=utc_now())
            )
        desk.patch(f"/campaigns/{made}", json={"name": "Again"})
        seen = desk.until(f"/campaigns/{made}", lambda now: now["nextCallAt"] == opens)
        assert seen["contacts"]["pending"] == 1

    def test_so_many_a_day(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, maxCallsPerDay=2)
        add(desk, made, people(5))
        seen = desk.until(f"/campaigns/{made}", lambda now: now["callsCompleted"] == 2)
        assert seen["contacts"]["pending"] == 3
        desk.patch(f"/campaigns/{made}", json={"name": "Again"})
        assert desk.get(f"/campaigns/{made}").json()["callsCompleted"] == 2

    def test_a_paused_agent_calls_nobody(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id)
        desk.patch(f"/agents/{agent_id}", json={"isActive": False})
        add(desk, made, people(1))
        awake = desk.made("/agents", name="Awake")["id"]
        other = campaign(desk, awake)
        add(desk, other, people(1))
        desk.until(f"/campaigns/{other}", over)
        seen = desk.get(f"/campaigns/{made}").json()
        assert (seen["contacts"]["pending"], "agent is paused" in seen["notice"]) == (1, True)
        desk.patch(f"/agents/{agent_id}", json={"isActive": True})
        assert desk.get(f"/campaigns/{made}").json()["notice"] is None

    def test_a_call_nobody_reports_of_frees_its_place(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, maxConcurrentCalls=1, sandbox={"ringS": 600})
        add(desk, made, people(1))
        seen = desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["calling"] == 1)
        (contact,) = of(desk, made)
        with desk.shape.parts.database.write() as session:
            session.execute(
                update(CampaignContact).where(CampaignContact.id == contact["id"]).values(leased_until=utc_now())
            )
        seen = desk.until(f"/campaigns/{made}", over)
        assert (seen["contacts"]["failed"], desk.get(f"/calls/{contact['callId']}").json()["reason"]) == (1, "error")


class TestStops:
    def test_paused_and_resumed(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, maxConcurrentCalls=2, sandbox={"ringS": 600})
        add(desk, made, people(4))
        desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["calling"] == 2)
        desk.patch(f"/campaigns/{made}", json={"status": "paused"})
        hang_up(desk, made)
        seen = desk.until(f"/campaigns/{made}", lambda now: now["callsCompleted"] == 2)
        assert (seen["contacts"]["pending"], seen["contacts"]["calling"]) == (2, 0)
        desk.patch(f"/campaigns/{made}", json={"status": "active"})
        desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["calling"] == 2)
        hang_up(desk, made)
        desk.until(f"/campaigns/{made}", over)
        with desk.shape.parts.database.read() as session:
            called = session.scalars(select(Call.to_number).where(Call.campaign_id == made)).all()
        assert sorted(called) == [number(index) for index in range(4)]

    @pytest.mark.parametrize(
        ("status", "reason"), [("completed", "campaign-ended"), ("cancelled", "campaign-cancelled")]
    )
    def test_who_was_still_to_be_called_expires(self, desk: Desk, agent_id: str, status: str, reason: str) -> None:
        made = campaign(desk, agent_id, maxConcurrentCalls=1, sandbox={"ringS": 600})
        add(desk, made, people(3))
        desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["calling"] == 1)
        desk.patch(f"/campaigns/{made}", json={"status": status})
        seen = desk.until(f"/campaigns/{made}", lambda now: now["contacts"]["expired"] == 2)
        assert (seen["status"], seen["contacts"]["calling"]) == (status, 1)
        assert {one["reason"] for one in of(desk, made, status="expired")} == {reason}
        hang_up(desk, made)
        seen = desk.until(f"/campaigns/{made}", lambda now: now["callsCompleted"] == 3)
        assert (seen["status"], seen["contacts"]["failed"]) == (status, 1)
        check_coded(
            desk.post(f"/campaigns/{made}/contacts", json={"contacts": people(9)}), 400, "CAMPAIGN_ENDED", status
        )

    def test_its_end_comes_first(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id, scheduledStart="2032-01-01T00:00:00Z", scheduledEnd="2032-01-02T00:00:00Z")
        add(desk, made, people(2))
        with desk.shape.parts.database.write() as session:  # as if it were the year 2032
            session.execute(update(Campaign).where(Campaign.id == made).values(ends_at=utc_now(), wake_at=utc_now()))
        seen = desk.until(f"/campaigns/{made}", over)
        assert (seen["contacts"]["expired"], seen["callsCompleted"]) == (2, 2)
        assert {one["reason"] for one in of(desk, made)} == {"campaign-ended"}

    def test_one_that_ran_out_of_contacts_goes_on_with_new_ones(self, desk: Desk, agent_id: str) -> None:
        made = campaign(desk, agent_id)
        add(desk, made, people(1))
        desk.until(f"/campaigns/{made}", over)
        add(desk, made, people(2))
        seen = desk.until(f"/campaigns/{made}", lambda now: over(now) and now["callsCompleted"] == 2)
        assert seen["callsTotal"] == 2


class TestDoNotCall:
    def test_nobody_calls_them(self, desk: Desk, agent_id: str) -> None:
        reply = desk.post("/calls/do-not-call", json={"number": "+1 212 555 0001"})
        assert (reply.status_code, reply.json()["number"], reply.json()["doNotCall"]) == (201, number(1), True)
        check_coded(desk.post("/calls", json={"agentId": agent_id, "to": number(1)}), 400, "DO_NOT_CALL", number(1))
        made = campaign(desk, agent_id)
        add(desk, made, people(2))
        seen = desk.until(f"/campaigns/{made}", over)
        assert (seen["contacts"]["dnc"], seen["contacts"]["completed"]) == (1, 1)
        (contact,) = of(desk, made, status="dnc")
        assert (contact["phoneNumber"], contact["callAttempts"], contact["reason"]) == (number(1), 0, "do-not-call")

    def test_until_they_agree(self, desk: Desk, agent_id: str) -> None:
        desk.post("/calls/do-not-call", json={"number": number(1)})
        reply = desk.post("/calls/do-not-call", json={"number": number(1), "doNotCall": False})
        assert (reply.json()["doNotCall"], desk.get("/calls/do-not-call").json()["total"]) == (False, 0)
        desk.made("/calls", agentId=agent_id, to=number(1))
        check_coded(desk.post("/calls/do-not-call", json={"number": "nobody"}), 400, "BAD_REQUEST", "number")


def hang_up(desk: Desk, campaign_id: str) -> None:
    """Whoever's telephone rings does not answer: their calls fail now."""
    with desk.shape.parts.database.write() as session:
        calls = select(Call.id).where(Call.campaign_id == campaign_id)
        session.execute(update(SandboxReport).where(SandboxReport.target_id.in_(calls)).values(due_at=utc_now()))
        for report in session.scalars(select(SandboxReport).where(SandboxReport.target_id.in_(calls))):
            if report.report.get("status") == "in-progress":
                report.report = {"status": "failed", "reason": "no-answer"}
