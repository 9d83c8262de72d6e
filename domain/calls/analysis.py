"""What a call was about, by plain rules where no language model tells it (docs/api/frontdesk.md, “Analysis”).

The summary counts what was asked and quotes the first question; the sentiment weighs the caller's words against two
short lists; what the agent could not answer is what somebody should follow up. The record says that it was the rule.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, Field

from core.visible import one_line
from domain.models import Sentiment

RULE = "rule"
SHOWN = 160  # characters of a question
_WORD = re.compile(r"[^\W\d_']+(?:'[^\W\d_]+)?")
GOOD = frozenset(
    "thanks thank great good perfect excellent wonderful lovely happy pleased glad awesome amazing helpful nice "
    "interested sure yes fine love danke super gerne toll perfekt gracias genial merci parfait".split()
)
BAD = frozenset(
    "bad terrible awful angry annoyed useless wrong worst horrible disappointed unhappy upset frustrated frustrating "
    "complaint complain refund cancel broken never hate ridiculous unacceptable schlecht falsch leider malo horrible "
    "mauvais".split()
)
_NOT = frozenset("not no never don't isn't wasn't didn't nicht kein nunca pas".split())


class Details(BaseModel):
    """As `calls.analysis` has it (FIELDS, VoxForge, call detail). What the method does not tell is empty."""

    method: str = Field(description="rule, or llm where a language model is configured and answered.")
    key_points: list[str] = []
    objections: list[str] = []
    objection_categories: list[str] = []
    buying_signals: list[str] = []
    action_items: list[str] = []
    competitor_mentions: list[str] = []
    coaching_recommendations: list[str] = []
    next_best_action: str | None = None
    lead_score: int | None = Field(None, ge=0, le=100, description="0 to 100; null by rule.")
    close_probability: float | None = Field(None, ge=0, le=1, description="0 to 1; null by rule.")


@dataclass(frozen=True, slots=True)
class Analysis:
    summary: str
    sentiment: Sentiment
    details: dict[str, Any]


def analyse(turns: Sequence[Mapping[str, Any]]) -> Analysis:
    """`turns` as they are stored: `role` agent or caller, `text`, and of answers whether they were `answered`."""
    asked = [str(turn["text"]) for turn in turns if turn["role"] == "caller"]
    open_ = [
        str(before["text"])
        for before, after in pairwise(turns)
        if before["role"] == "caller" and after.get("answered") is False
    ]
    details = Details(
        method=RULE,
        key_points=[shown(one) for one in asked[:5]],
        action_items=[f"Answer: {shown(one)}" for one in open_[:5]],
        next_best_action="Follow up on what was not answered." if open_ else None,
    )
    return Analysis(_summary(asked, len(open_)), sentiment_of(asked), details.model_dump())


def sentiment_of(said: Sequence[str]) -> Sentiment:
    """A word of the lists counts one; one right behind a negation counts for the other side."""
    score = 0
    for text in said:
        words = [word.lower() for word in _WORD.findall(text)]
        for before, word in zip(["", *words], words, strict=False):
            weight = (word in GOOD) - (word in BAD and word not in _NOT)
            score += -weight if before in _NOT else weight
    return Sentiment.POSITIVE if score > 0 else Sentiment.NEGATIVE if score < 0 else Sentiment.NEUTRAL


def _summary(asked: Sequence[str], unanswered: int) -> str:
    if not asked:
        return "Nothing was asked."
    what = "1 question" if len(asked) == 1 else f"{len(asked)} questions"
    left = f"; {unanswered} could not be answered" if unanswered else ", all answered"
    return f"{what}{left}. It began with “{shown(asked[0])}”"


def shown(text: str, most: int = SHOWN) -> str:
    """On one line, at most so many characters."""
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def transcript(turns: Sequence[Mapping[str, Any]]) -> str:
    """As one text, a line a turn."""
    return "\n".join(f"{str(turn['role']).capitalize()}: {turn['text']}" for turn in turns)
