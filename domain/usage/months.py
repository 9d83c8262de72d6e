"""Months of a workspace's zone: what its quotas are counted by."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Month:
    """`name` is `2026-11`; from `starts_at` to before `ends_at`, in UTC."""

    name: str
    starts_at: datetime
    ends_at: datetime

    def left_s(self, now: datetime) -> int:
        return max(1, int((self.ends_at - now).total_seconds()))


def month_at(moment: datetime, timezone: str) -> Month:
    """The month in which `moment` is there."""
    zone = ZoneInfo(timezone)
    there = moment.astimezone(zone)
    year, month = there.year, there.month
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    starts_at, ends_at = (datetime(*first, 1, tzinfo=zone).astimezone(UTC) for first in ((year, month), following))
    return Month(f"{year:04}-{month:02}", starts_at, ends_at)
