"""VoxForge's seed, “Appointments”."""

from typing import Any

import pytest

from tests.support.client import Workspace
from tests.support.office import Desk, check_coded

SEED = {
    "contactId": "clx...",
    "startTime": "2025-02-15T10:00:00Z",
    "endTime": "2025-02-15T10:30:00Z",
    "title": "Product Demo",
    "notes": "Prospect is interested in the CRM integration",
}


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, base="/api/v1")


class TestSeed:
    def test_create(self, desk: Desk) -> None:
        """An id that is no lead's is kept as the client's own."""
        made = desk.made("/appointments", **SEED)
        assert {name: made[name] for name in SEED} == SEED
        assert (made["status"], made["duration"]) == ("scheduled", 30)
        assert desk.get(f"/appointments/{made['id']}").json() == made

    def test_list(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED, status="confirmed")
        desk.made("/appointments", **SEED)
        found = desk.get("/appointments?status=confirmed&from=2025-02-01&to=2025-02-28").json()
        assert found == {"appointments": [made], "total": 1, "limit": 50, "offset": 0}
        assert desk.get("/appointments?from=2025-02-16").json()["total"] == 0
        assert desk.get("/appointments?to=2025-02-15").json()["total"] == 2
        assert desk.get("/appointments?contactId=clx...&limit=1").json()["total"] == 2

    def test_cancel(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED)
        changed = desk.patch(f"/appointments/{made['id']}", json={"status": "cancelled"}).json()
        assert changed == {**made, "status": "cancelled", "updatedAt": changed["updatedAt"]}


class TestOneAppointment:
    def test_both_surfaces_say_the_same(self, desk: Desk) -> None:
        made = desk.made("/appointments", startTime="2032-03-01T10:00:00Z", attendeeEmail="vera@example.com")
        office = Desk(desk.workspace, key=desk.key)
        seen = office.get(f"/appointments/{made['id']}").json()
        assert (seen["customerEmail"], seen["start"]) == ("vera@example.com", made["startTime"])
        assert made["contactId"] == seen["leadId"]

    def test_no_show_is_written_as_here(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED)
        assert desk.patch(f"/appointments/{made['id']}", json={"status": "no_show"}).json()["status"] == "no_show"
        assert desk.get("/appointments?status=no_show").json()["total"] == 1
        assert Desk(desk.workspace, key=desk.key).get("/appointments?status=no-show").json()["total"] == 1

    def test_another_time(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED)
        moved = desk.patch(f"/appointments/{made['id']}", json={"startTime": "2025-02-16T08:00:00Z"}).json()
        assert (moved["status"], moved["endTime"]) == ("rescheduled", "2025-02-16T08:30:00Z")


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"startTime": "2025-02-30T10:00:00Z"}, "startTime"), ({"startTime": "2025-02-15"}, "startTime"),
            ({"endTime": "2025-02-15T09:00:00Z"}, "end"), ({"timezone": "Mars/Base"}, "Mars/Base"),
            ({"status": "maybe"}, "status"), ({"attendeePhone": "x"}, "phone number"), ({"contact": "x"}, "contactId"),
            ({"startTime": "2025-03-30T02:30:00", "endTime": None, "timezone": "Europe/Berlin"}, "02:30"),
        ],
    )  # fmt: skip
    def test_is_refused(self, desk: Desk, change: dict[str, Any], word: str) -> None:
        check_coded(desk.post("/appointments", json={**SEED, **change}), 400, "BAD_REQUEST", word)
        assert desk.get("/appointments").json()["total"] == 0

    def test_a_status_that_cannot_follow(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED)
        desk.patch(f"/appointments/{made['id']}", json={"status": "cancelled"})
        reply = desk.patch(f"/appointments/{made['id']}", json={"status": "confirmed"})
        check_coded(reply, 400, "INVALID_STATUS", "cancelled")

    def test_nobody_has_two_at_once(self, desk: Desk) -> None:
        desk.made("/appointments", **SEED, staffId="anna")
        check_coded(desk.post("/appointments", json={**SEED, "staffId": "anna"}), 400, "APPOINTMENT_CONFLICT", "anna")

    def test_a_null_where_there_is_no_place_for_one(self, desk: Desk) -> None:
        made = desk.made("/appointments", **SEED)
        for name in ("startTime", "status", "timezone"):
            reply = desk.patch(f"/appointments/{made['id']}", json={name: None})
            check_coded(reply, 400, "BAD_REQUEST", "must not be null")
        assert desk.patch(f"/appointments/{made['id']}", json={"notes": None}).json()["notes"] is None
