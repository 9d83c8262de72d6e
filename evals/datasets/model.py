"""What every data set is read into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Source:
    """A document: `text`, or a file that is read as an upload would be."""

    id: str
    title: str | None = None
    text: str | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`relevant` grades documents by id; `pages` are gold pages (document id, 1-based page) and `passage` the text that
    answers, where they are known."""

    id: str
    text: str
    relevant: Mapping[str, float] = field(default_factory=dict)
    pages: frozenset[tuple[str, int]] = frozenset()
    answers: tuple[str, ...] = ()
    answerable: bool = True  # from this collection
    passage: str | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    sources: list[Source]
    questions: list[Question]
    language: str = "en"  # ISO 639-1, of most of its texts
    judged: bool = True  # whether relevant documents are known


class DataSetError(InvalidInput):
    """A data set that cannot be read; the message says where and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="DATA_SET_UNREADABLE")
