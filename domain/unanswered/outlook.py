"""What an item of the work list is worth: how often it will be asked, and what answering it adds to the answered share.

Counts of a span of days are taken for Poisson's, with Byar's approximation of their limits (Breslow and Day, 1987,
"Statistical Methods in Cancer Research" II, §2.3).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.analytics.measures import Z95
from domain.models import ClusterStatus

WEEKS = 13
SPAN = 28  # days that a rate is taken from, and after which a gain is known
SHORTEST = 7  # days, however short ago an item began
MONTH = 365.25 / 12  # days


@dataclass(frozen=True, slots=True)
class Estimate:
    """With what it lies between in 95 of 100 cases."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Estimate":
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Week:
    """From its Monday."""

    monday: date
    asked: int
    failed: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """`monthly` are askings; `predicted` is what the share of answered questions gains when this one is answered, and
    `realised` what it gained in the four weeks since, once they are over."""

    monthly: Estimate
    pulse: Sequence[Week]
    predicted: Estimate
    realised: Estimate | None


@dataclass(frozen=True, slots=True)
class Counted:
    """Of an item: by day, how often it was asked and failed."""

    days: Mapping[date, tuple[int, int]]
    began: date
    status: str | None
    resolved: date | None


def poisson(count: int) -> Estimate:
    """The mean of which so many are the outcome."""
    low = count * (1 - 1 / (9 * count) - Z95 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    return Estimate(count, max(0.0, low), more * (1 - 1 / (9 * more) + Z95 / (3 * math.sqrt(more))) ** 3)


def outlook(item: Counted, questions: Mapping[date, int], today: date) -> Outlook:
    """`questions` are all of the workspace, by day."""
    first = today - timedelta(days=SPAN - 1)
    exposure = min(SPAN, max(SHORTEST, (today - item.began).days + 1))
    asked, failed = _sums(item.days, first, today)
    all_ = sum(count for day, count in questions.items() if first <= day <= today)
    share = poisson(failed).times(1 / all_) if all_ else Estimate(0.0, 0.0, 0.0)
    if item.status == ClusterStatus.RESOLVED:
        share = Estimate(0.0, 0.0, 0.0)
    monthly, pulse = poisson(asked).times(MONTH / exposure), _pulse(item.days, today)
    return Outlook(monthly, pulse, _capped(share), _realised(item, questions, today))


def _realised(item: Counted, questions: Mapping[date, int], today: date) -> Estimate | None:
    """The day on which it was resolved belongs to neither side."""
    if item.resolved is None or item.status != ClusterStatus.RESOLVED:
        return None
    last = item.resolved + timedelta(days=SPAN)
    all_ = sum(count for day, count in questions.items() if item.resolved < day <= last)
    if last > today or not all_:
        return None
    _, before = _sums(item.days, item.resolved - timedelta(days=SPAN), item.resolved - timedelta(days=1))
    _, after = _sums(item.days, item.resolved + timedelta(days=1), last)
    reach = Z95 * math.sqrt(before + after)
    return _capped(Estimate(before - after, before - after - reach, before - after + reach).times(1 / all_))


def _pulse(days: Mapping[date, tuple[int, int]], today: date) -> list[Week]:
    """The oldest first; the last is this one."""
    this = today - timedelta(days=today.weekday())
    mondays = [this - timedelta(weeks=WEEKS - 1 - number) for number in range(WEEKS)]
    return [Week(one, *_sums(days, one, one + timedelta(days=6))) for one in mondays]


def _sums(days: Mapping[date, tuple[int, int]], first: date, last: date) -> tuple[int, int]:
    some = [counts for day, counts in days.items() if first <= day <= last]
    return sum(asked for asked, _ in some), sum(failed for _, failed in some)


def _capped(share: Estimate) -> Estimate:
    return Estimate(*(max(-1.0, min(1.0, one)) for one in (share.value, share.low, share.high)))
