"""One claimed batch from claim to end, step by step: stages, take-overs, cancels, outages, bad documents, lost work."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import utc_now
from domain.documents.service import DocumentChange, DocumentService
from domain.jobs.service import JobService
from domain.models import CachedEmbedding, Collection, Document, Status
from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


class TestClaims:
    def test_nobody_claims_what_is_claimed(self, bench: Bench) -> None:
        bench.add("One.", "Two.")
        first = bench.claim()
        assert first
        assert len(first.documents) == 2
        assert bench.claim(bench.other) is None

    def test_duplicate_messages_are_harmless(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        assert bench.work() == 1
        assert bench.work() == 0
        assert (bench.document(document).version, bench.points(document)) == (1, 1)


class TestStages:
    def test_each_step_is_told_while_it_is_done(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first window of vectors ends within the long document: this one is still being embedded."""
        monkeypatch.setattr("domain.ingestion.indexing.WINDOW_CHUNKS", 3)
        ids = bench.add("A short one.", "\n\n".join(f"word{number} " * 250 for number in range(4)))
        seen: list[tuple[str, ...]] = []

        def watched(part: object, name: str) -> None:
            real = getattr(part, name)

            def call(*arguments: object) -> object:
                seen.append((name, *(bench.document(one).stage for one in ids)))
                return real(*arguments)

            monkeypatch.setattr(part, name, call)

        for part, name in ((bench.model, "embed_passages"), (bench.vectors, "upsert"), (bench.vectors, "count")):
            watched(part, name)
        bench.work()
        assert list(dict.fromkeys(seen)) == [
            ("embed_passages", "EMBEDDING", "EMBEDDING"), ("upsert", "INDEXING", "EMBEDDING"),
            ("embed_passages", "INDEXING", "EMBEDDING"), ("upsert", "INDEXING", "INDEXING"),
            ("count", "VERIFYING", "VERIFYING"),
        ]  # fmt: skip
        assert [bench.document(one).stage for one in ids] == ["DONE", "DONE"]


class TestTakeOver:
    def test_the_sweeper_takes_over_when_the_lease_ends(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        assert bench.claim()
        assert bench.ingestion.sweep() == 0
        bench.lapse()
        assert bench.ingestion.sweep() == 1
        assert bench.document(document).status == Status.QUEUED
        bench.work()
        assert bench.document(document).status == Status.COMPLETED

    def test_a_late_first_worker_harms_nothing(self, bench: Bench) -> None:
        """It wakes when another has finished its documents: what is live stays whole."""
        (document,) = bench.add("One.")
        late = bench.claim()
        assert late
        bench.lapse()
        bench.ingestion.sweep()
        second = bench.claim(bench.other)
        assert second
        bench.other.run(second)
        bench.runner.run(late)
        assert bench.document(document).status == Status.COMPLETED
        assert bench.points(document) == 1

    def test_a_late_first_worker_leaves_the_second_in_peace(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        late = bench.claim()
        assert late
        bench.lapse()
        bench.ingestion.sweep()
        second = bench.claim(bench.other)
        assert second
        bench.runner.run(late)
        assert bench.document(document).lease_id == second.lease_id
        bench.other.run(second)
        assert (bench.document(document).status, bench.points(document)) == (Status.COMPLETED, 1)

    def test_a_document_that_kills_each_worker_fails_in_the_end(self, bench: Bench) -> None:
        job = bench.batch(a="Deadly.")
        for _ in range(3):
            assert bench.claim()
            bench.lapse()
            bench.ingestion.sweep()
        assert bench.claim() is None
        ended = bench.job(job)
        assert (ended.status, ended.failed, ended.errors[0]["code"]) == ("COMPLETED", 1, "WORKER_LOST")

    def test_a_claimed_batch_that_is_taken_over_is_tried_document_by_document(self, bench: Bench) -> None:
        bench.add("One.", "Two.", "Three.")
        assert bench.claim()
        bench.lapse()
        bench.ingestion.sweep()
        batch = bench.claim()
        assert batch
        assert len(batch.documents) == 1


class TestBadDocuments:
    def test_one_bug_does_not_fail_its_neighbours(self, bench: Bench) -> None:
        bench.model.poison = "poison"
        good, bad, fine = bench.add("One.", "This is poison.", "Three.")
        for _ in range(4):
            bench.work()
            bench.hurry()
        assert [bench.document(one).status for one in (good, bad, fine)] == ["COMPLETED", "FAILED", "COMPLETED"]
        failed = bench.document(bad)
        assert (failed.error_code, failed.retryable, failed.attempts) == ("INTERNAL_ERROR", True, 3)

    def test_a_lost_original(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        for key in list(bench.blobs.keys()):
            bench.blobs.delete(key)
        bench.work()
        failed = bench.document(document)
        assert (failed.status, failed.error_code, failed.retryable) == ("FAILED", "ORIGINAL_GONE", False)

    def test_an_index_that_forgets(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        (document,) = bench.add("One.")
        monkeypatch.setattr(bench.vectors, "upsert", lambda points: None)
        for _ in range(4):
            bench.work()
            bench.hurry()
        failed = bench.document(document)
        assert (failed.status, failed.error_code, failed.live_version) == ("FAILED", "INDEX_INCOMPLETE", None)

    def test_an_outage_uses_up_no_try(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        bench.model.outage = True
        for _ in range(5):
            bench.work()
            bench.hurry()
        assert (bench.document(document).status, bench.document(document).attempts) == ("QUEUED", 0)
        bench.model.outage = False
        bench.work()
        assert bench.document(document).status == Status.COMPLETED


class TestWhileItRuns:
    @pytest.fixture
    def held(self, bench: Bench) -> Iterator[tuple[str, threading.Thread]]:
        """A document whose second version waits at the gate of the model."""
        (document,) = bench.add("One.")
        bench.work()
        with bench.database.write() as session:
            DocumentService(session, bench.who).update(document, DocumentChange(title="New title"), None)
        bench.model.gate = threading.Event()
        batch = bench.claim()
        assert batch
        thread = threading.Thread(target=bench.runner.run, args=(batch,))
        thread.start()
        yield document, thread
        bench.model.gate.set()
        thread.join(30)

    def finish(self, bench: Bench, thread: threading.Thread) -> None:
        assert bench.model.gate
        bench.model.gate.set()
        thread.join(30)
        assert not thread.is_alive()

    def test_the_old_version_is_served_until_the_flip(self, bench: Bench, held: tuple[str, threading.Thread]) -> None:
        document, thread = held
        assert (bench.document(document).live_version, bench.document(document).version) == (1, 2)
        self.finish(bench, thread)
        assert bench.document(document).live_version == 2

    def test_cancel_stops_the_work_and_keeps_the_old(self, bench: Bench, held: tuple[str, threading.Thread]) -> None:
        document, thread = held
        bench.do("cancel", document)
        self.finish(bench, thread)
        now = bench.document(document)
        assert (now.status, now.live_version, bench.points(document)) == ("CANCELLED", 1, 1)

    def test_delete_wins(self, bench: Bench, held: tuple[str, threading.Thread]) -> None:
        document, thread = held
        bench.do("delete", document)
        bench.purge.documents(bench.who.workspace_id, [document])
        self.finish(bench, thread)
        assert bench.points(document) == 0
        with bench.database.read() as session:
            assert session.get(Document, document) is None

    def test_a_newer_version_wins(self, bench: Bench, held: tuple[str, threading.Thread]) -> None:
        document, thread = held
        bench.do("reprocess", document)
        self.finish(bench, thread)
        bench.work()
        bench.purge.retire(bench.who.workspace_id, document, 3)
        now = bench.document(document)
        assert (now.status, now.live_version, bench.points(document)) == ("COMPLETED", 3, 1)


class TestJobs:
    def test_cancel_counts_what_had_not_ended(self, bench: Bench) -> None:
        job = bench.batch(a="One.", b="Two.")
        with bench.database.write() as session:
            JobService(session, bench.who).cancel(job)
        bench.work()
        ended = bench.job(job)
        assert (ended.status, ended.cancelled, ended.completed) == ("CANCELLED", 2, 0)
        assert ended.finished_at is not None

    def test_partial_failure_is_completed(self, bench: Bench) -> None:
        job = bench.batch(a="One.", b="\x00\x01\x02" * 99)
        for _ in range(4):
            bench.work()
            bench.hurry()
        ended = bench.job(job)
        assert (ended.status, ended.completed, ended.failed) == ("COMPLETED", 1, 1)
        assert ended.errors[0]["code"]

    def test_work_that_newer_work_replaces_ends_its_job(self, bench: Bench) -> None:
        first = bench.batch(a="One.")
        second = bench.batch(a="Two.")
        bench.work()
        assert [(bench.job(job).status, bench.job(job).completed) for job in (first, second)] == [("COMPLETED", 1)] * 2


class TestForgetting:
    @pytest.mark.parametrize("end", ["cancelled", "lost"])
    def test_what_a_dead_worker_wrote_of_a_version_that_never_lived_goes(self, bench: Bench, end: str) -> None:
        (document,) = bench.add("One.")
        batch = bench.claim()
        assert batch
        bench.write_points(batch)  # and then it died
        assert bench.points(document) == 1
        if end == "cancelled":
            bench.do("cancel", document)
        else:
            bench.exhaust(document)
            bench.lapse()
            bench.ingestion.sweep()
        bench.upkeep()
        assert (bench.document(document).live_version, bench.points(document)) == (None, 0)
        with bench.database.read() as session:
            assert session.scalars(select(CachedEmbedding)).all() == []

    def test_old_versions_take_their_embeddings_along(self, bench: Bench) -> None:
        bench.batch(a="The first text.")
        bench.work()
        bench.batch(a="Another text altogether.")
        bench.work()
        bench.purge.forget_old_versions(0)
        bench.upkeep()
        with bench.database.read() as session:
            kept = session.scalars(select(CachedEmbedding)).all()
        assert len(kept) == 1
        assert len(list(bench.blobs.keys())) == 1

    def test_a_stray_message_removes_nothing_that_lives(self, bench: Bench) -> None:
        (document,) = bench.add("One.")
        bench.work()
        bench.purge.documents(bench.who.workspace_id, [document])
        bench.purge.collection(bench.who.workspace_id, "col_1")
        bench.purge.workspace(bench.who.workspace_id)
        assert (bench.document(document).status, bench.points(document)) == ("COMPLETED", 1)

    def test_a_collection_goes_once_its_documents_are_gone(self, bench: Bench) -> None:
        [document] = bench.add("One.")
        with bench.database.write() as session:
            session.get_one(Collection, "col_1").deleted_at = utc_now()
        workspace = bench.who.workspace_id
        assert bench.purge.collection(workspace, "col_1") is False
        assert bench.purge.collection(workspace, "col_1") is False
        bench.purge.documents(workspace, [document])
        assert bench.purge.collection(workspace, "col_1") is True
        with bench.database.read() as session:
            assert session.get(Collection, "col_1") is None
