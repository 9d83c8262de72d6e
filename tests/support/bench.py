"""Ingestion with everything in memory or in one folder, and nothing running by itself: each step is a call."""

import io
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from core.blobs.folder import FolderBlobStore
from core.clock import utc_now
from core.database import Base, Database
from core.database.schema import ensure_schema
from core.embedding.fake import FakeEmbeddingModel, Floats
from core.embedding.sparse import SparseEncoder
from core.errors import Unavailable
from core.ids import Prefix, new_id
from core.queue.leases import Lease
from core.queue.outbox import OutboxRow, Relay, perform
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import Scope
from domain.documents.items import Item
from domain.documents.repository import DocumentRepository, Filter
from domain.documents.service import DocumentService
from domain.ingestion.flow import ClaimedBatch
from domain.ingestion.runner import BatchRunner, Parts
from domain.ingestion.service import IngestionService
from domain.ingestion.watch import Watch
from domain.job_registry import JOBS
from domain.jobs.batches import BatchReceiver
from domain.models import Collection, Document, Job, User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.upkeep.purge import Purge
from domain.upkeep.reconcile import Reconciler
from domain.upkeep.reconcile_repository import workspace_ids
from domain.workspaces.service import NewWorkspace, create_workspace
from ingest.children.inline import InlineParser
from ingest.fingerprint import content_hash
from tests.support.databases import sqlite_at


class Model(FakeEmbeddingModel):
    """Fails for texts with a certain word; can wait at a gate."""

    poison: str | None = None
    outage = False
    gate: threading.Event | None = None

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []  # how many texts, each time

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        self.asked.append(len(texts))
        if self.gate is not None:
            self.gate.wait(30)
        if self.outage:
            raise Unavailable("The model is away.")
        if self.poison and any(self.poison in text for text in texts):
            raise RuntimeError("a bug")
        return super().embed_passages(texts)


BY_NAME = {job.name: job for job in JOBS}


class Bench:
    """Ingestion with everything in memory or in one folder, and nothing running by itself: what its jobs work with."""

    def __init__(self, folder: Path, database_url: str | None = None, *, furnished: bool = True) -> None:
        self.database = Database(database_url or sqlite_at(folder / "bench.db"))
        ensure_schema(self.database)
        self.blobs, self.vectors, self.model = FolderBlobStore(folder / "blobs"), MemoryVectorStore(), Model()
        parts = Parts(
            self.database, self.blobs, self.vectors, self.model, SparseEncoder(), InlineParser(),
            model_setting="fake", holder="one", lease_s=60, stall_s=60, max_attempts=3,
        )  # fmt: skip
        self.purge = Purge(self.database, self.vectors, self.blobs)
        self.reconciler = Reconciler(self.database, self.vectors, self.blobs, grace=timedelta(0))
        self.runner, self.other = BatchRunner(parts), BatchRunner(replace(parts, holder="other"))
        self.ingestion = IngestionService(self.database, self.runner)
        if furnished:
            with self.database.write() as session:
                session.add(User(id="user_1", email="a@example.com", full_name="A", password_hash="x"))
            self.who, self.collection = self.tenant("col_1"), "col_1"

    @classmethod
    def empty(cls, folder: Path) -> "Bench":
        """Without an account and a workspace."""
        return cls(folder, furnished=False)

    def workspaces(self) -> list[str]:
        with self.database.read() as session:
            return workspace_ids(session)

    def tenant(self, collection_id: str) -> Principal:
        """The owner of a new workspace with one collection."""
        with self.database.write() as session:
            workspace = create_workspace(session, "user_1", NewWorkspace("W"), "ENTERPRISE")
            session.add(Collection(id=collection_id, workspace_id=workspace.id, name="C"))
        return Principal(workspace.id, "user_1", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)

    def become(self, who: Principal, collection_id: str) -> None:
        """Act for this tenant from now on."""
        self.who, self.collection = who, collection_id

    def item(self, text: str, external_id: str | None = None) -> Item:
        raw = text.encode()
        key = f"{self.who.workspace_id}/{new_id(Prefix.DOCUMENT)}"
        self.blobs.put(key, io.BytesIO(raw))
        return Item("a.txt", key, len(raw), content_hash(raw), external_id=external_id)

    def add(self, *texts: str) -> list[str]:
        with self.database.write() as session:
            service = DocumentService(session, self.who)
            return [service.upload(self.collection, self.item(text), allow_duplicates=True).id for text in texts]

    def batch(self, **texts: str) -> str:
        items = [self.item(text, external_id) for external_id, text in texts.items()]
        return BatchReceiver(self.database, self.who, self.collection, most=10_000).receive(items).id

    def claim(self, runner: BatchRunner | None = None) -> ClaimedBatch | None:
        return (runner or self.runner).claim()[0]

    def write_points(self, batch: ClaimedBatch) -> None:
        """What a worker does with the claimed batch until just before its last transaction."""
        watch = Watch(self.database, batch, lease_s=60, stall_s=60)
        reads, _ = self.runner._reader.read(batch.documents, watch)
        self.runner._index(batch, reads, watch)

    def exhaust(self, document_id: str) -> None:
        """This was the document's last try."""
        with self.database.write() as session:
            session.get_one(Document, document_id).attempts = 99

    def work(self) -> int:
        """Run claimed batches while there are any due; how many."""
        count = 0
        while self.ingestion.work(lambda: None):
            count += 1
        return count

    def upkeep(self) -> None:
        """Run the jobs of the outbox until all have ended or wait for something."""

        def run(job: str, row_id: str, ids: dict[str, Any]) -> None:
            if not BY_NAME[job].wake:
                perform(BY_NAME[job], self.database, self, row_id, ids)

        relay, before = Relay(self.database, run), set[str]()
        while (left := self.outbox()) != before:
            relay.drain()
            before = left
            with self.database.write() as session:
                session.execute(update(OutboxRow).values(due_at=utc_now() - timedelta(seconds=1)))

    def outbox(self) -> set[str]:
        """Ids of the jobs that have not ended."""
        with self.database.read() as session:
            return set(session.scalars(select(OutboxRow.id)))

    def bury(self) -> None:
        """Every worker that holds something has died, and that is noticed."""
        self.lapse()
        self.ingestion.sweep()

    def hurry(self, since: timedelta = timedelta(seconds=1)) -> None:
        """Whatever waits for a later try is due `since` so long."""
        with self.database.write() as session:
            session.execute(update(Document).values(due_at=utc_now() - since))

    def lapse(self) -> None:
        """Every lease has run out."""
        with self.database.write() as session:
            session.execute(update(Lease).values(expires_at=utc_now() - timedelta(seconds=1)))

    def document(self, document_id: str) -> Document:
        with self.database.read() as session:
            return session.get_one(Document, document_id)

    def documents(self) -> list[Document]:
        """All of the tenant."""
        with self.database.read() as session:
            return DocumentRepository(session, self.who).page(Filter(), 1_000, 0)[0]

    @staticmethod
    def forget_workspace(session: Session, workspace_id: str) -> None:
        """Its rows, but nothing else."""
        for table in reversed(Base.metadata.sorted_tables):
            if "workspace_id" in table.c:
                session.execute(table.delete().where(table.c.workspace_id == workspace_id))
        session.execute(Base.metadata.tables["workspaces"].delete().where(text("id = :id")), {"id": workspace_id})

    def job(self, job_id: str) -> Job:
        with self.database.read() as session:
            return session.get_one(Job, job_id)

    def points(self, document_id: str) -> int:
        return self.vectors.count(Scope(self.who.workspace_id, document_ids=(document_id,)))

    def do(self, action: str, document_id: str) -> None:
        with self.database.write() as session:
            service = DocumentService(session, self.who)
            if action == "delete":
                service.delete(document_id, None)
            else:
                getattr(service, action)(document_id)
