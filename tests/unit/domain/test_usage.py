"""Months of a zone, the quota's thresholds, what room a plan leaves: the rules by themselves."""

from datetime import UTC, datetime

import pytest

from core.settings import Plan
from domain.crawls.options import limited_pages
from domain.plans import LIMITS, Limits
from domain.usage.months import month_at


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestMonths:
    @pytest.mark.parametrize(
        ("moment", "zone", "name", "starts_at", "ends_at"),
        [
            ("2026-01-31T23:59:59", "UTC", "2026-01", "2026-01-01T00:00", "2026-02-01T00:00"),
            ("2026-12-31T11:00", "Pacific/Auckland", "2027-01", "2026-12-31T11:00", "2027-01-31T11:00"),
            ("2026-12-31T10:59", "Pacific/Auckland", "2026-12", "2026-11-30T11:00", "2026-12-31T11:00"),
            ("2026-03-15T00:00", "Europe/Berlin", "2026-03", "2026-02-28T23:00", "2026-03-31T22:00"),
            ("2026-11-01T04:30", "America/New_York", "2026-11", "2026-11-01T04:00", "2026-12-01T05:00"),
            ("2028-02-29T12:00", "Asia/Kolkata", "2028-02", "2028-01-31T18:30", "2028-02-29T18:30"),
        ],
    )
    def test_begin_and_end_by_the_zones_clock(
        self, moment: str, zone: str, name: str, starts_at: str, ends_at: str
    ) -> None:
        found = month_at(utc(moment), zone)
        assert (found.name, found.starts_at, found.ends_at) == (name, utc(starts_at), utc(ends_at))

    def test_what_is_left_is_at_least_a_second(self) -> None:
        month = month_at(utc("2026-01-31T23:59:00"), "UTC")
        assert (month.left_s(utc("2026-01-31T23:59:00")), month.left_s(month.ends_at)) == (60, 1)


class TestPlans:
    def test_a_larger_one_allows_no_less(self) -> None:
        for field in Limits.__dataclass_fields__:
            allowed = [getattr(LIMITS[plan], field) or float("inf") for plan in Plan]
            assert allowed == sorted(allowed), field
            assert getattr(LIMITS[Plan.ENTERPRISE], field) is None

    @pytest.mark.parametrize(("plan", "pages"), [(Plan.FREE, 50), (Plan.ENTERPRISE, 700), (None, 700)])
    def test_a_smaller_one_holds_for_crawls_that_exist(self, plan: Plan | None, pages: int) -> None:
        assert limited_pages({"max_pages": 700}, plan) == pages
