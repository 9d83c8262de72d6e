"""The published retriever: llama-index's interface over our search."""

from core.vectors.protocol import Scope
from retrieval.llama_index_retriever import InsydrRetriever
from tests.support.passages import WORKSPACE, Passages, searcher, stored

ROWS = [stored(1, "The battery is covered for two years."), stored(2, "Frames are guaranteed for ten years.")]


class TestRetrieve:
    def test_nodes_carry_text_score_and_place(self) -> None:
        retriever = InsydrRetriever(searcher(ROWS), Passages(ROWS), Scope(WORKSPACE), top_k=1)
        node = retriever.retrieve("battery covered")[0]
        assert node.get_content() == ROWS[0].content
        assert (node.metadata["document_id"], node.metadata["char_end"]) == ("doc_1", len(ROWS[0].content))

    def test_another_workspace_finds_nothing(self) -> None:
        retriever = InsydrRetriever(searcher(ROWS), Passages(ROWS), Scope("ws_other"))
        assert retriever.retrieve("battery covered") == []
