"""Spans that are asked for: plain days are those of the workspace's zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInput

Day = date  # a plain one, of the workspace's zone


def bounds(
    since: datetime | Day | None, until: datetime | Day | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """From a moment on, and before one; of days in `zone` the last one belongs to it. Raises `InvalidInput`."""
    begin, end = _midnight(since, zone, 0), _midnight(until, zone, 1)
    if begin is not None and end is not None and begin >= end:
        raise InvalidInput("from must be before to.", field="from")
    return begin, end


def _midnight(value: datetime | Day | None, zone: ZoneInfo, days_later: int) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.combine(value + timedelta(days=days_later), time(), zone).astimezone(UTC)
    except OverflowError:
        raise InvalidInput("from and to must be between the years 2 and 9998.", field="from") from None
