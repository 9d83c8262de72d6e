"""Appointments: when they are, which status may follow, what a calendar is told."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from core.clock import utc_now
from core.errors import Conflict, InvalidInput
from domain.appointments.invitation import Organizer, invitation
from domain.appointments.reminding import sentence
from domain.appointments.repository import Due
from domain.appointments.states import MOVES, TAKES_TIME, after_moving, checked_move
from domain.appointments.times import ending
from domain.front_office.days import bounds, moment
from domain.models import Appointment, AppointmentReminder
from domain.models import AppointmentStatus as S

BERLIN = ZoneInfo("Europe/Berlin")
TEN = datetime(2027, 3, 1, 10, tzinfo=UTC)
HALF = timedelta(minutes=30)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


def clock(text: str) -> datetime:
    """What clocks show, of no zone."""
    return datetime.fromisoformat(text)


def appointment(**fields: object) -> Appointment:
    common = {
        "id": "apt_1", "workspace_id": "ws_1", "starts_at": TEN, "ends_at": TEN + HALF, "timezone": "Europe/Berlin",
        "status": "scheduled", "sequence": 0, "created_at": utc_now(), "updated_at": utc_now(), "reminders": [],
    }  # fmt: skip
    return Appointment(**{**common, **fields})


class TestMoments:
    def test_wall_clock_is_the_zones(self) -> None:
        assert moment(clock("2027-07-01 10:00"), BERLIN, "start") == datetime(2027, 7, 1, 8, tzinfo=UTC)

    def test_an_offset_is_a_moment(self) -> None:
        given_ = datetime(2027, 7, 1, 10, tzinfo=timezone(timedelta(hours=5, minutes=30)))
        assert moment(given_, BERLIN, "start") == datetime(2027, 7, 1, 4, 30, tzinfo=UTC)

    @pytest.mark.parametrize("shown", ["02:00", "02:30", "02:59"])
    def test_what_clocks_skip_is_refused(self, shown: str) -> None:
        with pytest.raises(InvalidInput, match="there is no 02") as caught:
            moment(clock(f"2027-03-28 {shown}"), BERLIN, "start")
        assert (caught.value.code, caught.value.field) == ("TIME_DOES_NOT_EXIST", "start")

    @pytest.mark.parametrize(("hour", "utc"), [("01:00", 0), ("03:00", 1)])
    def test_beside_it_is_time(self, hour: str, utc: int) -> None:
        assert moment(clock(f"2027-03-28 {hour}"), BERLIN, "start") == datetime(2027, 3, 28, utc, tzinfo=UTC)

    @pytest.mark.parametrize("fold", [0, 1])
    def test_what_clocks_show_twice_is_the_first(self, fold: int) -> None:
        found = moment(clock("2027-10-31 02:30").replace(fold=fold), BERLIN, "start")
        assert found == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)

    @pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
    def test_only_some_years(self, year: int) -> None:
        for zone in (None, UTC):
            with pytest.raises(InvalidInput, match="2000 to 2100"):
                moment(datetime(year, 6, 1, tzinfo=zone), BERLIN, "start")

    def test_the_year_is_that_in_utc(self) -> None:
        ahead = timezone(timedelta(hours=2))
        assert moment(datetime(2101, 1, 1, 1, tzinfo=ahead), BERLIN, "start").year == 2100
        with pytest.raises(InvalidInput):
            moment(datetime(2000, 1, 1, 1, tzinfo=ahead), BERLIN, "start")

    @given(st.datetimes(clock("2001-01-01"), clock("2099-01-01")), st.sampled_from(ZONES))
    def test_what_is_taken_reads_the_same_again(self, shown: datetime, name: str) -> None:
        zone = ZoneInfo(name)
        try:
            found = moment(shown, zone, "start")
        except InvalidInput:
            return
        assert found.astimezone(zone).replace(tzinfo=None, fold=0) == shown.replace(fold=0)


class TestEnds:
    def test_as_said(self) -> None:
        assert ending(TEN, TEN + 2 * HALF, None, HALF) == TEN + 2 * HALF
        assert ending(TEN, None, 45, HALF) == TEN + timedelta(minutes=45)
        assert ending(TEN, None, None, HALF) == TEN + HALF
        assert ending(TEN, TEN + HALF, 30, HALF) == TEN + HALF

    @pytest.mark.parametrize(
        ("ends", "minutes"),
        [(TEN, None), (TEN - HALF, None), (TEN + timedelta(hours=24, seconds=1), None), (TEN + HALF, 31), (None, 0),
         (None, 1441)],
    )  # fmt: skip
    def test_what_cannot_be(self, ends: datetime | None, minutes: int | None) -> None:
        with pytest.raises(InvalidInput):
            ending(TEN, ends, minutes, HALF)


class TestBounds:
    def test_a_day_is_the_zones_and_the_last_belongs_to_it(self) -> None:
        day = date(2027, 3, 28)
        found = bounds(day, day, BERLIN)
        assert found == (datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC))

    def test_the_wrong_way_round(self) -> None:
        with pytest.raises(InvalidInput, match="from must be before to"):
            bounds(TEN, TEN, BERLIN)

    def test_days_at_the_end_of_time(self) -> None:
        for day in (date.min, date.max):
            with pytest.raises(InvalidInput):
                bounds(day, day, BERLIN)


class TestMoves:
    ALLOWED = {
        (S.SCHEDULED, S.CONFIRMED), (S.SCHEDULED, S.RESCHEDULED), (S.SCHEDULED, S.CANCELLED),
        (S.SCHEDULED, S.COMPLETED), (S.SCHEDULED, S.NO_SHOW), (S.CONFIRMED, S.RESCHEDULED),
        (S.CONFIRMED, S.CANCELLED), (S.CONFIRMED, S.COMPLETED), (S.CONFIRMED, S.NO_SHOW),
        (S.RESCHEDULED, S.CONFIRMED), (S.RESCHEDULED, S.CANCELLED), (S.RESCHEDULED, S.COMPLETED),
        (S.RESCHEDULED, S.NO_SHOW), (S.NO_SHOW, S.RESCHEDULED),
    }  # fmt: skip

    @pytest.mark.parametrize(("old", "new"), product(S, S))
    def test_each(self, old: S, new: S) -> None:
        if old == new or (old, new) in self.ALLOWED:
            assert checked_move(old, new) == new
            return
        with pytest.raises(Conflict) as caught:
            checked_move(old, new)
        assert caught.value.code == "INVALID_STATUS"
        assert all(one in caught.value.message for one in MOVES[old])

    def test_a_new_time(self) -> None:
        for old in (*TAKES_TIME, S.NO_SHOW):
            assert after_moving(old) == S.RESCHEDULED
        for old in (S.CANCELLED, S.COMPLETED):
            with pytest.raises(Conflict):
                after_moving(old)


class TestInvitation:
    HOST = Organizer('Bright "Dental"\r\nX-EVIL: 1', "desk@example.com")

    def parsed(self, row: Appointment) -> tuple[Calendar, object]:
        content = invitation(row, self.HOST).content
        calendar = Calendar.from_ical(content)
        (event,) = calendar.walk("VEVENT")
        return calendar, event

    @pytest.mark.parametrize(
        ("status", "method", "told"),
        [("scheduled", "REQUEST", "TENTATIVE"), ("rescheduled", "REQUEST", "TENTATIVE"),
         ("confirmed", "REQUEST", "CONFIRMED"), ("completed", "REQUEST", "CONFIRMED"),
         ("no-show", "REQUEST", "CONFIRMED"), ("cancelled", "CANCEL", "CANCELLED")],
    )  # fmt: skip
    def test_each_status(self, status: str, method: str, told: str) -> None:
        calendar, event = self.parsed(appointment(status=status, sequence=3))
        assert (calendar["method"], event["status"], event["sequence"]) == (method, told, 3)
        assert event["uid"] == "apt_1@insydr"
        assert (event.decoded("dtstart"), event.decoded("dtend")) == (TEN, TEN + HALF)

    def test_no_text_becomes_a_line(self) -> None:
        evil = "a\r\nATTENDEE:mailto:x@y.z\nSUMMARY:b\rDTSTART:1\u2028c\x0bd\x85e"
        row = appointment(
            title=evil, notes=evil, customer_name=evil, customer_email="visitor@example.com", service_type=evil
        )
        content = invitation(row, self.HOST).content.decode()
        lines = content.replace("\r\n ", "").split("\r\n")
        names = [line.split(":")[0].split(";")[0] for line in lines if line]
        assert [names.count(one) for one in ("ATTENDEE", "SUMMARY", "DTSTART", "X-EVIL")] == [1, 1, 1, 0]
        assert not set(content) & set("\x0b\x85\u2028")
        assert "\n" not in content.replace("\r\n", "")

    def test_lines_are_folded(self) -> None:
        row = appointment(title="Ünïcödé " * 40, notes="Long, longer; longest\\ " * 50)
        content = invitation(row, self.HOST).content
        assert all(len(line) <= 75 for line in content.split(b"\r\n"))
        _, event = self.parsed(row)
        assert event["description"] == row.notes
        assert event["summary"] == row.title.strip()

    def test_who_comes(self) -> None:
        _, event = self.parsed(appointment(customer_name="Vera", customer_email="visitor@example.com"))
        assert (event["attendee"], event["attendee"].params["CN"]) == ("mailto:visitor@example.com", "Vera")
        assert event["organizer"] == "mailto:desk@example.com"
        assert "attendee" not in self.parsed(appointment())[1]


class TestSentence:
    def test_says_when_on_the_customers_clock(self) -> None:
        row = appointment(title="Check-up")
        due = Due(AppointmentReminder(channel="sms", minutes_before=60), row, "Bright Dental")
        assert sentence(due) == ("Reminder from Bright Dental: Check-up, Monday, 1 March 2027, 11:00 (Europe/Berlin).")
