"""The language of a text, ISO 639-1, by py3langid on a sample; loaded at the first use."""

import threading
from typing import Any

SAMPLE_CHARACTERS = 2_000
SHORT_CHARACTERS = 24  # below that a guess from Latin letters is worth nothing
_lock = threading.Lock()
_identifier: Any = None


def detect_language(text: str) -> str | None:
    """None for texts too short to tell."""
    sample = " ".join(text[: 2 * SAMPLE_CHARACTERS].split())[:SAMPLE_CHARACTERS]
    letters = sum(character.isalpha() for character in sample)
    if letters < 3 or (sample.isascii() and letters < SHORT_CHARACTERS):
        return None
    language: str = _load().classify(sample)[0]
    return language


def _load() -> Any:
    global _identifier
    with _lock:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            _identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=False)
        return _identifier
