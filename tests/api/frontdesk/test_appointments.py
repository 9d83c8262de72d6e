"""FrontDesk 3.3: appointments, who may have which, and who is reminded of them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jsonschema
import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from core.clock import iso, utc_now
from domain.appointments.reminding import remind
from domain.events.catalogue import EVENTS
from domain.models import Appointment, AppointmentReminder, AuditEntry, Email, Lead, TextMessage
from tests.support.client import Workspace, until
from tests.support.site import Site
from tests.support.webhooks import hook, verified

SEED = {
    "customerName": "Vera Visitor",
    "customerPhone": "+1 555 123 4567",
    "customerEmail": "visitor@example.com",
    "staffId": "staff_7",
    "serviceType": "Consultation",
    "start": "2027-02-15T10:00:00Z",
    "end": "2027-02-15T10:30:00Z",
    "notes": "Prospect is interested in the CRM integration",
}
TEN = {"staffId": "bo", "start": "2027-02-15T10:00:00Z", "end": "2027-02-15T11:00:00Z"}
NAMES = {
    "id", "customerId", "leadId", "customerName", "customerPhone", "customerEmail", "staffId", "serviceType", "title",
    "start", "end", "timezone", "status", "meetingType", "notes", "reminders", "callId", "createdAt", "updatedAt",
}  # fmt: skip


@dataclass(frozen=True)
class Office:
    """FrontDesk, seen with a key of a workspace."""

    workspace: Workspace
    key: str

    def call(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.workspace.shape.http.request(method, f"/api{path}", headers=headers, **options)

    def post(self, **body: Any) -> httpx.Response:
        return self.call("POST", "/appointments", json=body)

    def book(self, **body: Any) -> dict[str, Any]:
        reply = self.post(**body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def get(self, appointment_id: str) -> httpx.Response:
        return self.call("GET", f"/appointments/{appointment_id}")

    def put(self, appointment_id: str, **body: Any) -> httpx.Response:
        return self.call("PUT", f"/appointments/{appointment_id}", json=body)

    def changed(self, appointment_id: str, **body: Any) -> dict[str, Any]:
        reply = self.put(appointment_id, **body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def listed(self, **params: Any) -> list[str]:
        """Ids."""
        reply = self.call("GET", "/appointments", params=params)
        assert reply.status_code == 200, reply.text
        return [one["id"] for one in reply.json()["appointments"]]

    def lead(self, **body: Any) -> dict[str, Any]:
        reply = self.call("POST", "/leads", json=body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def rows(self, model: type[Any]) -> list[Any]:
        with self.workspace.shape.parts.database.read() as session:
            return list(session.scalars(select(model).where(model.workspace_id == self.workspace.id)))

    def sequence(self) -> int:
        (row,) = self.rows(Appointment)
        return int(row.sequence)

    def due(self) -> dict[tuple[str, int], datetime]:
        """The reminders that are still to be sent."""
        rows = [row for row in self.rows(AppointmentReminder) if row.sent_at is None]
        return {(row.channel, row.minutes_before): row.due_at for row in rows}

    def make_due(self) -> None:
        """All reminders, now."""
        mine = AppointmentReminder.workspace_id == self.workspace.id
        with self.workspace.shape.parts.database.write() as session:
            late = utc_now() - timedelta(seconds=1)
            session.execute(update(AppointmentReminder).where(mine).values(due_at=late))

    def let_time_come(self) -> list[AppointmentReminder]:
        """All reminders become due and are sent, here or by the server's own clock."""
        self.make_due()
        remind(self.workspace.shape.parts.database)
        return list(until(lambda: self.rows(AppointmentReminder), lambda rows: all(row.sent_at for row in rows)))


def office_of(workspace: Workspace) -> Office:
    return Office(workspace, workspace.post("/api-keys", json={"name": "Desk", "kind": "secret"}).json()["key"])


@pytest.fixture
def office(workspace: Workspace) -> Office:
    return office_of(workspace)


def refused(reply: httpx.Response, status: int, *words: str) -> None:
    assert reply.status_code == status, reply.text
    assert set(reply.json()) == {"message"}
    for word in words:
        assert word in reply.json()["message"], reply.json()


class TestCreate:
    def test_as_in_the_seed(self, shaped: Workspace) -> None:
        office = office_of(shaped)
        made = office.book(**SEED)
        assert set(made) == NAMES
        assert made["id"].startswith("apt_")
        assert {name: made[name] for name in SEED} == {**SEED, "customerPhone": "+15551234567"}
        assert (made["status"], made["timezone"], made["reminders"]) == ("scheduled", "UTC", [])
        assert office.get(made["id"]).json() == made

    def test_by_its_other_names(self, office: Office) -> None:
        made = office.book(
            contactId="clx1", startTime="2027-02-15T10:00:00Z", endTime="2027-02-15T10:45:00Z", title="Product Demo"
        )
        assert (made["customerId"], made["leadId"], made["title"]) == ("clx1", None, "Product Demo")
        assert made["end"] == "2027-02-15T10:45:00Z"

    @pytest.mark.parametrize(
        ("given", "end"),
        [({}, "10:30"), ({"duration": 45}, "10:45"), ({"end": "2027-02-15T10:50:00Z", "duration": 50}, "10:50")],
    )
    def test_how_long_it_lasts(self, office: Office, given: dict[str, Any], end: str) -> None:
        assert office.book(start="2027-02-15T10:00:00Z", **given)["end"] == f"2027-02-15T{end}:00Z"

    def test_an_owner_with_their_token(self, workspace: Workspace) -> None:
        headers = {"Authorization": f"Bearer {workspace.token}", "X-Workspace-Id": workspace.id}
        reply = workspace.shape.http.post("/api/appointments", json=SEED, headers=headers)
        assert reply.status_code == 201, reply.text

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"start": None}, "start"),
            ({"start": "2027-02-15"}, "time of day"),
            ({"start": "soon"}, "start"),
            ({"start": "1999-12-31T23:00:00Z"}, "2000 to 2100"),
            ({"start": "9999-12-31T23:00:00"}, "2000 to 2100"),
            ({"end": "2027-02-15T10:00:00Z"}, "after start"),
            ({"end": "2027-02-16T10:00:01Z"}, "24 hours"),
            ({"duration": 31}, "contradict"),
            ({"end": None, "duration": 0}, "duration"),
            ({"end": None, "duration": 1441}, "duration"),
            ({"timezone": "Mars/Base"}, "time zone"),
            ({"customerPhone": "call me"}, "phone number"),
            ({"customerPhone": "0151 1234567"}, "country code"),
            ({"customerEmail": "nobody"}, "email"),
            ({"status": "gone"}, "status"),
            ({"meetingType": "telepathy"}, "meetingType"),
            ({"reminders": [{"channel": "pigeon", "minutesBefore": 5}]}, "reminders"),
            ({"reminders": [{"channel": "sms", "minutesBefore": 0}]}, "reminders"),
            ({"reminders": [{"channel": "sms", "minutesBefore": 5}] * 11}, "reminders"),
            ({"staff": "bo"}, "staffId"),
            ({"title": " "}, "blank"),
        ],
    )
    def test_what_cannot_be(self, office: Office, change: dict[str, Any], words: str) -> None:
        refused(office.post(**{**SEED, **change}), 400, words)
        assert office.listed() == []

    def test_a_start_there_must_be(self, office: Office) -> None:
        refused(office.post(customerName="Vera"), 400, "start")

    def test_who_may(self, workspace: Workspace, office: Office) -> None:
        made = office.book(**SEED)
        body = {"name": "Reader", "kind": "secret", "permissions": ["appointments:read"]}
        reader = Office(workspace, workspace.post("/api-keys", json=body).json()["key"])
        assert reader.get(made["id"]).status_code == 200
        refused(reader.post(**SEED), 403, "appointments:write")
        refused(reader.put(made["id"], notes="x"), 403, "appointments:write")
        body = {"name": "Other", "kind": "secret", "permissions": ["leads:read"]}
        other = Office(workspace, workspace.post("/api-keys", json=body).json()["key"])
        for path in ("", f"/{made['id']}", f"/{made['id']}/ics"):
            refused(other.call("GET", f"/appointments{path}"), 403, "appointments:read")

    def test_the_audit_log_has_ids_only(self, office: Office) -> None:
        made = office.book(**SEED)
        office.changed(made["id"], notes="Else")
        office.changed(made["id"], notes="Else")
        entries = [one for one in office.rows(AuditEntry) if one.target_id == made["id"]]
        assert Counter(one.action for one in entries) == {"APPOINTMENT_BOOKED": 1, "APPOINTMENT_UPDATED": 1}
        assert {(one.before, one.after, one.target_name) for one in entries} == {(None, None, None)}


class TestClocks:
    BERLIN = {"timezone": "Europe/Berlin"}

    def test_without_an_offset_it_is_the_zones_time(self, office: Office) -> None:
        made = office.book(start="2027-07-01T10:00:00", end="2027-07-01T11:00", **self.BERLIN)
        assert (made["start"], made["end"]) == ("2027-07-01T08:00:00Z", "2027-07-01T09:00:00Z")

    def test_of_the_workspace_by_default(self, office: Office) -> None:
        office.workspace.patch("", json={"timezone": "Asia/Kolkata"})
        made = office.book(start="2027-07-01T10:00:00")
        assert (made["start"], made["timezone"]) == ("2027-07-01T04:30:00Z", "Asia/Kolkata")

    def test_with_an_offset_a_moment(self, office: Office) -> None:
        assert office.book(start="2027-03-28T02:30:00+01:00", **self.BERLIN)["start"] == "2027-03-28T01:30:00Z"

    def test_a_time_that_clocks_skip(self, office: Office) -> None:
        refused(office.post(start="2027-03-28T02:30:00", **self.BERLIN), 400, "02:30", "Europe/Berlin")
        refused(office.post(start="2027-03-28T01:30:00", end="2027-03-28T02:30:00", **self.BERLIN), 400, "end")
        made = office.book(start="2027-03-28T01:30:00", **self.BERLIN)
        refused(office.put(made["id"], start="2027-03-28T02:30:00"), 400, "02:30")

    def test_a_time_that_clocks_show_twice(self, office: Office) -> None:
        assert office.book(start="2027-10-31T02:30:00", **self.BERLIN)["start"] == "2027-10-31T00:30:00Z"


class TestCustomers:
    def test_a_lead_fills_what_is_not_given(self, office: Office) -> None:
        lead = office.lead(name="Lea Lead", email="lea@example.com", phone="+15557654321")
        for name in ("customerId", "leadId", "contactId"):
            made = office.book(**{name: lead["id"]}, start="2027-02-15T10:00:00Z", customerName="Ms. Lead")
            assert (made["customerId"], made["leadId"]) == (lead["id"], lead["id"])
            told = (made["customerName"], made["customerPhone"], made["customerEmail"])
            assert told == ("Ms. Lead", "+15557654321", "lea@example.com")

    def test_whoever_comes_becomes_a_lead_once(self, office: Office) -> None:
        first, second = office.book(**SEED), office.book(start=SEED["start"], customerEmail="Visitor@Example.com")
        assert first["leadId"] == second["leadId"] == first["customerId"]
        assert (second["customerName"], second["customerPhone"]) == ("Vera Visitor", "+15551234567")
        (lead,) = office.rows(Lead)
        assert (lead.id, lead.source, lead.first_name) == (first["leadId"], "other", "Vera")

    def test_another_id_is_their_own_reference(self, office: Office) -> None:
        made = office.book(**SEED, customerId="crm-77")
        assert made["customerId"] == "crm-77"
        assert made["leadId"] == office.rows(Lead)[0].id
        assert office.listed(customerId="crm-77") == office.listed(customerId=made["leadId"]) == [made["id"]]

    def test_a_lead_of_another_workspace_is_none(self, office: Office) -> None:
        theirs = office_of(office.workspace.account.workspace()).lead(name="Eve", email="eve@example.com")
        made = office.book(customerId=theirs["id"], start="2027-02-15T10:00:00Z")
        assert (made["customerId"], made["leadId"], made["customerEmail"]) == (theirs["id"], None, None)

    def test_numbers_are_of_the_default_region(self, office: Office) -> None:
        assert office.workspace.patch("/front-office", json={"default_region": "DE"}).status_code == 200
        made = office.book(start="2027-02-15T10:00:00Z", customerPhone="0151 23456789")
        assert made["customerPhone"] == "+4915123456789"

    def test_somebody_else_brings_their_own(self, office: Office) -> None:
        made, lead = office.book(**SEED), office.lead(name="Lea Lead", phone="+15557654321")
        now = office.changed(made["id"], customerId=lead["id"], customerName="Lea")
        assert (now["customerId"], now["customerName"], now["customerPhone"]) == (lead["id"], "Lea", "+15557654321")
        assert now["customerEmail"] is None
        now = office.changed(made["id"], customerId=None)
        assert (now["customerId"], now["leadId"], now["customerName"]) == (None, None, "Lea")

    def test_who_is_known_later(self, office: Office) -> None:
        made = office.book(start="2027-02-15T10:00:00Z", customerName="Vera", customerId="crm-77")
        now = office.changed(made["id"], customerEmail="visitor@example.com")
        assert (now["customerId"], now["leadId"]) == ("crm-77", office.rows(Lead)[0].id)


class TestList:
    def test_the_earliest_first_in_pages(self, office: Office) -> None:
        ids = [office.book(start=f"2027-02-{day}T10:00:00Z")["id"] for day in (17, 15, 16)]
        reply = office.call("GET", "/appointments", params={"limit": 2, "offset": 1}).json()
        assert [one["id"] for one in reply["appointments"]] == [ids[2], ids[0]]
        assert (reply["total"], reply["limit"], reply["offset"]) == (3, 2, 1)
        assert office.call("GET", "/appointments").json()["limit"] == 50
        refused(office.call("GET", "/appointments", params={"limit": 201}), 400, "limit")

    def test_by_who_and_how_it_stands(self, office: Office) -> None:
        one = office.book(**SEED)["id"]
        two = office.book(**TEN, status="confirmed")["id"]
        assert office.listed(status="confirmed") == office.listed(staffId="bo") == [two]
        assert office.listed(status="scheduled", staffId="staff_7") == [one]
        assert office.listed(staffId="nobody") == []
        refused(office.call("GET", "/appointments", params={"status": "gone"}), 400, "status")

    def test_by_days_of_the_workspace(self, office: Office) -> None:
        office.workspace.patch("", json={"timezone": "America/New_York"})
        late = office.book(start="2025-03-01T04:59:00Z")["id"]  # the last minute of February there
        next_ = office.book(start="2025-03-01T05:00:00Z")["id"]
        assert office.listed(**{"from": "2025-02-01", "to": "2025-02-28"}) == [late]
        assert office.listed(**{"from": "2025-03-01"}) == [next_]
        assert office.listed(to="2025-03-01") == [late, next_]
        assert office.listed(**{"from": "2025-02-28", "to": "2025-02-28"}) == [late]

    def test_by_moments(self, office: Office) -> None:
        one = office.book(start="2027-02-15T10:00:00Z")["id"]
        assert office.listed(**{"from": "2027-02-15T11:00:00+01:00"}) == [one]
        assert office.listed(to="2027-02-15T10:00:00Z") == []

    @pytest.mark.parametrize(
        ("params", "word"),
        [
            ({"from": "2025-02-02", "to": "2025-02-01"}, "before"),
            ({"from": "2025-02-30"}, "from"),
            ({"from": "2025-02-01T10:00:00"}, "zone"),
            ({"to": "9999-12-31"}, "years"),
            ({"to": "soon"}, "to"),
        ],
    )
    def test_spans_that_are_none(self, office: Office, params: dict[str, str], word: str) -> None:
        refused(office.call("GET", "/appointments", params=params), 400, word)


class TestChange:
    def test_what_is_given_replaces(self, office: Office) -> None:
        made = office.book(**SEED)
        now = office.changed(made["id"], notes=None, title="Demo", meetingType="video", staffId="bo")
        changed = {"notes": None, "title": "Demo", "meetingType": "video", "staffId": "bo"}
        assert now == {**made, **changed, "updatedAt": now["updatedAt"]}
        assert now["updatedAt"] > made["updatedAt"]
        assert office.get(made["id"]).json() == now
        assert office.changed(made["id"], title="Demo") == now

    def test_a_new_start_moves_the_end_and_the_status(self, office: Office) -> None:
        made = office.book(**TEN, status="confirmed")
        now = office.changed(made["id"], start="2027-02-15T14:00:00Z")
        assert (now["end"], now["status"]) == ("2027-02-15T15:00:00Z", "rescheduled")
        assert office.sequence() == 1
        assert office.changed(made["id"], duration=20)["end"] == "2027-02-15T14:20:00Z"
        assert office.changed(made["id"], end="2027-02-15T14:40:00Z")["start"] == "2027-02-15T14:00:00Z"
        now = office.changed(made["id"], start="2027-02-16T10:00:00Z", status="confirmed")
        assert now["status"] == "confirmed"
        assert office.sequence() == 4

    def test_the_same_time_again_is_no_move(self, office: Office) -> None:
        made = office.book(**TEN)
        assert office.changed(made["id"], start="2027-02-15T11:00:00+01:00", end=TEN["end"]) == made
        assert office.sequence() == 0

    def test_another_zone_moves_nothing(self, office: Office) -> None:
        made = office.book(**TEN)
        now = office.changed(made["id"], timezone="Asia/Tokyo")
        assert (now["start"], now["timezone"], now["status"]) == (made["start"], "Asia/Tokyo", "scheduled")

    @pytest.mark.parametrize("ended", ["cancelled", "completed"])
    def test_an_ended_one_stays(self, office: Office, ended: str) -> None:
        made = office.book(**TEN)
        assert office.changed(made["id"], status=ended)["status"] == ended
        refused(office.put(made["id"], start="2027-02-16T10:00:00Z"), 409, ended)
        refused(office.put(made["id"], status="scheduled"), 409, ended)
        assert office.changed(made["id"], status=ended, notes="Paid")["notes"] == "Paid"

    def test_who_did_not_come_may_get_another_time(self, office: Office) -> None:
        made = office.book(**TEN, status="no-show")
        refused(office.put(made["id"], status="confirmed"), 409, "rescheduled")
        assert office.changed(made["id"], start="2027-02-16T10:00:00Z")["status"] == "rescheduled"

    @pytest.mark.parametrize("name", ["start", "end", "timezone", "status", "reminders", "duration"])
    def test_what_must_be(self, office: Office, name: str) -> None:
        refused(office.put(office.book(**TEN)["id"], **{name: None}), 400, name)

    def test_what_is_unknown(self, office: Office) -> None:
        made = office.book(**TEN)
        refused(office.put(made["id"], nots="x"), 400, "notes")
        for reply in (office.get("apt_no"), office.put("apt_no", notes="x"), office.call("GET", "/appointments/a/ics")):
            refused(reply, 404, "no such appointment")

    def test_another_workspaces_is_none(self, office: Office) -> None:
        made, stranger = office.book(**TEN), office_of(office.workspace.account.workspace())
        for reply in (stranger.get(made["id"]), stranger.put(made["id"], notes="x")):
            refused(reply, 404, "no such appointment")
        refused(stranger.call("GET", f"/appointments/{made['id']}/ics"), 404)
        assert stranger.listed() == []


class TestConflicts:
    @pytest.mark.parametrize(("start", "end"), [("10:30", "11:30"), ("09:30", "10:01"), ("10:10", "10:20"),
                                                ("09:00", "12:00"), ("10:00", "11:00")])  # fmt: skip
    def test_overlaps(self, office: Office, start: str, end: str) -> None:
        made = office.book(**TEN)
        body = {"start": f"2027-02-15T{start}:00Z", "end": f"2027-02-15T{end}:00Z"}
        refused(office.post(staffId="bo", **body), 409, made["id"], TEN["start"], TEN["end"])
        assert office.post(staffId="al", **body).status_code == 201
        assert office.post(**body).status_code == 201

    def test_back_to_back(self, office: Office) -> None:
        office.book(**TEN)
        for hour in ("09", "11"):
            office.book(staffId="bo", start=f"2027-02-15T{hour}:00:00Z", duration=60)

    def test_a_long_one_before(self, office: Office) -> None:
        office.book(staffId="bo", start="2027-02-14T10:30:00Z", duration=1_440)
        refused(office.post(**TEN), 409)

    def test_of_another_workspace_is_none(self, office: Office) -> None:
        office.book(**TEN)
        office_of(office.workspace.account.workspace()).book(**TEN)

    @pytest.mark.parametrize("status", ["cancelled", "completed", "no-show"])
    def test_what_takes_no_time(self, office: Office, status: str) -> None:
        ended = office.book(**TEN)["id"]
        office.changed(ended, status=status)
        made = office.book(**TEN)["id"]
        assert office.post(**TEN, status=status).status_code == 201
        if status == "no-show":
            refused(office.put(ended, status="rescheduled"), 409, made)

    def test_by_a_change(self, office: Office) -> None:
        first = office.book(**TEN)["id"]
        second = office.book(staffId="al", start="2027-02-15T10:00:00Z")["id"]
        refused(office.put(second, staffId="bo"), 409, first)
        assert office.get(second).json()["staffId"] == "al"
        third = office.book(staffId="bo", start="2027-02-15T12:00:00Z")["id"]
        refused(office.put(third, start="2027-02-15T10:30:00Z"), 409, first)
        assert office.get(third).json()["status"] == "scheduled"
        assert office.changed(first, start="2027-02-15T10:10:00Z")["status"] == "rescheduled"  # not with itself

    def test_a_race_has_one_winner(self, shaped: Workspace) -> None:
        office = office_of(shaped)
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: office.post(**{**SEED, **TEN}), range(8)))
        assert Counter(reply.status_code for reply in replies) == {201: 1, 409: 7}
        (winner,) = (reply.json()["id"] for reply in replies if reply.status_code == 201)
        assert all(winner in reply.json()["message"] for reply in replies if reply.status_code == 409)
        assert office.listed() == [winner]

    def test_a_race_of_moves_has_one_winner(self, shaped: Workspace) -> None:
        office = office_of(shaped)
        ids = [office.book(staffId="bo", start=f"2027-02-16T{hour:02}:00:00Z")["id"] for hour in range(8, 16)]
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda one: office.put(one, start=TEN["start"]), ids))
        assert Counter(reply.status_code for reply in replies) == {200: 1, 409: 7}


class TestCalendar:
    def test_an_invitation(self, office: Office) -> None:
        made = office.book(**SEED, title="Demo")
        reply = office.call("GET", f"/appointments/{made['id']}/ics")
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/calendar; charset=utf-8; method=REQUEST"
        assert reply.headers["content-disposition"] == f'attachment; filename="{made["id"]}.ics"'
        calendar = Calendar.from_ical(reply.content)
        (event,) = calendar.walk("VEVENT")
        assert event.decoded("dtstart") == datetime(2027, 2, 15, 10, tzinfo=UTC)
        assert (event["summary"], event["attendee"]) == ("Demo", "mailto:visitor@example.com")
        assert event["organizer"].params["CN"] == "My Company"
        assert SEED["notes"] in event["description"]

    def test_its_cancellation(self, office: Office) -> None:
        made = office.book(**SEED)
        office.changed(made["id"], status="cancelled")
        reply = office.call("GET", f"/appointments/{made['id']}/ics")
        calendar = Calendar.from_ical(reply.content)
        (event,) = calendar.walk("VEVENT")
        assert (calendar["method"], event["status"], event["sequence"]) == ("CANCEL", "CANCELLED", 1)
        assert reply.headers["content-type"].endswith("method=CANCEL")


class TestEvents:
    def test_a_booking_is_told(self, shaped: Workspace, site: Site) -> None:
        mine = hook(shaped, site, "appointment.booked")
        made = office_of(shaped).book(**SEED, customerId="crm-77", title="Demo")
        (request,) = mine.received()
        body = verified(request, mine.secret)
        assert body["event"] == "appointment.booked"
        assert body["data"] == {name: made[name] for name in EVENTS["appointment.booked"].fields}
        jsonschema.validate(body["data"], EVENTS["appointment.booked"].schema)


class TestReminders:
    IN_A_DAY = utc_now().replace(microsecond=0) + timedelta(days=1)
    BOTH = [{"channel": "sms", "minutesBefore": 60}, {"channel": "email", "minutesBefore": 120}]

    def book(self, office: Office, **fields: Any) -> dict[str, Any]:
        return office.book(**{**SEED, "start": iso(self.IN_A_DAY), "end": None, "reminders": self.BOTH, **fields})

    def test_the_front_offices_own(self, office: Office) -> None:
        own = {"reminders": [{"channel": "email", "minutes_before": 30}]}
        assert office.workspace.patch("/front-office", json=own).status_code == 200
        made = office.book(start=iso(self.IN_A_DAY))
        assert made["reminders"] == [{"channel": "email", "minutesBefore": 30}]
        assert office.book(start=iso(self.IN_A_DAY), reminders=[])["reminders"] == []
        assert office.due() == {("email", 30): self.IN_A_DAY - timedelta(minutes=30)}

    def test_are_remade_with_the_time(self, office: Office) -> None:
        made = self.book(office, reminders=[*self.BOTH, *self.BOTH])
        assert made["reminders"] == self.BOTH
        hour = timedelta(hours=1)
        assert office.due() == {("sms", 60): self.IN_A_DAY - hour, ("email", 120): self.IN_A_DAY - 2 * hour}
        office.changed(made["id"], start=iso(self.IN_A_DAY + 5 * hour))
        assert office.due() == {("sms", 60): self.IN_A_DAY + 4 * hour, ("email", 120): self.IN_A_DAY + 3 * hour}
        office.changed(made["id"], reminders=[{"channel": "sms", "minutesBefore": 180}])
        assert office.due() == {("sms", 180): self.IN_A_DAY + 2 * hour}

    @pytest.mark.parametrize("ended", ["cancelled", "completed", "no-show"])
    def test_end_with_it(self, office: Office, ended: str) -> None:
        made = self.book(office)
        office.changed(made["id"], status=ended)
        assert office.due() == {}
        if ended == "no-show":
            office.changed(made["id"], status="rescheduled")
            assert len(office.due()) == 2

    def test_none_is_made_too_late(self, office: Office) -> None:
        self.book(office, start=iso(utc_now() + timedelta(minutes=90)))
        assert set(office.due()) == {("sms", 60)}

    def test_are_sent_once(self, shaped: Workspace) -> None:
        office = office_of(shaped)
        made = self.book(office, title="Check-up", timezone="Asia/Tokyo")
        rows = office.let_time_come()
        assert [row.error for row in rows] == [None, None]
        (text,) = office.rows(TextMessage)
        (mail,) = office.rows(Email)
        assert text.to_number == "+15551234567"
        for told in (text.body, mail.body):
            assert all(word in told for word in ("Check-up", "Asia/Tokyo", "My Company"))
        assert "Check-up" in mail.subject
        remind(shaped.shape.parts.database)
        office.changed(made["id"], reminders=[])
        assert office.due() == {}
        assert len(office.rows(AppointmentReminder)) == 2
        assert (len(office.rows(TextMessage)), len(office.rows(Email))) == (1, 1)

    def test_who_was_reminded_is_reminded_of_another_time(self, office: Office) -> None:
        made = self.book(office, reminders=self.BOTH[:1])
        office.let_time_come()
        office.changed(made["id"], start=(utc_now() + timedelta(days=9)).isoformat())
        assert len(office.due()) == 1

    def test_many_at_once_are_sent_once_each(self, shaped: Workspace) -> None:
        office = office_of(shaped)
        sms = [{"channel": "sms", "minutesBefore": minutes} for minutes in range(1, 11)]
        for _ in range(6):
            self.book(office, staffId=None, reminders=sms)
        office.make_due()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: remind(shaped.shape.parts.database), range(4)))
        office.let_time_come()
        assert len(office.rows(TextMessage)) == 60

    def test_what_cannot_be_sent_says_why(self, office: Office) -> None:
        self.book(office, customerPhone=None, customerEmail=None, customerName="Vera")
        rows = office.let_time_come()
        assert {(row.channel, row.error) for row in rows} == {
            ("sms", "The appointment has no phone number to send it to."),
            ("email", "The appointment has no email address to send it to."),
        }

    def test_who_wants_none_gets_none(self, office: Office) -> None:
        left = {"number": "+15551234567", "optedOut": True}
        assert office.call("POST", "/sms/opt-outs", json=left).status_code == 201
        self.book(office, reminders=self.BOTH[:1])
        (row,) = office.let_time_come()
        assert row.error == "+15551234567 wants no messages: it must write START first."
        assert office.rows(TextMessage) == []

    def test_none_once_it_has_begun(self, office: Office) -> None:
        made = self.book(office, reminders=self.BOTH[:1])
        with office.workspace.shape.parts.database.write() as session:
            row = session.get_one(Appointment, made["id"])
            row.starts_at = utc_now() - timedelta(minutes=1)
        (reminder,) = office.let_time_come()
        assert "had begun" in reminder.error
        assert office.rows(TextMessage) == []
