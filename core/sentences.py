"""Sentences as spans of a text: what chunks are cut at and what an extractive answer quotes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SENTENCE = 600  # characters; longer runs are cut at white space
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|d\.h|cf|Fig|Eq|Sec|Inc|Ltd|Co|Corp|approx|ca|vol|pp|al))\.$"
)
_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？؟])\s*")
_ROW = re.compile(r"^[^:\n]{1,60}: \S")  # “Name: value; …”, a record that names its columns
_LINE_ITEM = re.compile(r"^\s*(?:[-*•|]|\d+[.)])\s?")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`start`/`end` are offsets into the passage's content."""

    start: int
    end: int
    text: str


def sentences(content: str) -> list[Sentence]:
    """Sentences, list items and table lines of `content`, trimmed, in order."""
    return [piece for block in _blocks(content) for piece in _split(content, *block)]


def _blocks(content: str) -> Iterator[tuple[int, int]]:
    """Paragraphs; lines where they are items, rows or headings of their own."""
    position = 0
    for paragraph in re.split(r"(\n\s*\n)", content):
        start, position = position, position + len(paragraph)
        lines = paragraph.splitlines(keepends=True)
        if not paragraph.strip():
            continue
        if _is_list(lines):
            for line in lines:
                yield start, start + len(line)
                start += len(line)
        else:
            yield start, position


def _is_list(lines: list[str]) -> bool:
    """Items, rows, records or headings: each line speaks for itself."""
    items = any(_LINE_ITEM.match(line) for line in lines)
    records = len(lines) > 1 and all(_ROW.match(line) for line in lines)
    return items or records or all(len(line) < 60 for line in lines)


def _split(content: str, start: int, end: int) -> Iterator[Sentence]:
    if _LINE_ITEM.match(content[start:end]) or _is_record(content[start:end]):
        yield from _trimmed(content, start, end)
        return
    begin = start
    for match in _END.finditer(content, start, end):
        if _ABBREVIATIONS.search(content[begin : match.start()]):
            continue
        yield from _trimmed(content, begin, match.start() + len(match.group().rstrip()))
        begin = match.end()
    yield from _trimmed(content, begin, end)


def _is_record(line: str) -> bool:
    return "; " in line and all(_ROW.match(part) for part in line.strip().split("; ")[:2])


def _trimmed(content: str, start: int, end: int) -> Iterator[Sentence]:
    while end - start > MAX_SENTENCE:
        cut = content.rfind(" ", start, start + MAX_SENTENCE)
        cut = cut if cut > start else start + MAX_SENTENCE
        yield from _trimmed(content, start, cut)
        start = cut
    text = content[start:end].strip()
    if any(character.isalnum() for character in text):
        begin = content.index(text, start)
        yield Sentence(begin, begin + len(text), text)
