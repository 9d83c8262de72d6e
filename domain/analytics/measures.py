"""What numbers of a report mean."""

import math
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(successes: int, trials: int) -> Interval | None:
    """Where the true share lies, in 95 of 100 cases (Wilson, 1927); None without trials.

    Right for few trials, too: of one thumb up it says .21 to 1 and not 1 to 1.
    """
    if not trials:
        return None
    share, z2 = successes / trials, Z95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = Z95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def satisfaction(thumbs_up: int, thumbs_down: int) -> float | None:
    """1 to 5: 1 + 4 × share of thumbs up (CONTRACT, Insydr row 4); None without votes."""
    votes = thumbs_up + thumbs_down
    return round(1 + 4 * thumbs_up / votes, 2) if votes else None


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def change_percent(now: float | None, before: float | None) -> float | None:
    """By how many percent more than before; None where there was nothing before to compare with."""
    if now is None or before is None:
        return None
    if not before:
        return None if now else 0.0
    return round(100 * (now - before) / before, 1)
