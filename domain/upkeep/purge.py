"""Removal: what deleted things leave behind goes from index, files and rows; safe to repeat at any point.

A document that a worker still holds lost its lease by the delete, so the worker's last transaction finds nothing to
write. What it writes to the index until it notices goes when it has let go: removal is repeated while the lease that
the worker had is alive, so it does not matter whether the worker ends its work or dies of something.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement

from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.database import Database
from core.queue import leases
from core.vectors.protocol import Scope, VectorStore
from domain.models import Document
from domain.upkeep import removal_repository as removal


class Purge:
    def __init__(self, database: Database, vectors: VectorStore, blobs: BlobStore) -> None:
        self._database, self._vectors, self._blobs = database, vectors, blobs

    def document(self, workspace_id: str, document_id: str, lease: str = "") -> bool:
        """Everything of a document that is DELETED; its rows go last. False while `lease`'s holder may still write."""
        with self._database.read() as session:
            if not removal.is_deleted_or_gone(session, document_id):
                return True
            held = leases.is_held(session, lease)
        self._vectors.delete(Scope(workspace_id, document_ids=(document_id,)))
        if held:
            return False
        with self._database.write() as session:
            removal.remove_document(session, workspace_id, document_id)
        return True

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

    def _delete_blobs(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._blobs.delete(key)
