"""What an answer cites: the document, and where exactly the quote stands."""

from dataclasses import dataclass

from retrieval.answers import Quote
from retrieval.links import passage_link

PREVIEW_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Source:
    """Messages store these fields under these names, in this order. `quote` equals the version's text in its span."""

    document_id: str
    external_id: str | None
    title: str
    chunk_preview: str
    relevance_score: float
    version: int
    chunk_index: int
    page: int | None
    heading_path: tuple[str, ...]
    char_start: int
    char_end: int
    quote: str
    url: str | None


def source_of(quote: Quote) -> Source:
    stored = quote.passage.stored
    return Source(
        document_id=stored.document_id,
        external_id=stored.external_id,
        title=stored.title,
        chunk_preview=stored.content[:PREVIEW_CHARACTERS],
        relevance_score=round(quote.passage.score, 4),
        version=stored.version,
        chunk_index=stored.chunk_index,
        page=stored.page,
        heading_path=stored.heading_path,
        char_start=quote.char_start,
        char_end=quote.char_end,
        quote=quote.text,
        url=passage_link(stored, quote.text),
    )
