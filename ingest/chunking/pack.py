"""Packing: units into chunks that follow the document's structure and fit the model's window."""

import math
from collections.abc import Iterator, Sequence

from core.embedding.protocol import Tokenizer
from core.pipe_rows import column_names
from ingest.chunking.budget import ChunkBudget
from ingest.chunking.units import Unit, units_of
from ingest.elements import Block, Chunk, ElementKind, ParsedDocument

SMALL_SHARE = 0.4  # of the budget: a section that has so much stands alone
PAGE_SHARE = 0.5


def chunk_document(document: ParsedDocument, tokenizer: Tokenizer, budget: ChunkBudget) -> list[Chunk]:
    """Chunks in order. Every character that is not white space is in at least one; none is empty."""
    groups = _groups(list(units_of(document, tokenizer, budget)), budget)
    spans = [(group[0].start, group[-1].end, group) for group in groups]
    texts = [document.text[start:end] for start, end, _ in spans]
    counts = tokenizer.count([text.strip() for text in texts])
    chunks: list[Chunk] = []
    for (start, end, group), text, count in zip(spans, texts, counts, strict=True):
        if not text.strip():
            continue
        first, last = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
        blocks = tuple(_block(document.text, unit, first, last) for unit in group)
        chunks.append(_chunk(len(chunks), first, last, group, count, blocks))
    return chunks


def _groups(units: Sequence[Unit], budget: ChunkBudget) -> Iterator[list[Unit]]:
    """Units that become one chunk. Headings go with what follows them."""
    group: list[Unit] = []
    tokens = 0
    for unit, needed in zip(units, _needed(units), strict=True):
        if group and _breaks(group, tokens, unit, needed, budget):
            yield group
            group, tokens = [], 0
        group.append(unit)
        tokens += unit.tokens
    if group:
        yield group


def _needed(units: Sequence[Unit]) -> list[float]:
    """Tokens of each unit; of headings, with all that must stay with them: up to the first text below."""
    needed: list[float] = [0.0] * len(units)
    below: float = 0
    for number in reversed(range(len(units))):
        unit = units[number]
        needed[number] = unit.tokens + (below if unit.is_heading else 0)
        below = math.inf if unit.alone else needed[number]
    return needed


def _breaks(group: Sequence[Unit], tokens: int, unit: Unit, needed: float, budget: ChunkBudget) -> bool:
    """Whether `unit` begins a new chunk."""
    if tokens + unit.tokens > budget.content:
        return True
    if group[-1].is_heading:
        return False
    if unit.alone or group[-1].alone or tokens + needed > budget.content:
        return True
    if unit.is_heading:
        return tokens >= SMALL_SHARE * budget.content or not _same_branch(group[0], unit)
    turned = unit.element.page != group[-1].element.page
    return turned and tokens >= PAGE_SHARE * budget.content


def _same_branch(first: Unit, heading: Unit) -> bool:
    """Siblings and children of where the chunk began; not what follows a whole chapter."""
    level = first.element.level if first.is_heading else 7
    return heading.element.level >= min(level, 7) or heading.element.heading_path == first.element.heading_path[:-1]


def _block(text: str, unit: Unit, first: int, last: int) -> Block:
    element = unit.element
    start, end = max(unit.start, first) - first, min(unit.end, last) - first
    if element.kind is not ElementKind.TABLE or element.header_end is None:
        return Block(element.kind, start, end, element.level)
    names = column_names(text[element.start : element.header_end])
    return Block(element.kind, start, end, names=names, body=max(element.header_end - first, start))


def _chunk(index: int, start: int, end: int, group: Sequence[Unit], tokens: int, blocks: tuple[Block, ...]) -> Chunk:
    return Chunk(
        index=index,
        start=start,
        end=end,
        page=group[0].element.page,
        page_end=group[-1].element.page,
        heading_path=_common_path([unit for unit in group if not unit.is_heading] or list(group)),
        anchor=group[0].element.anchor,
        context=group[0].context,
        token_count=tokens,
        blocks=blocks,
    )


def _common_path(units: Sequence[Unit]) -> tuple[str, ...]:
    path = units[0].element.heading_path
    for unit in units[1:]:
        shared = 0
        for ours, theirs in zip(path, unit.element.heading_path, strict=False):
            if ours != theirs:
                break
            shared += 1
        path = path[:shared]
    return path
