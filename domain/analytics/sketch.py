"""Response times, kept so that days can be added up and their median still be told.

DDSketch (Masson, Rim and Lee, VLDB 2019): bins whose width grows with the value; a quantile is right to within 2 %.
"""

import math
from collections import Counter

ACCURACY = 0.02
_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LOG = math.log(_GAMMA)


def bin_of(ms: float) -> int:
    """Less than a millisecond is one."""
    return math.ceil(math.log(max(1.0, ms)) / _LOG)


def value_of(number: int) -> float:
    return 2 * _GAMMA**number / (_GAMMA + 1)


def quantile(bins: Counter[int], q: float) -> float | None:
    """Milliseconds that the share `q` of all is not above; None without any."""
    rank = q * (bins.total() - 1)
    seen = 0
    for number in sorted(bins):
        seen += bins[number]
        if seen > rank:
            return value_of(number)
    return None
