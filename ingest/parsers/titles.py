"""Titles from metadata: kept when a person wrote them, dropped when a program did."""

import re

from core.visible import one_line
from ingest.builder import DocumentBuilder
from ingest.elements import ElementKind

_PROGRAM = re.compile(
    r"^(microsoft (office )?(word|powerpoint|excel)|powerpoint presentation|adobe \w+|openoffice\S*|writer)\s*[-–:]\s*",
    re.IGNORECASE,
)
_FILE_SUFFIX = re.compile(r"\.(docx?|pptx?|xlsx?|pdf|rtf|odt|tex|dvi|ps|indd|qxd|txt|html?|eml|epub)$", re.IGNORECASE)
_EMPTY = re.compile(
    r"^(untitled\S*|no title|title|document\d*|(microsoft )?(word|powerpoint) (document|presentation))?$", re.I
)
_FILE_NAME = re.compile(r"\S+\.\w{2,5}$")
_MAX_CHARS = 300


def sensible_title(raw: str | None) -> str | None:
    """`raw` less program prefixes ("Microsoft Word - "); None for file names, place holders and noise."""
    text = _PROGRAM.sub("", one_line(raw or ""))
    if _EMPTY.match(text) or len(text) > _MAX_CHARS or sum(map(str.isalpha, text)) < 2:
        return None
    if _FILE_SUFFIX.search(text) or ("\\" in text and " " not in text):
        return None
    return text


def spoken(alternative: str | None) -> str:
    """What is said in place of a picture; a single word (“logo”) or a file's name says nothing."""
    text = " ".join((alternative or "").split())
    return text if " " in text and not _FILE_NAME.search(text) else ""


def first_heading(builder: DocumentBuilder) -> str | None:
    """The first heading of what was written so far, as a title."""
    parsed = builder.build()
    heading = next((item for item in parsed.elements if item.kind is ElementKind.HEADING), None)
    return sensible_title(parsed.text[heading.start : heading.end]) if heading else None
