"""A follow-up made self-contained by rule: the earlier question's words join a question that leans on them.

Only where something in it cannot be resolved without the conversation: a pronoun that no noun of the question itself
stands for, or an ellipsis (“And the frame?”). That a question is short says nothing: “Is smoking allowed?”.
"""

import re
from collections.abc import Sequence

from retrieval.answers import Turn
from retrieval.question import understood

_CONTINUES = re.compile(
    r"^(?:and|but|or|what about|how about|what of|and what|same for|why(?: not| so| is that)?\??$|how so|how come|"
    r"tell me more|more (?:details?|info\w*)|go on|continue|elaborate|mehr (?:dazu|details)|"
    r"und|aber|oder|was ist mit|wie ist es mit|wieso\??$|warum\??$|y|pero|qué hay de|et|mais|et pour)\b",
    re.I,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|hers?|the ones?|the (?:same|other)(?: ones?)?|"
    r"(?:that|this|these|those)(?! (?:year|week|month|morning|evening|afternoon|weekend|summer|winter|"
    r"spring|autumn|fall)\b)|"
    r"er|sie|ihn|ihm|ihnen|dessen|deren|diese[rsnm]?|davon|dafür|damit|dazu|daran|darin|ihr(?:e[nmrs]?)?|"
    r"ello|ellos|ellas|eso|esos|esas|esto|lo mismo|celui-ci|celle-ci|ceux-ci|cela|ça|lui|leur)\b",
    re.I,
)
# a conjunction, not a pronoun: “the bike that I bought”, “is it true that …”
_CONJUNCTION = re.compile(
    r"(?<=\w )\bthat (?:i|you|we|he|she|they|the|a|an|my|your|our|is|are|was|were|can|will|have|has|do|does)\b", re.I
)
# “is it allowed to …”, “does it rain in …”, “gibt es …”: the pronoun stands for nothing
_EMPTY = re.compile(
    r"\b(?:is|was|will|would|can|could|does|has) it (?:\w+ )?(?:\w+ )?(?:to|that|if|when|possible|"
    r"allowed|ok|okay|true|necessary|"
    r"safe|legal|rain|snow)\b|\bit is (?:\w+ )?(?:to|that)\b|\bhow (?:long|much|far) does it (?:take|cost) to\b|"
    r"\b(?:können|kann|haben|sind|bieten|dürfen|wollen|möchten|werden|welche|wann|wo|wie \w+) sie\b",
    re.I,
)


def self_contained(question: str, history: Sequence[Turn]) -> str:
    """`question`, with the last earlier one in front where it cannot stand alone."""
    earlier = next((turn.content for turn in reversed(history) if turn.role == "user"), None)
    return f"{earlier.strip()} {question.strip()}" if earlier is not None and leans(question) else question


def leans(question: str) -> bool:
    """Whether something in it is resolved by what was said before alone."""
    names = understood(question).names
    plain = _CONJUNCTION.sub(
        " ", _EMPTY.sub(" ", " ".join(w for w in question.split() if w.strip("?!.,") not in names))
    )
    if _CONTINUES.match(plain):
        return True
    found = _PRONOUN.search(plain)
    if found is None:
        return not understood(question).words and bool(question.strip(" ?!.,"))
    # a pronoun behind a clause of its own noun stands for that: “What does a deposit cost and when is it paid?”
    before = understood(plain[: found.start()]).words.split()
    return not (
        len(before) >= 2
        and re.search(r"\b(?:and|or|when|if|before|after|und|wenn|bevor|y|si|et)\b", plain[: found.start()], re.I)
    )
