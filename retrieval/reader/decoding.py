"""From logits to the best span that may be an answer."""

import numpy as np
import numpy.typing as npt

from core.embedding.words import terms
from retrieval.reader.protocol import Span
from retrieval.reader.windows import Window

Floats = npt.NDArray[np.float32]
MAX_SPAN = 30  # tokens; 99 % of SQuAD's answers have fewer
_BEST = 40  # spans looked at, best first, for one that may be an answer


def best_span(window: Window, logits: Floats, question: str, passage: str) -> Span | None:
    """The best span of whole words, at most `MAX_SPAN` tokens, that says more than the question. `logits` is
    (tokens, 2): start and end."""
    count = len(window.offsets)
    if not count:
        return None
    part = logits[window.first : window.first + count]
    scores = part[:, 0, None] + part[None, :, 1]
    length = np.arange(count)[None, :] - np.arange(count)[:, None]
    scores = np.where((length >= 0) & (length < MAX_SPAN), scores, -np.inf)
    scores[~_begins(window, passage)] = -np.inf
    scores[:, ~_ends(window, passage)] = -np.inf
    return _first_allowed(window, scores, question, passage)


def null_score(logits: Floats) -> float:
    """What the model gives to "no span of this window answers"."""
    return float(logits[0].sum())


def _first_allowed(window: Window, scores: Floats, question: str, passage: str) -> Span | None:
    asked, flat = frozenset(terms(question, "en")), scores.ravel()
    best = np.argpartition(-flat, min(_BEST, len(flat) - 1))[:_BEST]
    for place in best[np.argsort(-flat[best], kind="stable")]:
        first, last = divmod(int(place), scores.shape[1])
        if not np.isfinite(flat[place]):
            return None
        start, end = window.offsets[first][0], window.offsets[last][1]
        if said := frozenset(terms(passage[start:end], "en")):
            if said <= asked:
                continue
            return Span(start, end, float(flat[place]))
    return None


def _begins(window: Window, passage: str) -> npt.NDArray[np.bool_]:
    return np.array([not (s and passage[s - 1].isalnum() and passage[s].isalnum()) for s, _ in window.offsets])


def _ends(window: Window, passage: str) -> npt.NDArray[np.bool_]:
    size = len(passage)
    return np.array([not (e < size and passage[e].isalnum() and passage[e - 1].isalnum()) for _, e in window.offsets])
