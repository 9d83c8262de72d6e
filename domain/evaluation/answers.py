"""Answers against gold answers, and citations against gold sources; each figure in 0..1.

Normalisation, exact match and token F1 are SQuAD's (Rajpurkar et al. 2016), the articles those of the answer's
language; scripts without spaces count by the character (as MLQA does, Lewis et al. 2020).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence, Set

_ARTICLES = {
    "en": "a an the",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "es": "un una unos unas el la los las",
}
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_ARABIC_ARTICLE = re.compile(r"(^|\s)ال(?=\w)")


def tokens(text: str, language: str = "en") -> list[str]:
    """Normalised tokens: case, punctuation and articles gone; a character each where words have no spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(" " if unicodedata.category(c)[0] in "PS" and c not in "%$€£" else c for c in folded)
    if language == "ar":
        plain = _ARABIC_ARTICLE.sub(r"\1", plain)
    spaced = _UNSPACED.sub(lambda found: f" {found.group()} ", plain)
    articles = set(_ARTICLES.get(language, "").split())
    return [token for token in spaced.split() if token not in articles]


def exact_match(said: str, golds: Sequence[str], language: str = "en") -> float:
    """1 where `said` is one of the gold answers."""
    return float(any(tokens(said, language) == tokens(gold, language) for gold in golds))


def token_f1(said: str, golds: Sequence[str], language: str = "en") -> float:
    """F1 of shared tokens, against the gold answer that is nearest."""
    return max((_f1(tokens(said, language), tokens(gold, language)) for gold in golds), default=0.0)


def contains(texts: Iterable[str], golds: Sequence[str], language: str = "en") -> float:
    """1 where a gold answer stands, token by token, in one of the texts."""
    wanted = [f" {' '.join(found)} " for gold in golds if (found := tokens(gold, language))]
    said = [f" {' '.join(tokens(text, language))} " for text in texts]
    return float(any(gold in text for gold in wanted for text in said))


def citation_precision(cited: Sequence[str], gold: Set[str]) -> float:
    """Share of the citations that lead to a gold source; 0 without a citation."""
    return sum(source in gold for source in cited) / len(cited) if cited else 0.0


def citation_recall(cited: Sequence[str], gold: Set[str]) -> float:
    """Share of the gold sources that are cited; 0 where there are none."""
    return len(gold & set(cited)) / len(gold) if gold else 0.0


def _f1(said: Sequence[str], gold: Sequence[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    shared = (Counter(said) & Counter(gold)).total()
    return 2 * shared / (len(said) + len(gold))
