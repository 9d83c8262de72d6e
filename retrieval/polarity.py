"""Yes or no, where a statement plainly says so; nothing in all other cases.

A wrong "Yes" is worse than none, so this only speaks where each telling word of the question stands in the statement
or above it, and the statement either denies or affirms without a condition, a share or an exception.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from retrieval.question import Question

Terms = Callable[[str], list[str]]
MAX_WORDS = 32  # of a statement: longer ones say several things
_POLAR = {
    "en": re.compile(
        r"(?:(?:and|so|but|then|ok(?:ay)?|hi|hello|hey)[, ]+)*(?:is|are|am|was|were|do|does|did|can|could|may|must|"
        r"should|shall|will|would|has|have)\s",
        re.I,
    ),
    "de": re.compile(
        r"(?:(?:und|also|aber|hallo)[, ]+)*(?:ist|sind|war|waren|kann|können|könnte|darf|dürfen|muss|müssen|soll|hat|"
        r"haben|gibt|wird|werden|bietet|braucht|gilt)\s",
        re.I,
    ),
}
_WORDS = {"en": ("Yes", "No"), "de": ("Ja", "Nein")}
# asks for more than yes or no, or for one of two
_OPEN = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how|or|without|welche\w*|wer|wann|wo|warum|wie|oder|ohne)\b", re.I
)
_DENIES = re.compile(
    r"\b(?:not|no|never|nobody|nothing|nowhere|cannot|none|neither|nor|fails?|failed|forbidden|prohibited|banned|excluded|"
    r"disallowed|impossible|unavailable|unsupported|unlawful|illegal|refused?|reject\w*|denied|declined?|nicht|nichts|"
    r"kein\w*|nie|niemals|niemand|verboten|untersagt|ausgeschlossen|abgelehnt)\b|n[’']t\b",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:only|unless|except|but|however|although|though|if|until|till|some|most|many|few|several|sometimes|usually|"
    r"generally|often|rarely|mostly|part(?:ly|ially)|limited|depend\w*|either|might|could|would|should|without|instead|"
    r"no longer|whether|not (?:only|all|every|always|necessarily|yet)|nur|außer|aber|jedoch|wenn|ob|falls|sofern|bis|"
    r"manche|einige|meist\w*|manchmal|teilweise|hängt|ohne|sondern|statt)\b|\?",
    re.I,
)
_GREETINGS = "hi hello hey hallo ok okay"
# what rules are about; a statement that rules on it has a form of the same word, or of another of its line
_RULES = tuple(
    frozenset(line.split())
    for line in (
        "allow allowed permit permitted permissible possible may can forbidden prohibited banned disallowed impossible "
        "erlaubt gestattet möglich zulässig darf dürfen kann können verboten untersagt",
        "available unavailable offer offered provide provided verfügbar erhältlich angeboten",
        "support supported unsupported unterstützt",
        "accept accepted akzeptiert angenommen",
        "include included excluded enthalten inbegriffen ausgeschlossen",
        "cover covered abgedeckt",
        "require required need needed must mandatory erforderlich nötig notwendig muss müssen",
        "refund refundable refunded erstattet",
    )
)


@dataclass(frozen=True, slots=True)
class Polarity:
    """Decides questions of one language by terms of it."""

    language: str
    terms: Terms

    def word(self, question: Question, statement: str, above: str) -> str | None:
        """“Yes” or “No” in the question's language, where `statement` says so below the headings `above`."""
        rule = self._rule(question) if self._is_polar(question) else None
        if rule is None or not self._decides(question, rule, statement, above):
            return None
        denials = len(_DENIES.findall(statement))
        yes, no = _WORDS[self.language]
        return (yes, no, None)[min(denials, 2)]

    def _is_polar(self, question: Question) -> bool:
        form = _POLAR.get(self.language)
        opened = form.match(question.text.lstrip("¿ ")) if form else None
        rest = question.text[opened.end() :] if opened else ""
        return bool(rest) and not _OPEN.search(rest) and not _DENIES.search(rest)

    def _rule(self, question: Question) -> frozenset[str] | None:
        """What kind of ruling it asks for: a word behind the first decides, since “Can I …” is about the rest."""
        words = question.text.casefold().strip(" ?!.").split()
        kinds = [rule for rule in _RULES if any(word in rule for word in words[1:])]
        return kinds[0] if kinds else _RULES[0] if words[:1] and words[0] in _RULES[0] else None

    def _decides(self, question: Question, rule: frozenset[str], statement: str, above: str) -> bool:
        words = re.findall(r"[^\W\d_]+", statement.casefold())
        if _CONDITION.search(statement) or len(words) > MAX_WORDS or not rule & set(words):
            return False
        own, ruling = set(self.terms(statement)), set(self.terms(f"{_GREETINGS} {' '.join(rule)}"))
        asked = set(self.terms(question.words)) - ruling
        return bool(asked & own) and asked <= own | set(self.terms(above))
