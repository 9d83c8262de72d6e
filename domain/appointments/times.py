"""When an appointment is: wall clock of a zone or a moment, in UTC from here on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import iso
from core.errors import InvalidInput

USUAL = timedelta(minutes=30)
LONGEST = timedelta(hours=24)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


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


def ending(starts: datetime, ends: datetime | None, minutes: int | None, otherwise: timedelta) -> datetime:
    """When it ends: as said, else after so many minutes, else after `otherwise`. Raises `InvalidInput`."""
    lasts = otherwise if minutes is None else timedelta(minutes=minutes)
    if ends is None:
        ends = starts + lasts
    elif minutes is not None and ends - starts != lasts:
        raise InvalidInput("end and duration contradict each other. Give one of them.", field="duration")
    if ends <= starts:
        raise InvalidInput("end must be after start.", field="end")
    if ends - starts > LONGEST:
        raise InvalidInput("An appointment lasts at most 24 hours: end is too late.", field="end")
    return ends


def span_text(starts: datetime, ends: datetime) -> str:
    return f"from {iso(starts)} to {iso(ends)}"


def _out_of_range(field: str) -> InvalidInput:
    return InvalidInput(f"{field} must be in the years 2000 to 2100.", field=field)
