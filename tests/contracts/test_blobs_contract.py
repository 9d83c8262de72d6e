"""What every blob store must do: a local folder, and S3-compatible storage (moto's server)."""

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.blobs.factory import open_blobs
from core.blobs.protocol import BlobStore
from core.errors import InvalidInput, NotFound, Unavailable
from core.settings import Settings
from tests.support.services import fresh_s3


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with fresh_s3("blobs") as url:
        yield url


@pytest.fixture(params=["folder", "s3", "s3-root"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    if request.param == "folder":
        yield open_blobs(Settings(blob_url=f"file://{tmp_path}/blobs"))
        return
    endpoint = request.getfixturevalue("s3_url")
    prefix = "/some/prefix" if request.param == "s3" else ""
    store = open_blobs(Settings(blob_url=f"s3://blobs{prefix}", s3_endpoint_url=endpoint))
    yield store
    for key in list(store.keys()):
        store.delete(key)


class TestContract:
    def test_put_and_read(self, blobs: BlobStore) -> None:
        assert blobs.put("ws_1/doc_1", io.BytesIO(b"0123456789")) == 10
        assert blobs.read("ws_1/doc_1") == b"0123456789"
        assert blobs.read("ws_1/doc_1", 3, 4) == b"3456"
        assert blobs.read("ws_1/doc_1", 8) == b"89"
        assert blobs.read("ws_1/doc_1", 2, 0) == b""

    def test_putting_again_replaces(self, blobs: BlobStore) -> None:
        blobs.put("ws_1/doc_1", io.BytesIO(b"a longer first one"))
        blobs.put("ws_1/doc_1", io.BytesIO(b"second"))
        assert blobs.read("ws_1/doc_1") == b"second"

    def test_the_source_is_not_closed(self, blobs: BlobStore) -> None:
        source = io.BytesIO(b"x" * 100_000)
        assert blobs.put("ws_1/doc_1", source) == 100_000
        source.seek(0)
        assert len(source.read()) == 100_000

    def test_an_empty_one(self, blobs: BlobStore) -> None:
        assert blobs.put("ws_1/empty", io.BytesIO(b"")) == 0
        assert blobs.read("ws_1/empty") == b""

    def test_streams(self, blobs: BlobStore) -> None:
        content = bytes(range(256)) * 12_000
        blobs.put("ws_1/doc_1", io.BytesIO(content))
        blocks = list(blobs.stream("ws_1/doc_1"))
        assert b"".join(blocks) == content
        assert max(map(len, blocks)) <= 1 << 20
        assert b"".join(blobs.stream("ws_1/doc_1", 1_500_000, 1_200_000)) == content[1_500_000:2_700_000]
        assert list(blobs.stream("ws_1/doc_1", 5, 0)) == []

    def test_a_local_copy(self, blobs: BlobStore) -> None:
        blobs.put("ws_1/doc_1", io.BytesIO(b"content"))
        with blobs.local("ws_1/doc_1") as path:
            assert path.read_bytes() == b"content"

    def test_absent_ones(self, blobs: BlobStore) -> None:
        with pytest.raises(NotFound):
            blobs.read("ws_1/none")
        with pytest.raises(NotFound):  # before the first block: a reply has not begun yet
            blobs.stream("ws_1/none")
        with pytest.raises(NotFound), blobs.local("ws_1/none"):
            pass
        blobs.delete("ws_1/none")

    def test_delete(self, blobs: BlobStore) -> None:
        blobs.put("ws_1/doc_1", io.BytesIO(b"x"))
        blobs.delete("ws_1/doc_1")
        with pytest.raises(NotFound):
            blobs.read("ws_1/doc_1")

    def test_keys(self, blobs: BlobStore) -> None:
        for key in ("ws_1/a", "ws_1/b", "ws_2/a"):
            blobs.put(key, io.BytesIO(b"x"))
        assert sorted(blobs.keys()) == ["ws_1/a", "ws_1/b", "ws_2/a"]
        assert sorted(blobs.keys("ws_1/")) == ["ws_1/a", "ws_1/b"]
        assert list(blobs.keys("ws_3/")) == []

    def test_check(self, blobs: BlobStore) -> None:
        assert blobs.check()


class TestFolder:
    def test_is_for_its_owner_only(self, tmp_path: Path) -> None:
        store = open_blobs(Settings(data_dir=tmp_path))
        store.put("ws_1/doc_1", io.BytesIO(b"x"))
        assert stat.S_IMODE((tmp_path / "blobs" / "ws_1").stat().st_mode) == 0o700

    def test_no_key_leads_outside(self, tmp_path: Path) -> None:
        store = open_blobs(Settings(data_dir=tmp_path / "data"))
        for key in ("../x", "ws_1/../../../x", "/etc/passwd"):
            with pytest.raises(ValueError, match="outside"):
                store.put(key, io.BytesIO(b"x"))

    def test_what_breaks_off_leaves_nothing(self, tmp_path: Path) -> None:
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise OSError(28, "No space left on device")

        store = open_blobs(Settings(data_dir=tmp_path))
        with pytest.raises(Unavailable, match="No space left"):
            store.put("ws_1/doc_1", Broken())
        assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


class TestFactory:
    @pytest.mark.parametrize("url", ["ftp://x/y", "s3://", "blobs"])
    def test_a_wrong_url(self, url: str) -> None:
        with pytest.raises(InvalidInput, match="INSYDR_BLOB_URL"):
            open_blobs(Settings(blob_url=url))

    def test_a_missing_bucket(self, s3_url: str) -> None:
        with pytest.raises(Unavailable):
            open_blobs(Settings(blob_url="s3://nowhere", s3_endpoint_url=s3_url)).check()
