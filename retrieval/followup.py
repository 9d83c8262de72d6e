"""A follow-up made self-contained by rule: the earlier question's words join a question that leans on them."""

import re
from collections.abc import Sequence

from retrieval.answers import Turn

_LEANS = re.compile(
    r"^(and|but|so|what about|how about|why|und|aber|warum|y|pero)\b|"
    r"\b(it|its|they|them|their|that|those|these|this|he|she|his|her|there|one|es|sie|das|dies)\b",
    re.I,
)
SHORT_WORDS = 4


def self_contained(question: str, history: Sequence[Turn]) -> str:
    """`question`, with the last earlier one in front where it cannot stand alone."""
    earlier = next((turn.content for turn in reversed(history) if turn.role == "user"), None)
    if earlier is None or not (_LEANS.search(question) or len(question.split()) <= SHORT_WORDS):
        return question
    return f"{earlier.strip()} {question.strip()}"
