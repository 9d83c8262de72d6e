"""Passages: what a search finds, and where their text comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.vectors.protocol import Scope


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A chunk of a live version as it is stored."""

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
