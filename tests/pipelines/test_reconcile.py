"""The reconciler: every difference between SQL, vectors and files is found, named and repaired."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from core.embedding import cache
from core.ids import Prefix, new_id
from core.queue.outbox import OutboxRow
from core.vectors.protocol import Scope
from domain.documents.service import DocumentService
from domain.models import CachedEmbedding, Document, Job, JobKind, JobStatus
from domain.upkeep.jobs import RECONCILE
from domain.upkeep.reconcile import Reconciler, start_reconciliation
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def found(bench: Bench, *, repair: bool = True) -> dict[str, int]:
    return dict(bench.reconciler.run(bench.who.workspace_id, repair=repair).found)


class TestPoints:
    def test_all_is_well(self, bench: Bench) -> None:
        bench.batch(a="One.", b="Two.")
        bench.work()
        report = bench.reconciler.run(bench.who.workspace_id)
        assert (report.documents, report.found) == (2, {})

    def test_a_lost_index_is_rebuilt_without_embedding_anything(self, bench: Bench) -> None:
        documents = bench.add("One.", "Two.")
        bench.work()
        before = bench.vectors.ids(Scope(bench.who.workspace_id))
        bench.vectors.delete(Scope(bench.who.workspace_id))
        bench.model.asked.clear()
        assert found(bench) == {"unsearchable": 2}
        bench.work()
        assert bench.model.asked == []
        assert bench.vectors.ids(Scope(bench.who.workspace_id)) == before
        assert [bench.document(d).live_version for d in documents] == [1, 1]
        assert found(bench) == {}

    def test_only_looking_changes_nothing(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        bench.work()
        bench.vectors.delete(Scope(bench.who.workspace_id))
        assert found(bench, repair=False) == {"unsearchable": 1}
        assert bench.document(document).status == "COMPLETED"

    def test_what_is_served_comes_back_although_a_newer_version_failed(self, bench: Bench) -> None:
        bench.batch(a="One.")
        bench.work()
        bench.batch(a="\x00\x01\x02" * 99)
        bench.work()
        (document,) = bench.documents()
        assert (document.status, document.live_version) == ("FAILED", 1)
        bench.vectors.delete(Scope(bench.who.workspace_id))
        assert found(bench) == {"unsearchable": 1}
        bench.work()
        again = bench.document(document.id)
        assert (again.status, again.live_version, bench.points(document.id)) == ("COMPLETED", 3, 1)

    def test_points_of_versions_that_are_not_served_go(self, bench: Bench) -> None:
        bench.batch(a="One.")
        bench.work()
        bench.batch(a="Two.")
        bench.work()  # the job that retires version 1 has not run
        (document,) = bench.documents()
        assert bench.points(document.id) == 2
        assert found(bench) == {"stale_points": 1}
        assert bench.points(document.id) == 1

    def test_what_a_worker_is_writing_stays(self, bench: Bench) -> None:
        bench.batch(a="One.")
        batch = bench.claim()
        assert batch
        bench.runner.run(batch)
        (document,) = bench.documents()
        with bench.database.write() as session:  # as if it stood before its last transaction
            session.execute(update(Document).values(status="PROCESSING", live_version=None))
        assert found(bench) == {}
        assert bench.points(document.id) == 1

    def test_points_of_documents_without_a_row_go(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        bench.work()
        with bench.database.write() as session:
            session.delete(session.get_one(Document, document))
        assert found(bench)["orphan_points"] == 1
        assert bench.points(document) == 0

    def test_points_of_workspaces_without_a_row_go(self, bench: Bench) -> None:
        bench.add("One.")
        bench.work()
        mine, other = bench.who, bench.tenant("col_2")
        bench.become(other, "col_2")
        bench.add("Two.")
        bench.work()
        with bench.database.write() as session:
            session.execute(
                update(Document).where(Document.workspace_id == other.workspace_id).values(status="DELETED")
            )
            bench.forget_workspace(session, other.workspace_id)
        assert bench.reconciler.strangers() == [other.workspace_id]
        assert bench.vectors.workspaces() == {mine.workspace_id}


class TestFiles:
    def test_files_that_nothing_names_go_after_a_time_of_grace(self, bench: Bench) -> None:
        key = f"{bench.who.workspace_id}/{new_id(Prefix.DOCUMENT)}"
        bench.blobs.put(key, io.BytesIO(b"an upload whose server died before its row was written"))
        patient = Reconciler(bench.database, bench.vectors, bench.blobs)
        assert patient.run(bench.who.workspace_id).found == {}
        assert found(bench) == {"orphan_blobs": 1}
        assert list(bench.blobs.keys()) == []

    def test_half_written_files_go(self, bench: Bench, tmp_path: Path) -> None:
        bench.add("One.")
        partial = tmp_path / "blobs" / bench.who.workspace_id / ".doc_1.req_1"
        partial.write_bytes(b"half")
        bench.blobs.tidy(older_than_s=3_600)
        assert partial.exists()
        bench.blobs.tidy(older_than_s=-1)
        assert not partial.exists()

    def test_a_lost_original_is_named(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        bench.work()
        for key in list(bench.blobs.keys()):
            bench.blobs.delete(key)
        report = bench.reconciler.run(bench.who.workspace_id)
        assert report.examples["missing_originals"] == [document]


class TestTheRest:
    def test_embeddings_that_no_chunk_needs_go(self, bench: Bench) -> None:
        bench.add("One.")
        bench.work()
        with bench.database.write() as session:
            stray = {"stray": (np.ones(4, np.float32), "doc_gone")}
            cache.store(session, bench.who.workspace_id, bench.model.name, stray)
        assert found(bench) == {"unused_embeddings": 1}
        with bench.database.read() as session:
            assert len(session.scalars(select(CachedEmbedding)).all()) == 1

    def test_a_job_whose_process_died_while_it_queued_is_ended(self, bench: Bench) -> None:
        with bench.database.write() as session:
            session.add(
                Job(id="job_1", workspace_id=bench.who.workspace_id, kind=JobKind.REINDEX, total=5, completed=2,
                    errors=[], created_at=utc_now() - timedelta(seconds=1))
            )  # fmt: skip
        assert found(bench) == {"interrupted_jobs": 1}
        ended = bench.job("job_1")
        assert (ended.status, ended.completed, ended.cancelled) == (JobStatus.COMPLETED, 2, 3)
        assert ended.errors[0]["code"] == "INTERRUPTED"

    def test_a_job_that_still_has_documents_on_their_way_goes_on(self, bench: Bench) -> None:
        job = bench.batch(a="One.")
        assert found(bench) == {}
        assert bench.job(job).status == JobStatus.PROCESSING


class TestAsAJob:
    def test_the_report_goes_to_whoever_asked(self, bench: Bench) -> None:
        bench.add("One.")
        bench.work()
        bench.vectors.delete(Scope(bench.who.workspace_id))
        job = start_reconciliation(bench.database, bench.who)
        bench.upkeep()
        ended = bench.job(job.id)
        assert ended.status == JobStatus.COMPLETED
        assert ended.report
        assert ended.report["found"] == {"unsearchable": 1}

    def test_by_the_clock_each_workspace_is_queued_once(self, bench: Bench) -> None:
        bench.tenant("col_2")
        bench.reconciler.queue_all()
        bench.reconciler.queue_all()
        with bench.database.read() as session:
            assert len(session.scalars(select(OutboxRow).where(OutboxRow.job == RECONCILE.name)).all()) == 2

    def test_a_document_that_moved_on_is_left_alone(self, bench: Bench) -> None:
        """Between looking and repairing somebody reprocessed it."""
        (document,) = bench.add("One.")
        bench.work()
        page = bench.reconciler._page(bench.who.workspace_id, "")
        with bench.database.write() as session:
            DocumentService(session, bench.who).reprocess(document)
        bench.vectors.delete(Scope(bench.who.workspace_id))
        report = bench.reconciler.run(bench.who.workspace_id, repair=False)
        bench.reconciler._points(bench.who.workspace_id, page, report)
        assert bench.document(document).version == 2
