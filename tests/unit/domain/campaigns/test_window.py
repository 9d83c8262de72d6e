"""When a campaign may call, by the clocks of whoever is called."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import InvalidInput
from domain.campaigns.window import CallWindow

ZONES = (
    "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
    "Pacific/Apia", "Africa/Casablanca", "Pacific/Chatham", "UTC",
)  # fmt: skip
MINUTES = st.integers(0, 1_440)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


windows = st.tuples(MINUTES, MINUTES).filter(lambda two: two[0] < two[1]).map(lambda two: CallWindow(*map(clock, two)))
FIRST = datetime(2010, 1, 1, tzinfo=UTC)
moments = st.integers(0, 30 * 365 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))
zones = st.sampled_from(ZONES).map(ZoneInfo)
# clocks are put forward and back; a day that Samoa skipped
CHANGES = [
    (ZoneInfo("Europe/Berlin"), date(2026, 3, 29)), (ZoneInfo("Europe/Berlin"), date(2026, 10, 25)),
    (ZoneInfo("America/New_York"), date(2026, 3, 8)), (ZoneInfo("America/New_York"), date(2026, 11, 1)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)), (ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4)),
    (ZoneInfo("Pacific/Apia"), date(2011, 12, 30)),
]  # fmt: skip


@given(windows, moments, zones)
@example(CallWindow("02:30", "02:45"), datetime(2026, 3, 29, 0, 0, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
@example(CallWindow("09:00", "17:00"), datetime(2011, 12, 30, 9, 0, tzinfo=UTC), ZoneInfo("Pacific/Apia"))
def test_it_opens_when_clocks_say_so(window: CallWindow, moment: datetime, zone: ZoneInfo) -> None:
    opens = window.opens(moment, zone)
    assert opens >= moment
    shown = opens.astimezone(zone).strftime("%H:%M")
    assert window.start <= shown < window.end
    assert window.is_open(opens, zone)
    # nobody waits who could be called: the minute before lies in no window, unless it is asked about
    assert opens == moment or not window.is_open(max(moment, opens - timedelta(minutes=1)), zone)


@given(windows, st.sampled_from(CHANGES), st.integers(0, 72 * 60))
def test_it_is_the_first_such_moment_across_changes_of_clocks(
    window: CallWindow, change: tuple[ZoneInfo, date], minutes: int
) -> None:
    zone, day = change
    moment = datetime.combine(day, time(), UTC) - timedelta(days=1) + timedelta(minutes=minutes)
    step, waits = timedelta(minutes=1), moment
    while not window.is_open(waits, zone):
        waits += step
    assert window.opens(moment, zone) == waits


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-28T20:00+01:00", "2026-03-29T09:00+02:00"),  # the night has an hour less
        ("2026-10-24T20:00+02:00", "2026-10-25T09:00+01:00"),
        ("2026-07-01T16:59:59+02:00", "2026-07-01T16:59:59+02:00"),
        ("2026-07-01T17:00+02:00", "2026-07-02T09:00+02:00"),
        ("2026-07-01T08:59:59+02:00", "2026-07-01T09:00+02:00"),
    ],
)
def test_nine_to_five_in_berlin(at: str, opens: str) -> None:
    window = CallWindow("09:00", "17:00")
    assert window.opens(datetime.fromisoformat(at), ZoneInfo("Europe/Berlin")) == datetime.fromisoformat(opens)


def test_a_window_that_clocks_skip_opens_the_day_after() -> None:
    skipped = CallWindow("02:15", "02:45")
    opens = skipped.opens(datetime(2026, 3, 28, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert opens == datetime.fromisoformat("2026-03-30T02:15+02:00")


def test_one_whose_beginning_clocks_skip_opens_with_the_new_time() -> None:
    opens = CallWindow("02:15", "04:00").opens(datetime(2026, 3, 28, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert opens == datetime.fromisoformat("2026-03-29T03:00+02:00")


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [
        ("17:00", "09:00", "cross midnight"), ("09:00", "09:00", "later than its start"), ("9:00", "17:00", "start"),
        ("09:00", "25:00", "end"), ("24:00", "24:00", "start"), ("09:00", "noon", "noon"), ("", "17:00", "start"),
        ("09:60", "17:00", "start"), ("09:00\n", "17:00", "start"),
    ],
)  # fmt: skip
def test_windows_that_are_none(start: str, end: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        CallWindow(start, end)
    assert caught.value.code == "INVALID_CALL_WINDOW"
    assert caught.value.field in {"callWindow.start", "callWindow.end"}


def test_a_whole_day() -> None:
    whole = CallWindow("00:00", "24:00")
    assert whole.is_open(datetime(2026, 7, 1, 23, 59, 59, tzinfo=UTC), ZoneInfo("UTC"))
