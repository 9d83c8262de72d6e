"""Days of a workspace's zone. One may have 23 or 25 hours, and a day that a zone skipped has none."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInput

MOST_DAYS = 366
USUAL_DAYS = 30


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From its first moment to before that of the next, in UTC.

    Where there is no midnight, because clocks are set forward then, PEP 495 gives the moment at which they are.
    """
    first, following = (datetime(*one.timetuple()[:3], tzinfo=zone) for one in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), following.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of `timezone`, `first` and `last` among them."""

    first: date
    last: date
    timezone: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "Period":
        """As many days, up to this one."""
        length = timedelta(days=self.days)
        return Period(self.first - length, self.last - length, self.timezone)

    def all_days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]


@dataclass(frozen=True, slots=True)
class Wish:
    """The last `days`, or those from `first` to `last`; without any of them the last thirty days."""

    days: int | None = None
    first: date | None = None
    last: date | None = None

    def period(self, now: datetime, timezone: str) -> Period:
        """Raises `InvalidInput` where that is backwards or too long."""
        if self.days is not None and (self.first or self.last):
            raise InvalidInput("Say days, or from and to, but not both.", code="INVALID_RANGE", field="days")
        last = self.last or day_of(now, ZoneInfo(timezone))
        first = self.first or _earlier(last, (self.days or USUAL_DAYS) - 1)
        if last < first:
            raise InvalidInput(f"The range ends ({last}) before it begins ({first}).", code="INVALID_RANGE", field="to")
        if (last - first).days >= MOST_DAYS:
            raise InvalidInput(
                f"A range has {MOST_DAYS} days at most: ask for a year at a time.", code="INVALID_RANGE", field="from"
            )
        _earlier(first, MOST_DAYS)  # there is a period before it
        return Period(first, last, timezone)


def _earlier(day: date, days: int) -> date:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        raise InvalidInput("There are no such days in the calendar.", code="INVALID_RANGE", field="from") from None
