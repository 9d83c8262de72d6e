"""Days of zones, where they are odd, and ranges of days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from core.errors import InvalidInput
from domain.analytics.days import Period, Wish, bounds, day_of
from domain.analytics.marks_repository import quarter_of

NOW = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)


class TestBounds:
    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            ("Europe/Berlin", date(2026, 3, 29), 23),
            ("Europe/Berlin", date(2026, 10, 25), 25),
            ("Europe/Berlin", date(2026, 6, 1), 24),
            ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
            ("America/Havana", date(2026, 3, 8), 23),  # clocks go forward at midnight: the day begins at one
            ("Pacific/Apia", date(2011, 12, 30), 0),  # skipped
        ],
    )
    def test_a_day_has_the_hours_that_its_clocks_give_it(self, zone: str, day: date, hours: float) -> None:
        since, until = bounds(day, ZoneInfo(zone))
        assert until - since == timedelta(hours=hours)

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Asia/Kathmandu", "Pacific/Chatham", "UTC"])
    def test_days_follow_each_other_and_hold_their_moments(self, zone: str) -> None:
        there = ZoneInfo(zone)
        for n in range(366):
            day = date(2026, 1, 1) + timedelta(days=n)
            since, until = bounds(day, there)
            assert bounds(day + timedelta(days=1), there)[0] == until
            assert day_of(since, there) == day == day_of(until - timedelta(microseconds=1), there)

    def test_no_zone_begins_a_day_within_a_quarter_of_an_hour(self) -> None:
        zones = [ZoneInfo(name) for name in sorted(available_timezones())]
        days = [date(2026, month, 1) for month in (1, 7)]
        odd = [str(zone) for zone in zones for day in days if quarter_of(bounds(day, zone)[0]) != bounds(day, zone)[0]]
        assert odd == []


class TestWish:
    def test_the_last_days_end_today_in_the_zone(self) -> None:
        assert Wish(days=7).period(NOW, "UTC") == Period(date(2026, 3, 23), date(2026, 3, 29), "UTC")
        assert Wish(days=7).period(NOW, "Europe/Berlin").last == date(2026, 3, 30)
        assert Wish().period(NOW, "UTC").days == 30

    def test_any_range(self) -> None:
        period = Wish(first=date(2026, 1, 1), last=date(2026, 1, 1)).period(NOW, "UTC")
        assert (period.days, period.before().first, period.before().last) == (1, date(2025, 12, 31), date(2025, 12, 31))
        assert Wish(first=date(2026, 3, 1)).period(NOW, "UTC").last == date(2026, 3, 29)
        assert Wish(last=date(2026, 3, 1)).period(NOW, "UTC").first == date(2026, 1, 31)

    @pytest.mark.parametrize(
        "wish",
        [
            Wish(days=7, first=date(2026, 1, 1)),
            Wish(first=date(2026, 2, 1), last=date(2026, 1, 1)),
            Wish(first=date(2016, 1, 1), last=date(2026, 1, 1)),
            Wish(first=date(1, 1, 1), last=date(1, 1, 1)),
            Wish(last=date(1, 1, 1)),
        ],
    )
    def test_what_is_no_range_is_refused(self, wish: Wish) -> None:
        with pytest.raises(InvalidInput) as raised:
            wish.period(NOW, "UTC")
        assert raised.value.code == "INVALID_RANGE"
