"""Times as clients write them: wall clocks of a zone, and plain days, which are those of the workspace's."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInput

Day = date  # a plain one, of the workspace's zone
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


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


def moment(value: datetime, zone: ZoneInfo, field: str) -> datetime:
    """`value` in UTC; without an offset it is what clocks in `zone` show, the first time where they show it twice.

    Raises `InvalidInput`, also for what clocks skip.
    """
    if not _FIRST.year - 1 <= value.year <= _LAST.year:  # before arithmetic, which ends at the year 9999
        raise _out_of_range(field)
    found = (value if value.tzinfo else value.replace(tzinfo=zone, fold=0)).astimezone(UTC)
    if not _FIRST <= found < _LAST:
        raise _out_of_range(field)
    if value.tzinfo is None and found.astimezone(zone).replace(tzinfo=None, fold=0) != value.replace(fold=0):
        raise InvalidInput(
            f"{field}: there is no {value:%H:%M} on {value:%Y-%m-%d} in {zone.key}, because clocks are put forward. "
            "Choose another time, or give its offset from UTC.",
            code="TIME_DOES_NOT_EXIST", field=field,
        )  # fmt: skip
    return found


def _out_of_range(field: str) -> InvalidInput:
    return InvalidInput(f"{field} must be in the years 2000 to 2100.", field=field)
