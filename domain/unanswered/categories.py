"""What questions are about, in their own words: related clusters become a category, named by its telling words."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding.protocol import Floats
from core.embedding.words import terms
from retrieval.question import understood

MOST_NAMED = 30
UNRELATED = 0.6  # cosine distance, on average between two categories
OTHER = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A cluster's question, with how often it was asked."""

    cluster_id: str
    question: str
    vector: Floats
    asked: int


def categories(subjects: Sequence[Subject]) -> dict[str, str]:
    """The category of each cluster: a name, or `OTHER` for those that are not among the largest or share no word."""
    if not subjects:
        return {}
    groups: dict[int, list[Subject]] = defaultdict(list)
    for subject, group in zip(subjects, _grouped(subjects), strict=True):
        groups[group].append(subject)
    largest = sorted(groups.values(), key=lambda one: (-sum(s.asked for s in one), one[0].cluster_id))[:MOST_NAMED]
    names = _names(largest)
    found = {subject.cluster_id: name for name, group in zip(names, largest, strict=True) for subject in group}
    return {subject.cluster_id: found.get(subject.cluster_id, OTHER) for subject in subjects}


def _grouped(subjects: Sequence[Subject]) -> list[int]:
    """Average linkage (UPGMA, Sokal and Michener 1958)."""
    if len(subjects) == 1:
        return [0]
    from sklearn.cluster import AgglomerativeClustering

    clustering = AgglomerativeClustering(
        n_clusters=None, distance_threshold=UNRELATED, metric="cosine", linkage="average"
    )
    labels: list[int] = clustering.fit_predict(np.stack([one.vector for one in subjects])).tolist()
    return labels


def _names(groups: Sequence[Sequence[Subject]]) -> list[str]:
    """Of each group the word that most of its questions and few of the other groups' hold (class-based tf-idf,
    Grootendorst 2022), with a second one where that is taken; no name twice."""
    counted = [_shares(group) for group in groups]
    spread = Counter(stem for shares, _ in counted for stem in shares)
    taken: set[str] = set()
    names = []
    for shares, forms in counted:
        weights = {stem: share * (0.2 + math.log(len(groups) / spread[stem])) for stem, share in shares.items()}
        best = sorted(weights, key=lambda stem: (-weights[stem], stem))
        name = _title([forms[stem] for stem in best[:1]])
        if name in taken:
            name = _title([forms[stem] for stem in best[:2]])
        names.append(OTHER if name in taken else name)
        taken.add(name)
    return names


def _shares(group: Sequence[Subject]) -> tuple[Mapping[str, float], Mapping[str, str]]:
    """The share of what was asked in the group that holds a stem, and the usual form of each."""
    held: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for one in group:
        words = understood(one.question).words.split()
        stems = {_usual(word): next(terms(word, "en"), word) for word in words if any(map(str.isalpha, word))}
        held.update(dict.fromkeys(stems.values(), one.asked))
        for word, stem in stems.items():
            forms[stem][word] += one.asked
    total = sum(one.asked for one in group) or 1
    usual = {stem: max(words, key=lambda word: (words[word], word)) for stem, words in forms.items()}
    return {stem: count / total for stem, count in held.items()}, usual


def _usual(word: str) -> str:
    """Without the capital of a sentence's beginning; CEO and iPhone stay."""
    return word if word[1:] != word[1:].casefold() else word.casefold()


def _title(words: Sequence[str]) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words)
