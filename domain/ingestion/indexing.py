"""From chunks to points: embeddings from cache or model, sparse weights, writes in windows of bounded memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from core.database import Database
from core.embedding import cache
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.ids import point_id
from core.metrics import stage
from core.vectors.protocol import Point, Scope, VectorStore
from domain.ingestion.flow import ReadDocument
from domain.ingestion.watch import Watch

WINDOW_CHUNKS = 384
EMBED_CHUNKS = 96  # at once: a second or two, after which it is looked whether the work is still wanted
Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class Entry:
    """One chunk on its way; `vector` is None until it is known."""

    read: ReadDocument
    number: int
    vector: Floats | None = None
    fresh: bool = False

    @property
    def hash(self) -> str:
        return self.read.hashes[self.number]


@dataclass(frozen=True, slots=True)
class Window:
    entries: list[Entry]
    progress: float  # of the claimed batch, once this window is done

    def documents(self) -> tuple[list[str], list[str]]:
        """Ids of those whose last chunks are in it, and of those that go on in the next one."""
        reached = {entry.read.claimed.document_id: (entry.number, entry.read) for entry in self.entries}
        last = [key for key, (number, read) in reached.items() if number + 1 == len(read.chunks)]
        return sorted(last), sorted(reached.keys() - set(last))


class Indexer:
    def __init__(self, database: Database, vectors: VectorStore, model: EmbeddingModel, sparse: SparseEncoder) -> None:
        self._database, self._vectors, self._model, self._sparse = database, vectors, model, sparse

    @staticmethod
    def windows(reads: Sequence[ReadDocument]) -> Iterator[Window]:
        """All chunks of all documents, a window at a time."""
        total = sum(len(read.chunks) for read in reads)
        entries: list[Entry] = []
        passed = 0
        for read in reads:
            for number in range(len(read.chunks)):
                entries.append(Entry(read, number))
                if len(entries) == WINDOW_CHUNKS:
                    passed += len(entries)
                    yield Window(entries, passed / total)
                    entries = []
        if entries:
            yield Window(entries, 1.0)

    def embed(self, workspace_id: str, entries: Sequence[Entry], watch: Watch) -> list[Entry]:
        """Embed what is not cached; the entries that have vectors, without those of documents that are not ours now."""
        with self._database.read() as session:
            known = cache.find(session, workspace_id, self._model.name, [entry.hash for entry in entries])
        missing = {entry.hash: entry for entry in entries if entry.hash not in known}
        for part in _parts(list(missing.values())):
            known |= self._embedded([entry for entry in part if watch.holds(entry.read.claimed.document_id)])
            watch.mark()
        ready = [e for e in entries if e.hash in known and watch.holds(e.read.claimed.document_id)]
        for entry in ready:
            entry.vector, entry.fresh = known[entry.hash], entry.hash in missing
        return ready

    def write(self, workspace_id: str, entries: Sequence[Entry], watch: Watch) -> None:
        """Write the points of what is still ours; durable when it returns."""
        ours = [entry for entry in entries if watch.holds(entry.read.claimed.document_id)]
        with stage("upsert"):
            self._vectors.upsert([self._point(workspace_id, entry) for entry in ours])
        watch.mark()

    def _embedded(self, entries: Sequence[Entry]) -> dict[str, Floats]:
        if not entries:
            return {}
        with stage("embed"):
            made = self._model.embed_passages([entry.read.embedding_texts[entry.number] for entry in entries])
        return {entry.hash: vector for entry, vector in zip(entries, made, strict=True)}

    def remember(self, session: Session, workspace_id: str, entries: Sequence[Entry]) -> None:
        """Keep the new embeddings, so that nothing is embedded twice, also not after a crash."""
        fresh = {
            entry.hash: (entry.vector, entry.read.claimed.document_id)
            for entry in entries
            if entry.fresh and entry.vector is not None
        }
        cache.store(session, workspace_id, self._model.name, fresh)

    @staticmethod
    def verified(
        vectors: VectorStore, workspace_id: str, reads: Sequence[ReadDocument]
    ) -> tuple[list[ReadDocument], list[ReadDocument]]:
        """Documents whose points are all in the index, and those that are short of some; a count a version number."""
        by_version: dict[int, list[ReadDocument]] = defaultdict(list)
        for read in reads:
            by_version[read.claimed.version].append(read)
        whole: list[ReadDocument] = []
        short: list[ReadDocument] = []
        for version, group in by_version.items():
            ids = tuple(read.claimed.document_id for read in group)
            expected = sum(len(read.chunks) for read in group)
            if vectors.count(Scope(workspace_id, document_ids=ids, version=version)) == expected:
                whole.extend(group)
                continue
            for read in group:
                scope = Scope(workspace_id, document_ids=(read.claimed.document_id,), version=version)
                (whole if vectors.count(scope) == len(read.chunks) else short).append(read)
        return whole, short

    def _point(self, workspace_id: str, entry: Entry) -> Point:
        read, claimed = entry.read, entry.read.claimed
        assert entry.vector is not None
        return Point(
            id=point_id(workspace_id, claimed.document_id, claimed.version, entry.number),
            workspace_id=workspace_id,
            collection_id=claimed.collection_id,
            document_id=claimed.document_id,
            version=claimed.version,
            chunk_index=entry.number,
            language=read.language,
            dense={self._model.name: entry.vector},
            sparse=self._sparse.encode_passage(read.embedding_texts[entry.number], read.language),
        )


def _parts(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), EMBED_CHUNKS):
        yield entries[start : start + EMBED_CHUNKS]
