"""FrontDesk 3.4: text messages, as the sandbox plays them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from core.clock import utc_now
from domain.front_office.settings import QuietHours
from domain.models import TextMessage
from domain.texting.sending import release
from tests.support.client import Workspace
from tests.support.office import Desk, check_message
from tests.support.site import Site
from tests.support.webhooks import hook, verified

TO = "+15551234567"


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    desk = Desk(workspace)
    desk.settings(sandbox={"message_s": 0})
    return desk


class TestSend:
    def test_a_message_is_delivered(self, desk: Desk) -> None:
        made = desk.made("/sms", to="+1 555 123 4567", body="See you at ten.", mediaUrls=["https://example.com/a.png"])
        assert made["id"].startswith("sms_")
        assert (made["to"], made["from"], made["direction"]) == (TO, "+15005550006", "outbound")
        assert (made["status"], made["provider"], made["sendAfter"]) == ("queued", "sandbox", None)
        sent = desk.until(f"/sms/{made['id']}", lambda now: now["status"] == "delivered")
        assert sent["deliveredAt"] >= sent["sentAt"] >= made["createdAt"]
        assert desk.get(f"/leads/{made['customerId']}").json()["source"] == "sms"

    @pytest.mark.parametrize("outcome", ["failed", "undelivered"])
    def test_outcomes(self, desk: Desk, outcome: str) -> None:
        made = desk.made("/sms", to=TO, message="x", sandbox={"outcome": outcome, "delaySeconds": 0})
        sent = desk.until(f"/sms/{made['id']}", lambda now: now["status"] == outcome)
        assert outcome in sent["error"]
        assert sent["deliveredAt"] is None

    def test_two_numbers_have_one_thread(self, desk: Desk) -> None:
        first, second = (desk.made("/sms", to=TO, body=text) for text in ("One", "Two"))
        other = desk.made("/sms", to="+15550001111", body="x")
        answer = desk.made("/sms/receive", body="Three", **{"from": TO})
        assert (
            first["conversationId"] == second["conversationId"] == answer["conversationId"] != other["conversationId"]
        )
        params = {"conversationId": first["conversationId"]}
        assert [one["body"] for one in desk.get("/sms", params=params).json()["messages"]] == ["Three", "Two", "One"]
        check_message(desk.post("/sms", json={"to": TO, "body": "x", "conversationId": "smt_x"}), 404, "thread")

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"to": TO}, ["body"]), ({"body": "x"}, ["to"]), ({"to": "me", "body": "x"}, ["to"]),
            ({"to": TO, "body": "x" * 1_601}, ["body"]), ({"to": TO, "body": "x", "from": "Acme"}, ["from"]),
            ({"to": TO, "body": "x", "mediaUrls": ["http://example.com/a"]}, ["mediaUrls"]),
            ({"to": TO, "text": "x"}, ["There is no such field"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, desk: Desk, body: dict[str, Any], words: list[str]) -> None:
        check_message(desk.post("/sms", json=body), 400, *words)


class TestConsent:
    @pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe", "opt-out"])
    def test_who_says_stop_gets_no_more(self, desk: Desk, word: str) -> None:
        desk.made("/sms/receive", body=word, **{"from": TO})
        check_message(desk.post("/sms", json={"to": TO, "body": "x"}), 409, "START")
        (answer,) = desk.get("/sms?direction=outbound").json()["messages"]
        assert "no more messages" in answer["body"]
        desk.made("/sms/receive", body=word, **{"from": TO})  # once more: no further answer
        assert desk.get("/sms?direction=outbound").json()["total"] == 1
        desk.made("/sms/receive", body="START", **{"from": TO})
        assert desk.made("/sms", to=TO, body="x")["status"] == "queued"

    def test_a_sentence_is_no_word(self, desk: Desk) -> None:
        desk.made("/sms/receive", body="Please stop by at ten.", **{"from": TO})
        assert desk.made("/sms", to=TO, body="x")["status"] == "queued"

    def test_another_workspace_may_write(self, desk: Desk, workspace: Workspace) -> None:
        desk.made("/sms/receive", body="STOP", **{"from": TO})
        other = Desk(workspace.account.workspace("Other"))
        assert other.made("/sms", to=TO, body="x")["status"] == "queued"

    def test_noted_by_hand(self, desk: Desk) -> None:
        desk.settings(opt_in_required=True)
        check_message(desk.post("/sms", json={"to": TO, "body": "x"}), 409, "agreed")
        desk.made("/sms/opt-outs", number=TO, optedOut=False)
        assert desk.made("/sms", to=TO, body="x")["status"] == "queued"
        desk.made("/sms/opt-outs", number=TO, optedOut=True)
        check_message(desk.post("/sms", json={"to": TO, "body": "x"}), 409, "START")
        found = desk.get("/sms/opt-outs").json()
        assert [(one["number"], one["optedOut"]) for one in found["optOuts"]] == [(TO, True)]

    def test_who_wrote_has_agreed(self, desk: Desk) -> None:
        desk.settings(opt_in_required=True)
        desk.made("/sms/receive", body="Hello", **{"from": TO})
        assert desk.made("/sms", to=TO, body="x")["status"] == "queued"


class TestQuietHours:
    @pytest.mark.parametrize(
        ("start", "end", "moment", "expected"),
        [
            ("21:00", "08:00", "2027-01-26T22:30", "2027-01-27T08:00+01:00"),
            ("21:00", "08:00", "2027-01-26T07:59", "2027-01-26T08:00+01:00"),
            ("21:00", "08:00", "2027-01-26T08:00", None), ("21:00", "08:00", "2027-01-26T20:59", None),
            ("12:00", "14:00", "2027-01-26T13:00", "2027-01-26T14:00+01:00"),
            ("12:00", "14:00", "2027-01-26T14:00", None),
            ("08:00", "08:00", "2027-01-26T08:00", None),
            ("21:00", "08:00", "2027-03-27T23:00", "2027-03-28T08:00+02:00"),  # clocks go forward that night
        ],
    )  # fmt: skip
    def test_when_they_end(self, start: str, end: str, moment: str, expected: str | None) -> None:
        zone = ZoneInfo("Europe/Berlin")
        at = datetime.fromisoformat(moment).replace(tzinfo=zone).astimezone(UTC)
        found = QuietHours(start=start, end=end).ends(at, zone)
        assert (found and found.isoformat(timespec="minutes")) == expected

    def test_a_message_waits(self, desk: Desk) -> None:
        now = utc_now()
        desk.settings(
            quiet_hours={"start": f"{now - timedelta(hours=1):%H:%M}", "end": f"{now + timedelta(hours=1):%H:%M}"}
        )
        made = desk.made("/sms", to=TO, body="x")
        assert (made["status"], made["sendAfter"] > made["createdAt"]) == ("queued", True)
        release(desk.shape.parts.database)
        assert desk.get(f"/sms/{made['id']}").json()["status"] == "queued"
        with desk.shape.parts.database.write() as session:
            session.execute(update(TextMessage).where(TextMessage.id == made["id"]).values(send_after=now))
        release(desk.shape.parts.database)
        desk.until(f"/sms/{made['id']}", lambda seen: seen["status"] == "delivered")


class TestReceive:
    def test_the_event_once(self, desk: Desk, site: Site) -> None:
        receiver = hook(desk.workspace, site, "sms.received")
        came = [desk.made("/sms/receive", body="At ten?", messageId="m1", **{"from": TO}) for _ in range(2)]
        assert came[0] == came[1]
        assert (came[0]["status"], came[0]["direction"]) == ("received", "inbound")
        (request,) = receiver.received()
        data = verified(request, receiver.secret)["data"]
        assert (data["id"], data["from"], data["body"]) == (came[0]["id"], TO, "At ten?")
        assert data["customerId"] == came[0]["customerId"]
        assert desk.get("/sms").json()["total"] == 1

    def test_ids_of_another_workspace_are_others(self, desk: Desk) -> None:
        other = Desk(desk.workspace.account.workspace("Other"))
        came = [one.made("/sms/receive", body="x", messageId="m2", **{"from": TO}) for one in (desk, other)]
        assert came[0]["id"] != came[1]["id"]

    def test_the_same_twice_at_once(self, shaped: Workspace) -> None:
        desk, body = Desk(shaped), {"from": TO, "body": "x", "messageId": "m3"}
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: desk.post("/sms/receive", json=body), range(4)))
        assert [reply.status_code for reply in replies] == [201] * 4
        assert len({reply.json()["id"] for reply in replies}) == 1


class TestSettings:
    def test_defaults(self, workspace: Workspace) -> None:
        found = workspace.get("/front-office").json()
        assert found["quiet_hours"] is None
        assert (found["number"], found["opt_in_required"]) == ("+15005550006", False)

    @pytest.mark.parametrize(
        "given",
        [
            {"quiet_hours": {"start": "25:00"}}, {"default_region": "Germany"}, {"number": "x"}, {"number": None},
            {"reminders": [{"channel": "fax", "minutes_before": 5}]}, {"sandbox": {"ring_s": -1}}, {"colour": "red"},
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, workspace: Workspace, given: dict[str, Any]) -> None:
        assert workspace.patch("/front-office", json=given).status_code == 400
