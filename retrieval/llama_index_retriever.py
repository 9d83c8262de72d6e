"""Our search as a llama-index retriever: its users plug us in where they had a vector store's retriever.

Import this module only where llama-index is wanted: it costs seconds.
"""

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from core.vectors.protocol import Scope
from retrieval.passages import Passage, PassageStore
from retrieval.search import Searcher


class InsydrRetriever(BaseRetriever):
    """Passages of one scope as nodes; where each stands is in the node's metadata."""

    def __init__(self, searcher: Searcher, store: PassageStore, scope: Scope, *, top_k: int = 10) -> None:
        super().__init__()
        self._searcher, self._store, self._scope, self._top_k = searcher, store, scope, top_k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._searcher.search(self._store, self._scope, query_bundle.query_str, self._top_k)
        return [_node(passage) for passage in found.passages]


def _node(passage: Passage) -> NodeWithScore:
    stored = passage.stored
    metadata = {
        "document_id": stored.document_id, "title": stored.title, "version": stored.version, "page": stored.page,
        "chunk_index": stored.chunk_index, "char_start": stored.char_start, "char_end": stored.char_end,
    }  # fmt: skip
    return NodeWithScore(
        node=TextNode(id_=stored.chunk_id, text=stored.content, metadata=metadata), score=passage.score
    )
