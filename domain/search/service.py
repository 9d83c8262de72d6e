"""Searches over a workspace's collections."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.database import Database
from core.errors import InvalidInput
from core.vectors.protocol import Scope
from domain.collections.service import require_collections
from domain.principal import Permission, Principal
from domain.search.passage_repository import SqlPassages
from retrieval.passages import Passage
from retrieval.search import DetectLanguage, Mode, Searcher


@dataclass(frozen=True, slots=True)
class SearchOrder:
    query: str
    collection_ids: Sequence[str] | None = None
    document_ids: Sequence[str] | None = None
    language: str | None = None
    top_k: int = 10
    mode: Mode = Mode.HYBRID


@dataclass(frozen=True, slots=True)
class SearchReply:
    passages: list[Passage]
    timings_ms: dict[str, float]
    response_time_ms: int


class SearchService:
    def __init__(self, database: Database, searcher: Searcher, language_of: DetectLanguage) -> None:
        self._database, self._searcher, self._language_of = database, searcher, language_of
        self._passages = SqlPassages(database)

    def search(self, who: Principal, order: SearchOrder) -> SearchReply:
        who.require(Permission.SEARCH)
        started = time.perf_counter()
        if not order.query.strip():
            raise InvalidInput("query must not be blank.", field="query")
        scope = self._scope(who, order)
        language = order.language or self._language_of(order.query)
        found = self._searcher.search(
            self._passages, scope, order.query, order.top_k, language=language, mode=order.mode
        )
        return SearchReply(found.passages, found.timings_ms, round((time.perf_counter() - started) * 1000))

    def _scope(self, who: Principal, order: SearchOrder) -> Scope:
        collections = None
        if order.collection_ids is not None:
            with self._database.read() as session:
                collections = tuple(require_collections(session, who, order.collection_ids, "collection_ids"))
        return Scope(
            who.workspace_id,
            collection_ids=collections,
            document_ids=None if order.document_ids is None else tuple(order.document_ids),
            languages=None if order.language is None else (order.language,),
        )
