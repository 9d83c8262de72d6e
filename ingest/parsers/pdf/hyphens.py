"""Words cut at a line's end: joined, unless the document itself writes them with a hyphen."""

import re
from collections.abc import Iterable

from ingest.parsers.pdf.words import LINE_HYPHEN

_MARKS = ".,;:!?()[]{}\"'“”‘’„«»…*"
_CUT = re.compile(rf"([^\W\d_]*)[{LINE_HYPHEN}]\s*([^\W\d_]*)")


def vocabulary(texts: Iterable[str]) -> set[str]:
    """The words of a document, lower case, whole ones only."""
    tokens: set[str] = set()
    for text in texts:
        tokens.update(text.lower().split())
    return {token.strip(_MARKS) for token in tokens if LINE_HYPHEN not in token and "\x02" not in token}


def join_lines(lines: list[str], words: set[str]) -> str:
    """Lines to one text."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        cut = len(line) > 1 and line.endswith("-") and line[-2].isalpha() and index + 1 < len(lines)
        parts.append(line[:-1] + LINE_HYPHEN if cut else line)
    return whole(" ".join(parts), words)


def whole(text: str, words: set[str]) -> str:
    """Text without pdfium's mark for a hyphen at a line's end."""
    return _CUT.sub(lambda match: _join(match.group(1), match.group(2), words), text) if LINE_HYPHEN in text else text


def _join(left: str, right: str, words: set[str]) -> str:
    low, high = left.lower(), right.lower()
    if not left or not right:
        return f"{left}-{right}"
    if low + high in words:
        return left + right
    compound = f"{low}-{high}" in words or (len(low) > 3 and len(high) > 3 and low in words and high in words)
    return f"{left}-{right}" if compound or right[0].isupper() else left + right
