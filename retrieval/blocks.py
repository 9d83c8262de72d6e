"""The parts of a passage: as parsing kept them, told from the lines of its text where it did not."""

import re
from collections.abc import Iterator, Sequence

from core.pipe_rows import cells, column_names, is_row, is_rule
from retrieval.passages import Block, BlockKind, StoredPassage

LONG_LINE = 60  # characters; running text that is wrapped has such lines
HEADING_LEVEL = 6  # of headings that are told from the text alone
ITEM_MARK = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)]|\(\d{1,3}\)|[a-z]\))\s+(?=\S)")
_RECORD = re.compile(r"^[^:;\n]{1,60}: \S.*; [^:;\n]{1,60}: \S")
_MARKED_HEADING = re.compile(r"^(#{1,6})\s+\S")
_FENCE = re.compile(r"^\s*(```|~~~)")


def blocks_of(stored: StoredPassage) -> list[Block]:
    """In the order of the text; what no line of `content` belongs to is white space."""
    if not stored.blocks:
        return list(_told(stored.content, 0, len(stored.content), (stored.title, *stored.heading_path)))
    found: list[Block] = []
    for block in stored.blocks:
        if block.kind is BlockKind.PARAGRAPH and "\n" in stored.content[block.start : block.end]:
            found.extend(_told(stored.content, block.start, block.end, ()))
        else:
            found.append(block)
    return found


def _told(content: str, start: int, end: int, headings: Sequence[str]) -> Iterator[Block]:
    """Blocks of plain text; lines that say one of `headings`, and lines marked as one, are headings."""
    for first, last in _paragraphs(content, start, end):
        lines = list(_lines(content, first, last))
        texts = [content[begin:stop].strip() for begin, stop in lines]
        if all(map(is_row, texts)):
            yield _table(content, lines, texts)
        elif len(lines) == 1 or _speak_for_themselves(texts):
            yield from (_line(text, *line, headings) for text, line in zip(texts, lines, strict=True))
        else:
            yield Block(BlockKind.PARAGRAPH, first, last)


def _paragraphs(content: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs of lines between blank ones, parted again where rows of a table begin or end."""
    run: list[tuple[int, int]] = []
    in_table = False
    for first, last in [*_lines(content, start, end), (end, end)]:
        text = content[first:last].strip()
        if run and (not text or is_row(text) is not in_table):
            yield run[0][0], run[-1][1]
            run = []
        if text:
            run.append((first, last))
            in_table = is_row(text)


def _lines(content: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Without their line breaks."""
    while start < end:
        stop = content.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def _speak_for_themselves(texts: Sequence[str]) -> bool:
    """Whether the lines are items, records or headings, not the lines of running text."""
    marked = any(ITEM_MARK.match(text) or _MARKED_HEADING.match(text) for text in texts)
    return marked or all(map(_RECORD.match, texts)) or all(len(text) < LONG_LINE for text in texts)


def _line(text: str, start: int, end: int, headings: Sequence[str]) -> Block:
    marked = _MARKED_HEADING.match(text)
    if marked:
        return Block(BlockKind.HEADING, start, end, len(marked[1]))
    if text in headings:
        return Block(BlockKind.HEADING, start, end, HEADING_LEVEL)
    if ITEM_MARK.match(text):
        return Block(BlockKind.LIST_ITEM, start, end)
    return Block(BlockKind.ROW if _RECORD.match(text) else BlockKind.PARAGRAPH, start, end)


def _table(content: str, lines: Sequence[tuple[int, int]], texts: Sequence[str]) -> Block:
    """The header is what stands over a rule, else a first row of words over rows with figures."""
    start, end = lines[0][0], lines[-1][1]
    rule = next((number for number, text in enumerate(texts) if is_rule(text)), None)
    header = rule if rule is not None else int(len(lines) > 1 and _is_header(texts[0], texts[1:]))
    if not header:
        return Block(BlockKind.TABLE, start, end, body=start)
    names = column_names(content[start : lines[header - 1][1]])
    below = header + (rule is not None)
    return Block(BlockKind.TABLE, start, end, names=names, body=lines[below][0] if below < len(lines) else end)


def _is_header(first: str, rows: Sequence[str]) -> bool:
    return not re.search(r"\d", first) and all(cells(first)) and any(re.search(r"\d", row) for row in rows)
