"""Passages: what a search finds, and where their text comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.vectors.protocol import Scope


class BlockKind(StrEnum):
    """What a part of a passage is; the kinds of elements that parsing tells apart."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    ROW = "row"
    CODE = "code"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a passage's content, `content[start:end]`."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0  # headings: 1 to 6
    names: tuple[str, ...] = ()  # tables: the names of the columns, also where the header stands in another passage
    body: int = 0  # tables: where the rows below the header begin


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A chunk of a live version as it is stored. `blocks` are its parts in order; () where they were not kept."""

    chunk_id: str
    document_id: str
    external_id: str | None
    collection_id: str
    title: str
    url: str | None
    language: str | None
    version: int
    chunk_index: int
    content: str
    heading_path: tuple[str, ...]
    page: int | None
    char_start: int
    char_end: int
    anchor: str | None = None  # the nearest heading's, on a web page
    format: str | None = None  # as it was read: "html", "pdf", …
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A found chunk. `score` is fused, 0 to 1 within its search; `cosine` and `bm25` are the branches' own."""

    stored: StoredPassage
    score: float
    cosine: float | None
    bm25: float | None


class PassageStore(Protocol):
    """Implemented over SQL by the domain."""

    def load(self, scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        """Stored passages by id, in one query: only of live versions, inside `scope`."""
        ...

    def replaced(self, scope: Scope, versions: Mapping[str, int]) -> bool:
        """Whether one of these documents, by id, is live at a newer version than the one given."""
        ...
