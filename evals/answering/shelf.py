"""A data set on the engine's own shelves: chunked as an upload, indexed, searched; no server, no SQL."""

import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from core.embedding.factory import BUILT_IN, load_model
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.embedding.tokenizers import load_tokenizer
from core.errors import DocumentError
from core.vectors.edge import EdgeVectorStore
from core.vectors.protocol import Point, Scope
from evals.datasets.model import DataSet, Question, Source
from ingest.chunking import ChunkBudget, chunk_document, embedding_texts
from ingest.elements import Chunk, ParsedDocument
from ingest.parse import parse
from ingest.parsers.text import read_text
from retrieval.passages import Block, BlockKind, Passage, StoredPassage
from retrieval.search import Searcher

_PART = 512  # chunks embedded at once
_WORKSPACE = "w"
_NAMES = uuid.UUID("6a0a38a0-6fb6-4c15-9d9c-2f5f8f0f8a51")


@dataclass(frozen=True, slots=True)
class Found:
    """A question and its passages, best first. Documents go by the set's own ids."""

    question: Question
    passages: list[Passage]


def found(data: DataSet, questions: Sequence[Question], count: int) -> list[Found]:
    """The `count` best passages for each of `questions` among the documents of `data`."""
    stored = {one.chunk_id: (one, text) for one, text in _chunks(data)}
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(BUILT_IN, cache_dir=Path(folder))
        vectors = EdgeVectorStore(Path(folder) / "vectors", {model.name: model.dimension})
        try:
            _index(vectors, model, list(stored.values()), data)
            searcher = Searcher(vectors, model, SparseEncoder())
            shelf = _Shelf({key: one for key, (one, _) in stored.items()})
            return [
                Found(one, _passages(searcher, shelf, one.text, data.language, count))
                for one in track(questions, f"search {data.name}")
            ]
        finally:
            vectors.close()
            model.close()


def _passages(searcher: Searcher, shelf: "_Shelf", question: str, language: str, count: int) -> list[Passage]:
    return searcher.search(shelf, Scope(_WORKSPACE), question, count, language=language).passages


class _Shelf:
    """`retrieval.passages.PassageStore` in memory."""

    def __init__(self, stored: Mapping[str, StoredPassage]) -> None:
        self._stored = stored

    def load(self, _scope: Scope, chunk_ids: Sequence[str]) -> dict[str, StoredPassage]:
        return {key: self._stored[key] for key in chunk_ids}

    def replaced(self, _scope: Scope, versions: Mapping[str, int]) -> bool:
        return False


def _chunks(data: DataSet) -> Iterator[tuple[StoredPassage, str]]:
    """Each chunk with the text that is embedded for it; files that cannot be read are left out, as an upload's are."""
    tokenizer = load_tokenizer(BUILT_IN)
    budget = ChunkBudget.of(tokenizer)
    for source in track(data.sources, f"read {data.name}"):
        try:
            document, found_format = _read(source)
        except DocumentError:
            continue
        title = source.title or document.title or source.id
        chunks = chunk_document(document, tokenizer, budget)
        texts = embedding_texts(document.text, chunks, title, tokenizer, budget)
        for chunk, text in zip(chunks, texts, strict=True):
            yield _stored(source, document, title, found_format, chunk), text


def _read(source: Source) -> tuple[ParsedDocument, str]:
    if source.path is None:
        return read_text(source.text or ""), "text"
    found_format, document = parse(source.path.read_bytes(), source.path.name)
    return document, found_format


def _stored(source: Source, document: ParsedDocument, title: str, found_format: str, chunk: Chunk) -> StoredPassage:
    blocks = tuple(
        Block(BlockKind(one.kind), one.start, one.end, one.level, tuple(one.names), one.body) for one in chunk.blocks
    )
    return StoredPassage(
        str(uuid.uuid5(_NAMES, f"{source.id}#{chunk.index}")), source.id, source.id, "c", title, None, "en", 1,
        chunk.index, document.text[chunk.start : chunk.end], chunk.heading_path, chunk.page, chunk.start, chunk.end,
        chunk.anchor, found_format, blocks,
    )  # fmt: skip


def _index(
    vectors: EdgeVectorStore, model: EmbeddingModel, entries: Sequence[tuple[StoredPassage, str]], data: DataSet
) -> None:
    sparse = SparseEncoder()
    for start in track(range(0, len(entries), _PART), f"embed {data.name}"):
        part = entries[start : start + _PART]
        dense = model.embed_passages([text for _, text in part])
        vectors.upsert(
            [
                Point(one.chunk_id, _WORKSPACE, "c", one.document_id, 1, one.chunk_index, "en",
                      {model.name: vector}, sparse.encode_passage(text, data.language))
                for (one, text), vector in zip(part, dense, strict=True)
            ]
        )  # fmt: skip
