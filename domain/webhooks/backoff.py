"""When a delivery is tried again."""

import random
from collections.abc import Sequence

from domain.webhooks.rules import LONGEST_DELAY_S

JITTER = 0.1  # of the delay, added: receivers that come back must not meet everybody at once
HOLD_AFTER = 5  # time-outs in a row
FIRST_HOLD_S, LONGEST_HOLD_S = 30.0, 300.0


def delay_s(delays_s: Sequence[int], tries: int, retry_after_s: float | None) -> float | None:
    """Seconds until the next try after `tries` of them; None when there is none left.

    A receiver's `Retry-After` is honoured where it asks for more, up to a day.
    """
    if tries > len(delays_s):
        return None
    planned = delays_s[tries - 1] * (1 + random.uniform(0, JITTER))
    return max(planned, min(retry_after_s or 0.0, float(LONGEST_DELAY_S)))


def hold_s(timeouts: int) -> float:
    """For how long a receiver that let so many tries in a row time out is left alone, so that it holds up no others."""
    if timeouts < HOLD_AFTER:
        return 0.0
    return min(FIRST_HOLD_S * 2.0 ** min(timeouts - HOLD_AFTER, 10), LONGEST_HOLD_S)
