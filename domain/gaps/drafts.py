"""Documents that are read as if they came, and not stored: what a person is about to write, what is on its way."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.blobs.protocol import BlobStore
from core.embedding.protocol import EmbeddingModel, Floats
from core.embedding.sparse import SparseEncoder
from core.errors import NotFound
from core.ids import point_id
from core.vectors.protocol import Point
from ingest.children.protocol import Failed, Parsed, Parser, ParseTask
from ingest.elements import Chunk
from retrieval.overlay import Overlay
from retrieval.passages import Block, BlockKind, StoredPassage

VERSION = 0  # of no stored document
MOST_PASSAGES = 300  # of a draft that are looked at
GONE = Failed("ORIGINAL_GONE", "The original is not stored any more: upload the file again.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the document would stand; `document_id` is its own where there is one already."""

    workspace_id: str
    collection_id: str
    document_id: str
    external_id: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """A stored file, or a part of one."""

    blob_key: str
    start: int
    length: int
    file_name: str
    is_record: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """`vectors` are those of its passages, shape (n, d)."""

    document_id: str
    overlay: Overlay
    vectors: Floats


class Drafts:
    """`model_setting` names the embedding model, whose tokenizer measures the passages."""

    def __init__(
        self, parser: Parser, blobs: BlobStore, model: EmbeddingModel, sparse: SparseEncoder, model_setting: str
    ) -> None:
        self._parser, self._blobs, self._model, self._sparse = parser, blobs, model, sparse
        self._model_setting = model_setting

    def of_text(self, place: Place, text: str, file_name: str) -> Draft | Failed:
        """Of what was written in a request."""
        with tempfile.NamedTemporaryFile(prefix="insydr-draft-") as file:
            raw = text.encode()
            file.write(raw)
            file.flush()
            return self._read(place, Original("", 0, len(raw), file_name, is_record=False), Path(file.name))

    def of_stored(self, place: Place, original: Original) -> Draft | Failed:
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self._blobs.local(original.blob_key))
            except NotFound:
                return GONE
            return self._read(place, original, Path(path))

    def _read(self, place: Place, original: Original, path: Path) -> Draft | Failed:
        task = ParseTask(
            str(path), original.start, original.length, original.file_name, title=place.title,
            is_record=original.is_record, tokenizer=self._model_setting,
        )  # fmt: skip
        (read,) = self._parser.run([task])
        return read if isinstance(read, Failed) else self._made(place, read)

    def _made(self, place: Place, read: Parsed) -> Draft:
        chunks, texts = read.chunks[:MOST_PASSAGES], read.embedding_texts[:MOST_PASSAGES]
        vectors = self._model.embed_passages(texts) if texts else np.zeros((0, self._model.dimension), np.float32)
        ids = [point_id(place.workspace_id, place.document_id, VERSION, chunk.index) for chunk in chunks]
        points = [
            Point(
                key, place.workspace_id, place.collection_id, place.document_id, VERSION, chunk.index, read.language,
                {self._model.name: vector}, self._sparse.encode_passage(text, read.language),
            )
            for key, chunk, text, vector in zip(ids, chunks, texts, vectors, strict=True)
        ]  # fmt: skip
        passages = {key: _passage(key, place, read, chunk) for key, chunk in zip(ids, chunks, strict=True)}
        return Draft(place.document_id, Overlay(points, passages), vectors)


def _passage(key: str, place: Place, read: Parsed, chunk: Chunk) -> StoredPassage:
    blocks = tuple(
        Block(BlockKind(one.kind.value), one.start, one.end, one.level, tuple(one.names), one.body)
        for one in chunk.blocks
    )
    return StoredPassage(
        key, place.document_id, place.external_id, place.collection_id, place.title or read.title, None, read.language,
        VERSION, chunk.index, read.document.text[chunk.start : chunk.end], chunk.heading_path, chunk.page, chunk.start,
        chunk.end, chunk.anchor, read.format, blocks,
    )  # fmt: skip
