"""Removal: what deleted things leave behind goes from index, files and rows; safe to repeat at any point.

A document that a worker still holds lost its lease by the delete, so the worker's last transaction finds nothing to
write. What it writes to the index until it notices goes when it has let go: removal is repeated while the lease that
the worker had is alive, so it does not matter whether the worker ends its work or dies of something.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.database import Database
from core.queue import leases
from core.queue.outbox import Again
from core.vectors.protocol import Scope, VectorStore
from domain.crawls import frontier_repository
from domain.crawls.removal import drop_page, remove_page
from domain.models import CrawlSource, Document
from domain.upkeep import removal_repository as removal

PAGES_A_TURN = 100
FORGOTTEN_TOGETHER = 1_000


class Purge:
    def __init__(self, database: Database, vectors: VectorStore, blobs: BlobStore) -> None:
        self._database, self._vectors, self._blobs = database, vectors, blobs

    def documents(self, workspace_id: str, ids: Sequence[str], lease: str = "") -> bool:
        """Everything of documents that are DELETED; their rows go last. False while `lease`'s holder may still
        write."""
        with self._database.read() as session:
            gone = removal.deleted_or_gone(session, ids)
            held = leases.is_held(session, lease)
            groups = removal.pages_by_size(session, gone)
        if not gone:
            return True
        self._vectors.delete(Scope(workspace_id, document_ids=tuple(gone)))
        if held:
            return False
        for some in groups:
            with self._database.write() as session:
                removal.remove_documents(session, workspace_id, some)
        return True

    def crawl(self, source_id: str) -> Again | None:
        """A deleted crawl: its documents and pages, a page a transaction."""
        for _ in range(PAGES_A_TURN):
            with self._database.write() as session:
                source = frontier_repository.deleted_source(session, source_id)
                if source is None or not remove_page(session, source):
                    return None
        return Again(0.0)

    def beyond_limit(self, source_id: str) -> Again | None:
        """Documents of pages that lie beyond a crawl's limit now."""
        for _ in range(PAGES_A_TURN):
            with self._database.write() as session:
                if not drop_page(session, source_id):
                    return None
        return Again(0.0)

    def retire(self, workspace_id: str, document_id: str, before: int) -> None:
        """Vectors of versions older than the live one; text and chunk rows stay for the retention period."""
        self._vectors.delete(Scope(workspace_id, document_ids=(document_id,), before_version=before))

    def abandon(self, workspace_id: str, document_id: str, version: int, lease: str = "") -> bool:
        """What workers had written of a version that was then cancelled, replaced or failed. False while `lease`'s
        holder may still write."""
        with self._database.read() as session:
            if not removal.is_stale(session, document_id, version):
                return True
            held = leases.is_held(session, lease)
        self._vectors.delete(Scope(workspace_id, document_ids=(document_id,), version=version))
        with self._database.write() as session:
            removal.forget_unfinished(session, workspace_id, document_id)
        return not held

    def collection(self, workspace_id: str, collection_id: str) -> bool:
        """Queue the removal of each document; the collection itself goes once it is empty. False until then."""
        with self._database.read() as session:
            if not removal.is_collection_deleted(session, collection_id):
                return True
        if self._mark_all(Document.collection_id == collection_id, workspace_id):
            return False
        self._forget_crawls(CrawlSource.collection_id == collection_id)
        with self._database.write() as session:
            removal.remove_collection(session, collection_id)
        return True

    def workspace(self, workspace_id: str) -> bool:
        """A deleted workspace: its documents one by one, then its points, embeddings, files and rows at once. False
        while documents are still there."""
        with self._database.read() as session:
            if not removal.is_workspace_deleted(session, workspace_id):
                return True
        if self._mark_all(Document.workspace_id == workspace_id, workspace_id):
            return False
        self._vectors.delete(Scope(workspace_id))
        self._delete_blobs(list(self._blobs.keys(f"{workspace_id}/")))
        self._forget_crawls(CrawlSource.workspace_id == workspace_id)
        self._repeated(lambda session: removal.remove_some(session, workspace_id, FORGOTTEN_TOGETHER))
        with self._database.write() as session:
            removal.remove_workspace(session, workspace_id)
        return True

    def forget_old_versions(self, retention_days: int) -> int:
        """Drop replaced versions older than the retention period, a page a transaction; how many."""
        count = 0
        while True:
            with self._database.write() as session:
                found = removal.remove_versions_before(session, utc_now() - timedelta(days=retention_days))
            count += found
            if not found:
                return count

    def drop_blobs(self, keys: Sequence[str]) -> None:
        """Of `keys`, those that no version names any more."""
        with self._database.read() as session:
            unused = removal.unreferenced(session, list(keys))
        self._delete_blobs(unused)

    def _mark_all(self, which: ColumnElement[bool], workspace_id: str) -> bool:
        """Mark all documents of `which`; whether any is still there."""
        while True:
            with self._database.write() as session:
                if not removal.mark_deleted(session, which, workspace_id):
                    return removal.any_document(session, which)

    def _forget_crawls(self, which: ColumnElement[bool]) -> None:
        """The page lists of crawls, which would go with their sources in one long statement."""
        with self._database.read() as session:
            sources = frontier_repository.source_ids(session, which)
        for source_id in sources:
            forget = partial(frontier_repository.forget_some, source_id=source_id, limit=FORGOTTEN_TOGETHER)
            self._repeated(forget)

    def _repeated(self, step: Callable[[Session], bool]) -> None:
        """Steps that each leave something to do, a transaction each."""
        while True:
            with self._database.write() as session:
                if not step(session):
                    return

    def _delete_blobs(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._blobs.delete(key)
