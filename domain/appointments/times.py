"""How long an appointment lasts."""

from datetime import datetime, timedelta

from core.clock import iso
from core.errors import InvalidInput

USUAL = timedelta(minutes=30)
LONGEST = timedelta(hours=24)


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
