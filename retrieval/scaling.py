"""Log-odds and probabilities, and a workspace's own correction of its confidences in them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_FARTHEST = 30.0  # log-odds
_NEAREST = 5e-5  # to 0 and 1: confidences have four digits


@dataclass(frozen=True, slots=True)
class Scaling:
    """`scale` · log-odds + `bias`, in log-odds (Platt 1999). Monotone: the order stays."""

    scale: float = 1.0
    bias: float = 0.0

    def of(self, p: Floats) -> Floats:
        """Of confidences."""
        made: Floats = 1 / (1 + np.exp(-(self.scale * log_odds(p) + self.bias)))
        return made

    def of_one(self, p: float) -> float:
        """0 stays 0: no answer is no answer."""
        if self == AS_IT_IS or not p:
            return p
        return round(float(self.of(np.array([p]))[0]), 4)


AS_IT_IS = Scaling()


def probability(log_odds: float) -> float:
    """0 to 1; whatever is given, never an overflow."""
    return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, log_odds))))


def log_odds(p: Floats) -> Floats:
    """Of confidences; what is nearer to 0 or 1 than their rounding counts as that near."""
    held = np.clip(p, _NEAREST, 1 - _NEAREST)
    found: Floats = np.log(held / (1 - held))
    return found
