"""The language of a text, ISO 639-1, by py3langid on a sample; its model is loaded at the first use."""

SAMPLE_CHARACTERS = 2_000
SHORT_CHARACTERS = 24  # below that a guess from Latin letters is worth nothing


def detect_language(text: str) -> str | None:
    """None for texts too short to tell."""
    sample = " ".join(text[: 2 * SAMPLE_CHARACTERS].split())[:SAMPLE_CHARACTERS]
    letters = sum(character.isalpha() for character in sample)
    if letters < 3 or (sample.isascii() and letters < SHORT_CHARACTERS):
        return None
    from py3langid import classify

    language: str = classify(sample)[0]
    return language
