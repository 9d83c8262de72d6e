"""CONTRACT, Insydr row 5b: search."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.fields import FromText, IdText, Input, Text
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Who
from api.state import State
from domain.search.service import SearchOrder
from retrieval.links import passage_link
from retrieval.passages import Passage
from retrieval.search import Mode

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/search", tag="Search")


class SearchFilters(Input):
    document_ids: list[IdText] | None = Field(None, max_length=1_000)
    language: str | None = Field(None, pattern="^[a-z]{2}$", description="ISO 639-1")


class SearchIn(Input):
    query: Text = Field(max_length=100_000)
    collection_ids: list[IdText] | None = Field(None, max_length=200, description="Default: all collections.")
    top_k: int = Field(10, ge=1, le=100)
    filters: SearchFilters = SearchFilters()
    mode: Annotated[Mode, FromText] = Field(
        Mode.HYBRID, description="`dense` asks by meaning alone, `sparse` by words alone (BM25): to compare with."
    )
    explain: bool = Field(False, description="Add each branch's score and the time of each part.")


class SearchHit(BaseModel):
    document_id: str
    external_id: str | None
    title: str
    collection_id: str
    version: int
    chunk_index: int
    content: str
    score: float
    page: int | None
    char_start: int
    char_end: int
    heading_path: list[str]
    url: str | None = Field(description="Of web pages with a text fragment, of PDFs with the page.")
    explanation: dict[str, float | None] | None = None


class SearchOut(BaseModel):
    results: list[SearchHit]
    total: int
    response_time_ms: int
    timings_ms: dict[str, Any] | None = None


@router.post("")
@in_pool(lambda pools: pools.searches)
def search(body: SearchIn, who: Who, state: State) -> SearchOut:
    order = SearchOrder(
        body.query, body.collection_ids, body.filters.document_ids, body.filters.language, body.top_k, body.mode
    )
    reply = state.search().search(who, order)
    results = [_hit(passage, explain=body.explain) for passage in reply.passages]
    timings = reply.timings_ms if body.explain else None
    return SearchOut(results=results, total=len(results), response_time_ms=reply.response_time_ms, timings_ms=timings)


def _hit(passage: Passage, *, explain: bool) -> SearchHit:
    stored = passage.stored
    own = ("score", "heading_path", "url", "explanation")
    same = {name: getattr(stored, name) for name in SearchHit.model_fields if name not in own}
    explanation = {"cosine": passage.cosine, "bm25": passage.bm25} if explain else None
    url, path = passage_link(stored, stored.content), list(stored.heading_path)
    return SearchHit(**same, score=round(passage.score, 6), heading_path=path, url=url, explanation=explanation)
