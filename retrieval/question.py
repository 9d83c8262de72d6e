"""What a question asks for: its telling words, the codes that it names, and the kind of answer that it wants."""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.embedding.words import codes_of

_STOP = frozenset(
    "a an the of to in on for and or is are was were be been do does did can could how what which who whom whose "
    "when where why will would should may might must i you we they he she it my your our their his her its this that "
    "these those there with by from at as if me us him them has have had having not no any some much many get "
    "der die das dem den des ein eine einen einem einer ist sind war waren was wie wer wen wem wo wann warum welche "
    "welcher welches und oder zu im in am an auf für mit von bei ich du er sie es wir ihr man kann können muss hat "
    "haben wird werden nicht kein el la los las un una unos unas de del al es son que qué como cómo quien quién donde "
    "dónde cuando cuándo cual cuál por para con en y o se su sus mi tu le les des du au aux est sont et ou qui que "
    "quoi quand où comment pourquoi quel quelle je vous nous il elle ils elles on ne pas dans sur pour avec".split()
)
_EDGES = "?!.,;:\"'“”‘’„«»()[]{}¿¡…"

_COMPOUND = re.compile(r"\b(?:and|or|as well as|und|oder|sowie|et|ou|y|o)\b|[,;]|\?.+\?", re.I)
# what says nothing of which
_ALL = frozenset(
    "supported support available offer offered offers exist existing possible accepted accept known provided provide "
    "list all there sell angeboten unterstützt verfügbar möglich gibt".split()
)
_LISTED = re.compile(
    r"\b(?:which|what|welche)(?: (?:other|kinds of|types of|sorts of|the))? (?:\w+ )??(\w{3,}s)\b", re.I
)


class Wanted(StrEnum):
    """Coarse kinds of answers (Li and Roth 2002)."""

    AMOUNT = "amount"
    MONEY = "money"
    TIME = "time"
    PERSON = "person"
    STEPS = "steps"
    LIST = "list"
    ANY = "any"


_KINDS: tuple[tuple[Wanted, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in (
        (
            Wanted.STEPS,
            r"\bhow (?:to|(?:do|can|could|should|would|must|does) (?:i|you|we|one|people|someone|"
            r"users?|customers?|admins?))\b|"
            r"\b(?:steps|instructions|procedure|guide) (?:to|for)\b|\bwie (?:kann|muss|soll|lege|"
            r"richte|stelle|setze|ändere|"
            r"installiere|mache|bekomme|lösche|erstelle)\b|"
            r"\bcómo (?:puedo|se|hago|debo)\b|\bcomment (?:puis|faire|dois|peut)\b",
        ),
        (
            Wanted.MONEY,
            r"\bhow much (?:does|do|is|are|will|would|did|must|should)\b.*\b(?:cost|pay|charge|price|fee)|"
            r"\bwhat (?:does|do|is|are)\b.*\b(?:cost|costs|price|prices|fee|fees|charge|charges|rate)\b|"
            r"\bhow (?:much|expensive)\b(?=.*\b(?:fee|price|ticket|plan|subscription|licen[cs]e|cost)\b)|"
            r"\bwas kostet|\bwie (?:teuer|viel kostet)|\bcu[aá]nto cuesta|\bcombien co[uû]te",
        ),
        (
            Wanted.AMOUNT,
            r"\bhow (?:much|many|long|old|far|often|big|large|tall|high|wide|deep|heavy|fast|late|early|hot|cold)\b|"
            r"\b(?:what|which|at what|to what) (?:percent\w*|number|amount|share|size|pressure|"
            r"temperature|speed|weight|height|"
            r"length|width|distance|voltage|age|population|limit)\b|\bwie (?:viele?|hoch|lange|oft|"
            r"groß|weit|alt|schwer)\b|"
            r"\bcu[aá]nt[oa]s?\b|\bcombien\b",
        ),
        (
            Wanted.TIME,
            r"\bwhen\b|\bhow soon\b|\b(?:delivery|lead|waiting|response|opening|closing|starting|arrival|"
            r"departure|due|release|"
            r"expiry|check-?(?:in|out)) (?:time|date)s?\b|\b(?:what|which) (?:year|date|day|month|time|"
            r"century)\b|\bwann\b|\bcu[aá]ndo\b|\bquand\b|"
            r"\b(?:what|which) (?:are|is) .*\b(?:hours|opening times)\b",
        ),
        (Wanted.PERSON, r"\bwho(?:m|se)?\b|\bwer|wen|wem|wessen\b|\bqui[eé]n(?:es)?\b|^qui\b"),
        (
            Wanted.LIST,
            r"\b(?:which|what) (?:\w+ )?\w+s (?:are|can|do|does|were|have|may|must|should)\b|"
            r"\b(?:what|which) are\b|\blist\b|"
            r"\bwelche \w+(?:en|er|e|n|s)\b|\bqu[eé] \w+s\b|\bcu[aá]les\b|\bquel(?:le)?s\b",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """`words` are its telling ones, as written; `names` those of them that only their capitals part from words that
    every text has (IT, WHO, Will); `codes` its identifiers, as terms; `listed` the noun, in the singular, whose kinds
    are asked for (“Which formats …”); `is_compound` whether it may ask for two things."""

    text: str
    words: str
    names: frozenset[str]
    codes: frozenset[str]
    wanted: Wanted
    listed: str = ""
    is_compound: bool = False


def understood(text: str) -> Question:
    """What can be told by rule; a question without a telling word has none."""
    tokens = [token.strip(_EDGES) for token in text.split()]
    shouts = text.isupper()
    names = frozenset(
        token
        for number, token in enumerate(tokens)
        if token.casefold() in _STOP and not shouts and _is_name(token, first=number == 0)
    )
    words = [token for token in tokens if token and (token in names or token.casefold() not in _STOP)]
    wanted = next((kind for kind, pattern in _KINDS if pattern.search(text)), Wanted.ANY)
    listed = _listed(text, words) if wanted is Wanted.LIST else ""
    return Question(text, " ".join(words), names, codes_of(text), wanted, listed, bool(_COMPOUND.search(text)))


def _listed(text: str, words: list[str]) -> str:
    """Only where all of its kinds are asked for: “Which plans have a phone line?” asks for some."""
    noun = _LISTED.search(text)
    if noun is None or any(word.casefold() not in _ALL and word not in noun[0].split() for word in words):
        return ""
    return noun[1].casefold().rstrip("s")


def _is_name(token: str, *, first: bool) -> bool:
    """Capitals where the language has none: IT, WHO; Will and May inside a sentence."""
    return (len(token) > 1 and token.isupper()) or (token in ("Will", "May", "Mark", "Us") and not first)
