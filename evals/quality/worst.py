"""The questions to look at first."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.quality.judge import Verdict

MOST = 50


@dataclass(frozen=True, slots=True)
class Listing:
    title: str
    meaning: str
    total: int
    verdicts: Sequence[Verdict]  # the worst `MOST`, worst first


def listings(verdicts: Sequence[Verdict], threshold: float) -> list[Listing]:
    """Those that are wrong though sure, right though refused, and those whose documents a search does not find."""
    surest = sorted(verdicts, key=lambda one: -one.row.confidence)
    given = [one for one in surest if one.row.answered and one.row.confidence >= threshold]
    wrong = [one for one in given if one.right == 0]
    refused = [one for one in reversed(surest) if one.right and one.row.confidence < threshold]
    lost = [one for one in verdicts if one.figures.get("hit@10") == 0]
    return [
        _listing("Confidently wrong", "Answered at the threshold, and wrong; the surest first.", wrong),
        _listing("Wrongly refused", "Right, but below the threshold; the least sure first.", refused),
        _listing("Not found", "No relevant document among the first ten.", lost),
    ]


def _listing(title: str, meaning: str, verdicts: Sequence[Verdict]) -> Listing:
    return Listing(title, meaning, len(verdicts), verdicts[:MOST])
