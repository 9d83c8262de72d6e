"""What answers are made of on the wire, wherever they are told."""

from pydantic import Field

from api.fields import Output


class SourceOut(Output):
    document_id: str
    external_id: str | None
    title: str
    chunk_preview: str
    relevance_score: float
    version: int
    chunk_index: int
    page: int | None
    heading_path: list[str]
    char_start: int = Field(description="`quote` equals the version's text from here …")
    char_end: int = Field(description="… to here.")
    quote: str
    url: str | None = Field(
        description="Of web pages with a text fragment that marks the quote, of PDFs with the page."
    )
