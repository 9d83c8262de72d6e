"""One claimed batch from claim to searchable: parse, embed, index, verify, flip. Nothing here holds a transaction while
it parses, embeds or talks to the index; every write names the lease, so a worker that lost it keeps nothing."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from core.blobs.protocol import BlobStore
from core.database import Database
from core.embedding.protocol import EmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.errors import DocumentError, InsydrError, Unavailable
from core.metrics import DOCUMENTS_ENDED, stage
from core.queue import leases
from core.vectors.protocol import Scope, VectorStore
from domain.ingestion import repository as queue
from domain.ingestion.cache_repository import forget_unused
from domain.ingestion.flow import ClaimedBatch, Failure, ReadDocument
from domain.ingestion.indexing import Indexer
from domain.ingestion.outcome import complete, fail, report_ended, retry_delay_s
from domain.ingestion.reading import Reader
from domain.ingestion.share_repository import any_due, next_workspaces, served
from domain.ingestion.watch import Stopping, Watch
from domain.models import Stage
from ingest.children.protocol import Parser

log = structlog.get_logger()
OUTAGE_DELAY_S = 10.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What ingestion works with."""

    database: Database
    blobs: BlobStore
    vectors: VectorStore
    model: EmbeddingModel
    sparse: SparseEncoder
    parser: Parser
    model_setting: str
    holder: str
    lease_s: float
    stall_s: float
    max_attempts: int


class BatchRunner:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reader = Reader(parts.blobs, parts.parser, parts.model_setting)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Give back what is in hand, within a second or two: whoever is started next goes on with it at once."""
        self._stopping.set()

    @property
    def max_attempts(self) -> int:
        return self._parts.max_attempts

    def claim(self, *, urgent: bool = False) -> tuple[ClaimedBatch | None, bool]:
        """A claimed batch of the workspace to be served next, and whether more is due: the caller wakes another worker
        then."""
        if self._stopping.is_set():
            return None, False
        with self._parts.database.write() as session:
            for workspace_id in next_workspaces(session, urgent=urgent):
                batch = queue.claim(session, workspace_id, self._parts.holder, self._parts.lease_s, urgent=urgent)
                if batch is not None:
                    served(session, workspace_id)
                    return batch, any_due(session)
        return None, False

    def more_due(self) -> bool:
        """Whether work waits that nobody has claimed."""
        with self._parts.database.read() as session:
            return any_due(session)

    def run(self, batch: ClaimedBatch) -> None:
        """Bring every document of the claimed batch to an end, or back into the queue."""
        parts = self._parts
        made = Watch(
            parts.database, batch, lease_s=parts.lease_s, stall_s=parts.stall_s, is_stopping=self._stopping.is_set
        )
        with made.running() as watch:
            try:
                with stage("read"):
                    reads, failures = self._reader.read(batch.documents, watch)
                watch.go_on()
                with stage("index"):
                    self._index(batch, reads, watch)
                with stage("finish"):
                    self._finish(batch, reads, failures)
            except Stopping:
                self._put_back(batch, [c.document_id for c in batch.documents], 0.0, count_attempt=False)
            except Unavailable as error:
                log.warning("ingest_waits", reason=error.message, documents=len(batch.documents))
                self._put_back(batch, [c.document_id for c in batch.documents], OUTAGE_DELAY_S, count_attempt=False)
            except Exception as error:  # a bug must fail documents after some tries, not the worker
                log.exception("ingest_crashed", documents=[c.document_id for c in batch.documents])
                self._crashed(batch, error)

    def _index(self, batch: ClaimedBatch, reads: Sequence[ReadDocument], watch: Watch) -> None:
        """Embed and index in windows; what is not ours any more is left out."""
        database, workspace_id = self._parts.database, batch.workspace_id
        indexer = Indexer(database, self._parts.vectors, self._parts.model, self._parts.sparse)
        self._report(batch, reads, Stage.EMBEDDING, 0.0)
        for window in indexer.windows(reads):
            embedded = indexer.embed(workspace_id, window.entries, watch)
            watch.go_on()
            last, others = window.documents()
            with database.write() as session:
                indexer.remember(session, workspace_id, embedded)
                queue.report(session, batch.lease_id, others, Stage.EMBEDDING, window.progress)
                queue.report(session, batch.lease_id, last, Stage.INDEXING, window.progress)
            indexer.write(workspace_id, embedded, watch)
            watch.go_on()
        self._report(batch, reads, Stage.VERIFYING, 1.0)

    def _report(self, batch: ClaimedBatch, reads: Sequence[ReadDocument], stage: Stage, progress: float) -> None:
        with self._parts.database.write() as session:
            queue.report(session, batch.lease_id, [read.claimed.document_id for read in reads], stage, progress)

    def _finish(self, batch: ClaimedBatch, reads: Sequence[ReadDocument], failures: Sequence[Failure]) -> None:
        """Verify, then end every document that is still ours; what is not ours leaves nothing in the index."""
        verified, short = Indexer.verified(self._parts.vectors, batch.workspace_id, reads)
        with self._parts.database.write() as session:
            held = queue.still_held(session, batch.lease_id, lock=True)
            done = [read for read in verified if read.claimed.document_id in held]
            complete(session, done, self._parts.model.name)
            incomplete = [(read.claimed, _incomplete()) for read in short]
            ended = [(claimed, error) for claimed, error in [*failures, *incomplete] if claimed.document_id in held]
            final = [pair for pair in ended if not self._again(pair)]
            fail(session, final)
            for claimed in [pair[0] for pair in ended if self._again(pair)]:
                delay = retry_delay_s(claimed.attempts)
                queue.put_back(session, batch.lease_id, delay, count_attempt=True, ids=[claimed.document_id])
            report_ended(session, [read.claimed for read in done], final)
        DOCUMENTS_ENDED.labels("completed", "").inc(len(done))
        for _, error in final:
            DOCUMENTS_ENDED.labels("failed", error.code).inc()
        self._clean(batch.workspace_id, [read for read in reads if read.claimed.document_id not in held])
        with self._parts.database.write() as session:  # last: nothing of ours is written to the index from here on
            leases.release(session, batch.lease_id)

    def _again(self, failure: Failure) -> bool:
        claimed, error = failure
        return error.retryable and claimed.attempts < self._parts.max_attempts

    def _clean(self, workspace_id: str, lost: Sequence[ReadDocument]) -> None:
        """Points and cached embeddings of documents that were cancelled, deleted or replaced while we worked on them:
        at once, and also when our lease has lapsed meanwhile, so that no removal waits for us any more.

        Not of those that another worker took over: the points have the same ids, so they are its own by now.
        """
        if not lost:
            return
        with self._parts.database.read() as session:
            over = {one.document_id for one in queue.abandoned(session, [read.claimed for read in lost])}
        abandoned = [read for read in lost if read.claimed.document_id in over]
        for read in abandoned:
            ids = (read.claimed.document_id,)
            self._parts.vectors.delete(Scope(workspace_id, document_ids=ids, version=read.claimed.version))
        with self._parts.database.write() as session:
            forget_unused(session, workspace_id, {text_hash for read in abandoned for text_hash in read.hashes})

    def _put_back(self, batch: ClaimedBatch, ids: list[str], delay_s: float, *, count_attempt: bool) -> None:
        try:
            with self._parts.database.write() as session:
                queue.put_back(session, batch.lease_id, delay_s, count_attempt=count_attempt, ids=ids)
                leases.release(session, batch.lease_id)
        except InsydrError as error:  # the database is what is down: the sweeper takes over when the lease ends
            log.warning("ingest_left_to_sweeper", reason=error.message)

    def _crashed(self, batch: ClaimedBatch, error: Exception) -> None:
        """Into the queue again, where a second try is claimed alone: one bad document cannot hold the others back."""
        message = f"Processing failed unexpectedly ({type(error).__name__}). Try to reprocess it; else report it."
        failure = DocumentError(message, code="INTERNAL_ERROR", retryable=True)
        spent = [c for c in batch.documents if c.attempts >= self._parts.max_attempts]
        try:
            with self._parts.database.write() as session:
                held = queue.still_held(session, batch.lease_id, lock=True)
                final = [(claimed, failure) for claimed in spent if claimed.document_id in held]
                fail(session, final)
                report_ended(session, [], final)
        except InsydrError as unavailable:
            log.warning("ingest_left_to_sweeper", reason=unavailable.message)
            return
        for claimed in [c for c in batch.documents if c not in spent]:
            self._put_back(batch, [claimed.document_id], retry_delay_s(claimed.attempts), count_attempt=True)


def _incomplete() -> DocumentError:
    message = "The index does not hold all that was written to it. Reprocess the document; see `insydr doctor`."
    return DocumentError(message, code="INDEX_INCOMPLETE", retryable=True)
