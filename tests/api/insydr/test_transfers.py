"""Large and broken transfers: ranges, uploads that are cut, back-pressure, repeated uploads."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.blobs.folder import FolderBlobStore
from core.errors import Unavailable
from tests.support.client import Shape, Workspace, check_error
from tests.support.installation import SECRET, quick_settings, running
from tests.support.services import fresh_postgres, fresh_redis

CONTENT = "".join(f"Line {n} of the guide.\n" for n in range(200_000))


class TestRanges:
    @pytest.fixture(scope="class")
    def original(self, embedded: Shape) -> tuple[Workspace, str]:
        workspace = embedded.sign_up("Ranger").workspace()
        document = workspace.upload(CONTENT).json()["id"]
        workspace.post(f"/documents/{document}/cancel")
        return workspace, f"/documents/{document}/original"

    @pytest.mark.parametrize(
        ("wanted", "start", "end"),
        [("bytes=0-9", 0, 10), ("bytes=3000000-3000000", 3_000_000, 3_000_001), ("bytes=-7", -7, None),
         ("bytes=1500000-", 1_500_000, None), ("bytes=10-999999999", 10, None)],
    )  # fmt: skip
    def test_a_part(self, original: tuple[Workspace, str], wanted: str, start: int, end: int | None) -> None:
        workspace, path = original
        reply, raw = workspace.get(path, headers={"Range": wanted}), CONTENT.encode()
        assert (reply.status_code, reply.content) == (206, raw[start:end])
        first = start % len(raw)
        assert reply.headers["content-range"] == f"bytes {first}-{first + len(reply.content) - 1}/{len(raw)}"

    @pytest.mark.parametrize("wanted", ["bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b"])
    def test_all_where_the_range_is_not_understood(self, original: tuple[Workspace, str], wanted: str) -> None:
        workspace, path = original
        reply = workspace.get(path, headers={"Range": wanted})
        assert (reply.status_code, len(reply.content)) == (200, len(CONTENT))

    def test_after_the_end(self, original: tuple[Workspace, str]) -> None:
        workspace, path = original
        reply = workspace.get(path, headers={"Range": f"bytes={len(CONTENT)}-"})
        check_error(reply, 416, "RANGE_NOT_SATISFIABLE")
        assert reply.headers["content-range"] == f"bytes */{len(CONTENT)}"

    def test_only_of_the_copy_that_one_has(self, original: tuple[Workspace, str]) -> None:
        workspace, path = original
        tag = workspace.get(path, headers={"Range": "bytes=0-0"}).headers["etag"]
        part = workspace.get(path, headers={"Range": "bytes=0-4", "If-Range": tag})
        assert (part.status_code, part.text) == (206, "Line ")
        assert workspace.get(path, headers={"Range": "bytes=0-4", "If-Range": '"old"'}).status_code == 200
        known = workspace.get(path, headers={"If-None-Match": tag})
        assert (known.status_code, known.content) == (304, b"")


class TestCutUploads:
    """The connection ends in the middle of the body."""

    @pytest.mark.parametrize("key", ["", "Idempotency-Key: k\r\n"])
    @pytest.mark.parametrize("kind", ["form", "lines", "zip"])
    def test_leave_nothing(self, workspace: Workspace, kind: str, key: str) -> None:
        path, content_type, body = {
            "form": ("", "multipart/form-data; boundary=bbb", _form(workspace.collection)),
            "lines": (_batch(workspace), "application/x-ndjson", b'{"external_id": "a", "text": "b"}\n' * 9_000),
            "zip": (_batch(workspace), "application/zip", b"PK\x03\x04" + bytes(300_000)),
        }[kind]
        head = (
            f"POST /api/v1/workspaces/{workspace.id}/documents{path} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {workspace.token}\r\nContent-Type: {content_type}\r\n{key}"
            f"Content-Length: {len(body) + 1_000_000}\r\n\r\n"
        )
        url = urlsplit(str(workspace.shape.http.base_url))
        with socket.create_connection((url.hostname, url.port), timeout=30) as line:
            line.sendall(head.encode() + body)
            line.shutdown(socket.SHUT_WR)
            line.recv(1_000)  # ends when the server is done with it
        assert workspace.get("/documents").json()["total"] == 0
        assert list(workspace.shape.parts.blobs.keys(workspace.id)) == []

    def test_the_same_key_may_be_used_again(self, workspace: Workspace) -> None:
        self.test_leave_nothing(workspace, "form", "Idempotency-Key: k\r\n")
        assert workspace.upload("Text.", headers={"Idempotency-Key": "k"}).status_code == 202


class TestRepeatedUploads:
    def test_another_file_of_the_same_length_is_another_body(self, workspace: Workspace) -> None:
        assert workspace.upload("Text one.", headers={"Idempotency-Key": "k"}).status_code == 202
        check_error(workspace.upload("Text two.", headers={"Idempotency-Key": "k"}), 422, "IDEMPOTENCY_KEY_REUSED")

    def test_a_large_one_is_one_document(self, workspace: Workspace) -> None:
        first = workspace.upload(CONTENT, headers={"Idempotency-Key": "k"})
        again = workspace.upload(CONTENT, headers={"Idempotency-Key": "k"})
        assert (first.status_code, again.json()) == (202, first.json())
        original = workspace.get(f"/documents/{first.json()['id']}/original")
        assert original.text == CONTENT
        workspace.post(f"/documents/{first.json()['id']}/cancel")


class TestBackPressure:
    @pytest.fixture(scope="class")
    def narrow(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
        """Two documents may wait, and nobody works on them."""
        with fresh_postgres() as database_url, fresh_redis() as broker_url:
            settings = quick_settings(
                tmp_path_factory.mktemp("narrow"), max_queued_documents=2, database_url=database_url,
                broker_url=broker_url, qdrant_url=":memory:", secret_key=SECRET, plan_default="ENTERPRISE",
            )  # fmt: skip
            with running("narrow", settings) as shape:
                yield shape.sign_up("Narrow").workspace()

    def test_a_full_queue_says_when_to_come_back(self, narrow: Workspace) -> None:
        for text in ("One.", "Two."):
            assert narrow.upload(text).status_code == 202
        for reply in (narrow.upload("Three."), narrow.batch('{"text": "Four."}')):
            check_error(reply, 429, "QUEUE_FULL")
            assert int(reply.headers["retry-after"]) > 0
        assert narrow.get("/documents").json()["total"] == 2
        assert len(list(narrow.shape.parts.blobs.keys(narrow.id))) == 2

    def test_other_workspaces_are_not_held_up(self, narrow: Workspace) -> None:
        assert narrow.account.workspace().upload("Mine.").status_code == 202

    def test_a_disk_that_is_nearly_full_takes_nothing_new(self, tmp_path: Path) -> None:
        store = FolderBlobStore(tmp_path, reserve_bytes=1 << 60)
        with (tmp_path / "source").open("w+b") as source, pytest.raises(Unavailable) as caught:
            store.put("ws/doc", source)
        assert caught.value.code == "STORAGE_FULL"
        assert list(store.keys("ws")) == []


def _batch(workspace: Workspace) -> str:
    return f"/batch?collection_id={workspace.collection}"


def _form(collection_id: str) -> bytes:
    return (
        f'--bbb\r\nContent-Disposition: form-data; name="collection_id"\r\n\r\n{collection_id}\r\n'
        '--bbb\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    ).encode() + b"text " * 60_000
