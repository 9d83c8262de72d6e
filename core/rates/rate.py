"""What a limit is, and where a caller stands."""

import math
import time
from dataclasses import dataclass

UNLIMITED = 2_147_483_647  # what the wire says where there is no limit


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request: `remaining` of the rate's; at `resets_at` (Unix time) the oldest request
    that still counts is forgotten."""

    rate: Rate
    remaining: int
    resets_at: int
    allowed: bool = True

    def retry_after_s(self) -> int:
        """Never more than the window, whatever the clocks of those who share the counts say."""
        return min(max(1, self.resets_at - math.floor(time.time())), self.rate.seconds)


def untouched(rate: Rate) -> Standing:
    """As if nothing had been asked for yet."""
    return Standing(rate, rate.requests, math.ceil(time.time()) + rate.seconds)
