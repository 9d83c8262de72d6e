"""CONTRACT, Insydr row 5: a citation, as a reader sees it: the quote in its context and its place on the page."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from api.fields import Output
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Who
from api.state import State
from domain.documents.citations import Citation, CitationService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/documents/{document_id}/citation", tag="Documents")
Offset = Query(ge=0, le=2**31 - 1)


class RectangleOut(Output):
    """In PDF points (1/72 inch) from the top left corner of the page as it is shown: cropped, turned, y downwards.

    Multiplied by the scale of a viewer, or as shares of the page's size, they lie on its picture.
    """

    page: int = Field(description="From 1.")
    x: float
    y: float
    width: float
    height: float
    page_width: float = Field(description="Points, as it is shown.")
    page_height: float


class CitationOut(BaseModel):
    """`before + quote + after` is one piece of the version's text."""

    document_id: str
    external_id: str | None
    title: str
    collection_id: str
    version: int
    is_live: bool = Field(description="Whether it is the version that searches see.")
    format: str | None
    file_name: str
    char_start: int = Field(description="In code points, as everywhere in this API.")
    char_end: int
    utf16_start: int = Field(description="In UTF-16 code units: offsets of the text in a browser.")
    utf16_end: int
    quote: str
    before: str = Field(description="Whole sentences of up to 300 characters, else whole words.")
    after: str
    chunk_index: int | None = Field(description="The chunk that holds most of it.")
    heading_path: list[str]
    page: int | None
    page_end: int | None
    url: str | None = Field(description="Of web pages with a text fragment, of PDFs with the page.")
    rectangles: list[RectangleOut] = Field(
        description="Of PDFs: one a line, or a cell of a table, in the order of the quote."
    )
    notice: str | None = Field(description="Why a PDF's words cannot be marked.")


@router.get("")
@in_pool(lambda pools: pools.citations)
def citation(
    document_id: str,
    who: Who,
    state: State,
    start: Annotated[int, Offset],
    end: Annotated[int, Offset],
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="Default: the live version.")] = None,
) -> CitationOut:
    with state.database.read() as session:
        found = CitationService(session, who).citation(document_id, start, end, version)
    return _out(state.marker().marked(found))


def _out(found: Citation) -> CitationOut:
    stored = found.stored
    of_passage = ("document_id", "external_id", "title", "collection_id", "version", "format", "page")
    of_citation = (
        "is_live", "file_name", "char_start", "char_end", "utf16_start", "utf16_end", "quote", "before", "after",
        "page_end", "url", "notice",
    )  # fmt: skip
    return CitationOut(
        **{name: getattr(stored, name) for name in of_passage},
        **{name: getattr(found, name) for name in of_citation},
        chunk_index=stored.chunk_index if stored.chunk_index >= 0 else None,
        heading_path=list(stored.heading_path),
        rectangles=[RectangleOut.model_validate(one) for one in found.rectangles],
    )
