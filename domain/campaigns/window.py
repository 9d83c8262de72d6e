"""The call window: a span of each day, judged by the clocks of whoever is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInput
from domain.front_office.settings import CLOCK

MINUTE = timedelta(minutes=1)
MIDNIGHT = "24:00"  # the end of a day, which no clock shows
_DAYS = 4  # a zone that goes over the date line skips one


@dataclass(frozen=True, slots=True)
class CallWindow:
    """From `start` until before `end`, as `09:00`; `end` may be `24:00`. Raises `InvalidInput`."""

    start: str
    end: str

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if not CLOCK.fullmatch(value) and (name, value) != ("end", MIDNIGHT):
                raise _wrong(f"must be a time of day such as 09:00, and {value[:20]!r} is none", name)
        if self.start >= self.end:
            raise _wrong(
                f"must be later than its start ({self.start}): a window lies within one day and does not cross "
                "midnight. The end of a day is 24:00",
                "end",
            )

    def is_open(self, moment: datetime, zone: ZoneInfo) -> bool:
        return self.start <= f"{moment.astimezone(zone):%H:%M}" < self.end

    def opens(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first moment from `moment` on in which it is open, in UTC. Where clocks skip all of it, another day's."""
        if self.is_open(moment, zone):
            return moment
        day = moment.astimezone(zone).date()
        begins = (one for days in range(_DAYS) for one in self._begins(day + timedelta(days=days), zone))
        return next(one for one in begins if one >= moment and self.is_open(one, zone))

    def _begins(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        """When clocks reach its start on that day: once, or twice where they are put back over it. Where they skip it,
        each minute that may be the first after it (PEP 495: with fold 0 what they skip lies later than with 1)."""
        wall = datetime.combine(day, time.fromisoformat(self.start), zone)
        first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
        if second >= first:
            yield first
            yield second
            return
        while second <= first:
            yield second
            second += MINUTE


def _wrong(what: str, name: str) -> InvalidInput:
    return InvalidInput(f"callWindow.{name} {what}.", code="INVALID_CALL_WINDOW", field=f"callWindow.{name}")
