"""Backup and restore: everything comes back on either database and blob store, and a damaged file changes nothing."""

import io
import tarfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from core.blobs.factory import open_blobs
from core.blobs.folder import FolderBlobStore
from core.blobs.protocol import BlobStore
from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import Conflict, InsydrError, InvalidInput, Unavailable
from core.settings import Settings
from core.vectors.protocol import Scope
from domain.models import ClusterDay, Document, Email, Phrasing, QuestionCluster, Status
from domain.portability import archive, repository
from domain.portability.service import Place, backup, restore
from tests.support.bench import Bench
from tests.support.databases import postgres, sqlite_at
from tests.support.services import fresh_s3

FILE = "file_01a2284329de75b1b06e86932bca89a8"
KEYS = Keyring("a test's secret key of at least 32 characters")


def quiet(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Bench]:
    """Two documents, one of which has two versions, and one that is in a worker's hands."""
    (tmp_path / "source").mkdir()
    made = Bench(tmp_path / "source")
    made.batch(a="The first text.", b="The other text.")
    made.work()
    made.batch(a="The first text, revised.")
    made.work()
    made.upkeep()
    made.batch(c="In work.")
    made.claim()
    with made.database.write() as session:  # columns of every kind: days, bytes, JSON, fractions
        workspace = {"workspace_id": made.who.workspace_id}
        session.add(ClusterDay(
            day=date(2026, 2, 28), cluster_id="uq_1", asked=2, failed=1, confidence=0.25, confident=1, **workspace
        ))  # fmt: skip
        session.add(QuestionCluster(
            id="uq_1", phrasing_id="phr_1", question="Who?", last_asked_at=utc_now(),
            first_failed_on=date(2026, 2, 28), resolved_by={"kind": "PERSON"}, **workspace,
        ))  # fmt: skip
        session.add(Email(
            id="eml_1", thread_id="thr_1", direction="inbound", sender="a@example.com", recipients=[], subject="s",
            body="b", status="received", provider="sandbox", message_id="<a@b>", attachments=[{"id": FILE}],
            sent_at=None, **workspace,
        ))  # fmt: skip
        session.flush()
        session.add(Phrasing(
            id="phr_1", cluster_id="uq_1", question_id="msg_1", digest="d", text="Who?", model="fake",
            vector=b"\x00\xff", passages=["doc_1#0"], last_asked_at=utc_now(), **workspace,
        ))  # fmt: skip
    made.blobs.put(f"{made.who.workspace_id}/{FILE}", io.BytesIO(b"of a mail"))
    yield made
    made.database.close()


@pytest.fixture
def saved(source: Bench, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    backup(Place(source.database, source.blobs, KEYS, "insydr 1"), path, quiet)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty installation: embedded, or with the database and the blob store of the scaled-out shape."""
    if request.param == "sqlite":
        yield from made(sqlite_at(tmp_path / "target.db"), FolderBlobStore(tmp_path / "target"))
        return
    with postgres() as url, fresh_s3("restored") as endpoint:
        yield from made(url, open_blobs(Settings(blob_url="s3://restored", s3_endpoint_url=endpoint)))


def made(url: str, blobs: BlobStore) -> Iterator[Place]:
    database = Database(url)
    yield Place(database, blobs, KEYS, "insydr 1")
    database.close()


def is_empty(place: Place) -> bool:
    with place.database.read() as session:
        return not any(repository.counts(session).values())


class TestRoundTrip:
    def test_every_row_and_original_comes_back(self, source: Bench, saved: Path, target: Place, tmp_path: Path) -> None:
        manifest = restore(target, saved, quiet)
        assert manifest.tables["documents"] == 3
        assert sorted(target.blobs.keys()) == sorted(source.blobs.keys())
        again = backup(target, tmp_path / "again.tar", quiet)
        changed = {name for name, digest in manifest.hashes.items() if again.hashes[name] != digest}
        assert changed == {"tables/documents.jsonl"}  # what was in work is queued again
        assert again.tables == manifest.tables

    def test_what_was_in_work_is_queued(self, saved: Path, target: Place) -> None:
        restore(target, saved, quiet)
        with target.database.read() as session:
            rows = session.scalars(select(Document).where(Document.status == Status.QUEUED)).all()
            assert [(row.external_id, row.lease_id) for row in rows] == [("c", None)]

    def test_the_index_is_rebuilt_without_embedding_anything_again(self, saved: Path, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        new = Bench.empty(tmp_path / "new")
        restore(Place(new.database, new.blobs, KEYS, "insydr 1"), saved, quiet)
        (workspace,) = new.workspaces()
        new.reconciler.run(workspace)
        new.model.asked.clear()
        new.work()
        assert new.vectors.count(Scope(workspace)) == 3
        assert sum(new.model.asked) == 1  # the one that was in work
        new.database.close()

    def test_only_its_owner_can_read_it(self, saved: Path) -> None:
        assert saved.stat().st_mode & 0o777 == 0o600

    def test_an_original_that_is_removed_meanwhile_is_named(self, source: Bench, tmp_path: Path) -> None:
        gone, *kept = sorted(source.blobs.keys())

        def vanish(what: str, done: int, _: int) -> None:
            if (what, done) == ("originals", 0):
                source.blobs.delete(gone)

        place = Place(source.database, source.blobs, KEYS, "insydr 1")
        manifest = backup(place, tmp_path / "b.tar", vanish)
        assert manifest.missing == [gone]
        assert sorted(name for name in manifest.hashes if name.startswith("blobs/")) == [f"blobs/{key}" for key in kept]

    def test_files_that_no_document_needs_stay_behind(self, source: Bench, tmp_path: Path) -> None:
        source.blobs.put(f"{source.who.workspace_id}/doc_orphan", io.BytesIO(b"x"))
        manifest = backup(Place(source.database, source.blobs, KEYS, "insydr 1"), tmp_path / "b.tar", quiet)
        assert not any("doc_orphan" in name for name in manifest.hashes)
        assert manifest.missing == []

    def test_a_folder_that_cannot_be_written_to(self, source: Bench, tmp_path: Path) -> None:
        place = Place(source.database, source.blobs, KEYS, "insydr 1")
        with pytest.raises(Unavailable) as caught:
            backup(place, tmp_path / "none" / "b.tar", quiet)
        assert caught.value.code == "BACKUP_NOT_WRITTEN"


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    at = raw.index(b"The first text")
    raw[at] ^= 1
    path.write_bytes(bytes(raw))


def no_manifest(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("tables/documents.jsonl"))


def no_tar(path: Path) -> None:
    path.write_text("not a tar")


class TestRefused:
    @pytest.mark.parametrize("damage", [cut_off, flip_a_byte, no_manifest, no_tar, Path.unlink])
    def test_a_damaged_file(self, saved: Path, target: Place, damage: Callable[[Path], None]) -> None:
        damage(saved)
        with pytest.raises(InvalidInput) as refused:
            restore(target, saved, quiet)
        assert refused.value.code in ("BACKUP_DAMAGED", "NO_SUCH_FILE")
        assert is_empty(target)

    def test_another_secret(self, saved: Path, target: Place) -> None:
        other = Place(target.database, target.blobs, Keyring("another secret of at least 32 characters!"), "insydr 1")
        self.refused(other, saved, "BACKUP_SECRET")

    def test_a_newer_format(
        self, source: Bench, target: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("domain.portability.service.FORMAT", archive.FORMAT + 1)
        path = tmp_path / "newer.tar"
        backup(Place(source.database, source.blobs, KEYS, "insydr 9"), path, quiet)
        self.refused(target, path, "BACKUP_NEWER")

    def test_another_revision(self, saved: Path, target: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.portability.service.newest_revision", lambda: "9999")
        self.refused(target, saved, "BACKUP_REVISION")

    def test_an_installation_that_is_not_empty(self, saved: Path, target: Place) -> None:
        restore(target, saved, quiet)
        with pytest.raises(Conflict, match="not empty"):
            restore(target, saved, quiet)

    def refused(self, place: Place, path: Path, code: str) -> None:
        with pytest.raises(InsydrError) as refused:
            restore(place, path, quiet)
        assert refused.value.code == code
        assert is_empty(place)


class TestFullDisk:
    def test_leaves_no_half_backup(self, source: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(archive.Writer, "manifest", full)
        folder = tmp_path / "backups"
        folder.mkdir()
        with pytest.raises(Unavailable, match="No space left"):
            backup(Place(source.database, source.blobs, KEYS, "insydr 1"), folder / "b.tar", quiet)
        assert list(folder.iterdir()) == []
