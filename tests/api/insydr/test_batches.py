"""CONTRACT, Insydr row 5b: search, batches, jobs, progress; and `Idempotency-Key`."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from domain.idempotency.service import IdempotencyService
from tests.support.client import Workspace, check_error

JOB_KEYS = {"id", "status", "total", "queued", "completed", "failed", "errors"}


def lines(*records: Any) -> str:
    return "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records)


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "/").replace("_txt", ".txt"), content)
    return buffer.getvalue()


class TestJsonLines:
    def test_answers_with_a_job(self, workspace: Workspace) -> None:
        record = {"external_id": "a", "title": "Alpha", "text": "The alpha text.", "url": "https://x.org/a",
                  "language": "en", "metadata": {"n": 1}}  # fmt: skip
        reply = workspace.batch(lines(record))
        assert reply.status_code == 202
        assert reply.json().keys() >= JOB_KEYS
        job = workspace.wait_job(reply.json()["id"])
        counts = {name: job[name] for name in ("status", "total", "queued", "completed", "failed", "errors")}
        assert counts == {"status": "COMPLETED", "total": 1, "queued": 0, "completed": 1, "failed": 0, "errors": []}
        hit = workspace.search("alpha")["results"][0]
        assert (hit["external_id"], hit["title"], hit["url"]) == (
            "a", "Alpha", "https://x.org/a#:~:text=The%20alpha%20text.",
        )  # fmt: skip

    def test_upserts_by_external_id(self, workspace: Workspace) -> None:
        first = [{"external_id": "a", "text": "Alpha one."}, {"external_id": "b", "text": "Beta one."}]
        workspace.wait_job(workspace.batch(lines(*first)).json()["id"])
        second = [{"external_id": "a", "text": "Alpha two."}, first[1]]
        job = workspace.wait_job(workspace.batch(lines(*second)).json()["id"])
        assert (job["completed"], job["failed"]) == (2, 0)
        listed = workspace.get("/documents").json()["documents"]
        assert {row["external_id"]: row["version"] for row in listed} == {"a": 2, "b": 1}

    def test_a_wholly_unchanged_batch_stores_nothing(self, workspace: Workspace) -> None:
        batch = lines({"external_id": "a", "text": "Alpha."}, {"external_id": "b", "text": "Beta."})
        workspace.wait_job(workspace.batch(batch).json()["id"])
        blobs = list(workspace.shape.parts.blobs.keys(workspace.id))
        again = workspace.batch(batch).json()
        assert (again["status"], again["completed"]) == ("COMPLETED", 2)
        assert list(workspace.shape.parts.blobs.keys(workspace.id)) == blobs

    def test_partial_failure_is_completed(self, workspace: Workspace) -> None:
        batch = lines({"text": "Good."}, "{not json", {"title": "no text"}, {"text": "x", "colour": "red"}, "",
                      {"text": "Half \ud800"}, {"text": "y", "metadata": {"a": "\ud800"}}, [1])  # fmt: skip
        job = workspace.wait_job(workspace.batch(batch).json()["id"])
        assert (job["status"], job["total"], job["completed"], job["failed"]) == ("COMPLETED", 7, 1, 6)
        assert [error["item"] for error in job["errors"]] == [f"line {n}" for n in (2, 3, 4, 6, 7, 8)]
        assert all(error["code"] and error["message"] for error in job["errors"])

    def test_the_last_of_an_external_id_holds(self, workspace: Workspace) -> None:
        batch = lines({"external_id": "a", "text": "Old."}, {"external_id": "a", "text": "New."})
        job = workspace.wait_job(workspace.batch(batch).json()["id"])
        assert (job["completed"], job["failed"], job["errors"][0]["code"]) == (1, 1, "SUPERSEDED")
        document = workspace.get("/documents").json()["documents"][0]
        assert workspace.get(f"/documents/{document['id']}/text").json()["text"].strip() == "New."

    @pytest.mark.parametrize("body", ["", "\n\n", "{", "[]", '"text"', '{"title": "x"}'])
    def test_refuses_what_holds_nothing(self, body: str, workspace: Workspace) -> None:
        check_error(workspace.batch(body), 400)
        assert list(workspace.shape.parts.blobs.keys(workspace.id)) == []
        assert workspace.get("/jobs").json()["total"] == 0

    def test_titles_are_put_on_one_line(self, workspace: Workspace) -> None:
        """Records of real sources: nothing is refused for what a title's white space is made of."""
        between = ("\n", "\r\n", "\t", " \0", "\u2028", " \u200b", "\ufeff ", "\u202e \u202c", "\x0b\x1f", "  ")
        records = [
            {"external_id": str(number), "title": f"\n{number}{one}Guide ", "text": f"One\nTwo {number}."}
            for number, one in enumerate(between)
        ]
        job = workspace.wait_job(workspace.batch(lines(*records)).json()["id"])
        assert (job["completed"], job["failed"], job["errors"]) == (len(between), 0, [])
        titles = [row["title"] for row in workspace.get("/documents").json()["documents"]]
        assert sorted(titles) == [f"{number} Guide" for number in range(len(between))]
        hit = workspace.search("Guide", top_k=1)["results"][0]
        assert "\n" in hit["content"]  # the text keeps its own

    def test_needs_a_known_collection(self, workspace: Workspace) -> None:
        check_error(workspace.batch(lines({"text": "x"}), collection_id="col_x"), 404, "COLLECTION_NOT_FOUND")
        check_error(workspace.post("/documents/batch", content=b"{}"), 400, "VALIDATION_ERROR", "collection_id")

    def test_too_large(self, workspace: Workspace) -> None:
        check_error(workspace.batch("x" * (9 * 2**20)), 413, "PAYLOAD_TOO_LARGE")


class TestFiles:
    def post(self, workspace: Workspace, *files: tuple[str, bytes]) -> Any:
        parts = [("files", file) for file in files]
        return workspace.post("/documents/batch", params={"collection_id": workspace.collection}, files=parts)

    def test_many_files(self, workspace: Workspace) -> None:
        job = self.post(workspace, ("a.txt", b"Alpha."), ("b.md", b"# Beta\n\nText."), ("empty.txt", b"")).json()
        job = workspace.wait_job(job["id"])
        assert (job["total"], job["completed"], job["failed"]) == (3, 2, 1)
        assert job["errors"][0] == {**job["errors"][0], "item": "empty.txt", "code": "EMPTY_DOCUMENT"}

    def test_the_same_files_again_change_nothing(self, workspace: Workspace) -> None:
        files = (("a.txt", b"Alpha."), ("b.txt", b"Beta."))
        workspace.wait_job(self.post(workspace, *files).json()["id"])
        blobs = sorted(workspace.shape.parts.blobs.keys(workspace.id))
        assert self.post(workspace, *files).json()["status"] == "COMPLETED"
        assert sorted(workspace.shape.parts.blobs.keys(workspace.id)) == blobs
        assert workspace.get("/documents").json()["total"] == 2

    def test_a_zip_among_files(self, workspace: Workspace) -> None:
        packed = archive(folder__one_txt=b"One.", two_txt=b"Two.")
        job = workspace.wait_job(self.post(workspace, ("all.zip", packed), ("c.txt", b"Three.")).json()["id"])
        assert job["completed"] == 3
        names = {row["external_id"] for row in workspace.get("/documents").json()["documents"]}
        assert names == {"folder/one.txt", "two.txt", "c.txt"}

    def test_no_files(self, workspace: Workspace) -> None:
        check_error(self.post(workspace, ("../a.txt", b"x")), 400, "INVALID_FILE_NAME")
        reply = workspace.post(
            "/documents/batch",
            params={"collection_id": workspace.collection},
            data={"a": "b"},
            files={"x": (None, "y")},
        )
        check_error(reply, 400, field="files")


class TestZip:
    def post(self, workspace: Workspace, content: bytes) -> Any:
        headers = {"Content-Type": "application/zip"}
        params = {"collection_id": workspace.collection}
        return workspace.post("/documents/batch", params=params, content=content, headers=headers)

    def test_every_member_is_a_document(self, workspace: Workspace) -> None:
        job = workspace.wait_job(self.post(workspace, archive(a_txt=b"Alpha.", b_txt=b"Beta.")).json()["id"])
        assert (job["completed"], job["failed"]) == (2, 0)

    def test_hostile_members_are_refused_alone(self, workspace: Workspace) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.writestr("../../etc/cron.txt", b"evil")
            packed.writestr("good.txt", b"Good.")
        job = workspace.wait_job(self.post(workspace, buffer.getvalue()).json()["id"])
        assert (job["completed"], job["failed"], job["errors"][0]["code"]) == (1, 1, "INVALID_FILE_NAME")

    def test_names_are_put_on_one_line(self, workspace: Workspace) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.writestr("folder/a\nb\u200b.txt", b"Good.")
        job = workspace.wait_job(self.post(workspace, buffer.getvalue()).json()["id"])
        assert job["completed"] == 1
        (row,) = workspace.get("/documents").json()["documents"]
        assert (row["title"], row["external_id"]) == ("a b.txt", "folder/a b.txt")

    def test_a_broken_archive(self, workspace: Workspace) -> None:
        reply = self.post(workspace, archive(a_txt=b"Alpha." * 99)[:60])
        assert reply.status_code in (400, 422)
        check_error(reply, reply.status_code)
        assert list(workspace.shape.parts.blobs.keys(workspace.id)) == []


class TestJobs:
    def test_list_and_get(self, workspace: Workspace) -> None:
        made = workspace.batch(lines({"text": "x"})).json()
        workspace.wait_job(made["id"])
        listed = workspace.get("/jobs").json()
        assert (listed["total"], listed["jobs"][0]["id"], listed["jobs"][0]["kind"]) == (1, made["id"], "BATCH")
        check_error(workspace.get("/jobs/job_none"), 404, "JOB_NOT_FOUND")
        check_error(workspace.post(f"/jobs/{made['id']}/cancel"), 409, "JOB_ENDED")

    def test_reindex(self, workspace: Workspace) -> None:
        document = workspace.ingest("Text.")
        job = workspace.wait_job(workspace.post("/reindex", json={}).json()["id"])
        assert (job["kind"], job["total"], job["completed"]) == ("REINDEX", 1, 1)
        assert workspace.get(f"/documents/{document['id']}").json()["live_version"] == 2

    def test_reindex_of_nothing_is_done(self, workspace: Workspace) -> None:
        job = workspace.post("/reindex", json={"collection_id": workspace.collection}).json()
        assert (job["status"], job["total"]) == ("COMPLETED", 0)
        assert job["finished_at"] is not None


class TestEvents:
    def events(self, workspace: Workspace, path: str) -> list[dict[str, Any]]:
        reply = workspace.get(path)
        assert reply.headers["content-type"].startswith("text/event-stream")
        blocks = [block for block in reply.text.split("\n\n") if block.startswith("event: progress")]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks]

    def test_a_document_until_it_has_ended(self, workspace: Workspace) -> None:
        document = workspace.upload("Text.").json()
        seen = self.events(workspace, f"/documents/{document['id']}/events")
        assert seen[-1]["status"] == "COMPLETED"
        assert all(event["status"] == "PROCESSING" for event in seen[:-1])

    def test_a_job_until_it_has_ended(self, workspace: Workspace) -> None:
        job = workspace.batch(lines({"text": "x"}, {"text": "y"})).json()
        assert self.events(workspace, f"/jobs/{job['id']}/events")[-1]["completed"] == 2

    def test_a_missing_one_is_a_plain_404(self, workspace: Workspace) -> None:
        check_error(workspace.get("/documents/doc_none/events"), 404, "DOCUMENT_NOT_FOUND")


class TestSearch:
    def test_answers_as_the_contract_says(self, workspace: Workspace) -> None:
        document = workspace.ingest("The red bicycle costs 900 euros.", "prices.txt")
        found = workspace.search("red bicycle", explain=True)
        assert {"results", "total", "response_time_ms"} <= found.keys()
        hit = found["results"][0]
        keys = {"document_id", "external_id", "title", "chunk_index", "content", "score", "page", "char_start",
                "char_end", "url"}  # fmt: skip
        assert keys <= hit.keys()
        assert hit["document_id"] == document["id"]
        text = workspace.get(f"/documents/{document['id']}/text").json()["text"]
        assert text[hit["char_start"] : hit["char_end"]] == hit["content"]
        assert set(hit["explanation"]) == {"cosine", "bm25"}

    def test_filters(self, workspace: Workspace) -> None:
        other = workspace.new_collection("Other")
        one = workspace.ingest("A bicycle.", "a.txt")["id"]
        two = workspace.ingest("A bicycle, too.", "b.txt", collection_id=other)["id"]

        def ids(**body: Any) -> set[str]:
            return {hit["document_id"] for hit in workspace.search("bicycle", **body)["results"]}

        assert ids() == {one, two}
        assert ids(collection_ids=[other]) == {two}
        assert ids(collection_ids=[]) == set()
        assert ids(filters={"document_ids": [one]}) == {one}
        assert ids(filters={"document_ids": []}) == set()
        assert len(workspace.search("bicycle", top_k=1)["results"]) == 1

    @pytest.mark.parametrize(
        ("field", "body"),
        [
            ("query", {}), ("query", {"query": ""}), ("query", {"query": " \n"}), ("query", {"query": "a\0"}),
            ("query", {"query": "x" * 100_001}), ("top_k", {"query": "x", "top_k": 0}),
            ("top_k", {"query": "x", "top_k": 101}), ("collection_ids", {"query": "x", "collection_ids": "col"}),
            ("filters.planet", {"query": "x", "filters": {"planet": "mars"}}),
            ("filters.language", {"query": "x", "filters": {"language": "English"}}),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, body: dict[str, Any], workspace: Workspace) -> None:
        check_error(workspace.post("/search", json=body), 400, "VALIDATION_ERROR", field)


class TestIdempotency:
    def test_the_first_reply_again(self, workspace: Workspace) -> None:
        headers = {"Idempotency-Key": "k1"}
        first = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}, headers=headers)
        again = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        assert workspace.get("/api-keys").json()["total"] == 1

    def test_another_body_is_refused(self, workspace: Workspace) -> None:
        headers = {"Idempotency-Key": "k1"}
        workspace.post("/collections", json={"name": "a"}, headers=headers)
        reply = workspace.post("/collections", json={"name": "b"}, headers=headers)
        check_error(reply, 422, "IDEMPOTENCY_KEY_REUSED")
        assert workspace.get("/collections").json()["total"] == 1

    def test_other_keys_and_callers_are_apart(self, workspace: Workspace) -> None:
        for key in ("k1", "k2"):
            workspace.post("/collections", json={"name": "a"}, headers={"Idempotency-Key": key})
        secret = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        workspace.seen_with(secret).post("/collections", json={"name": "a"}, headers={"Idempotency-Key": "k1"})
        assert workspace.get("/collections").json()["total"] == 3

    def test_an_upload_twice_is_one_document(self, workspace: Workspace) -> None:
        first = workspace.upload("Text.", headers={"Idempotency-Key": "k"})
        again = workspace.upload("Text.", headers={"Idempotency-Key": "k"})
        assert (again.status_code, again.json()) == (202, first.json())
        assert workspace.get("/documents").json()["total"] == 1

    def test_an_error_may_be_tried_again(self, workspace: Workspace) -> None:
        headers = {"Idempotency-Key": "k"}
        check_error(workspace.post("/collections", json={"name": ""}, headers=headers), 400)
        assert workspace.post("/collections", json={"name": "a"}, headers=headers).status_code == 201

    def test_one_that_still_runs(self, workspace: Workspace) -> None:
        """As the first request leaves it before it ends: begun, not finished."""
        parts = workspace.shape.parts
        path = f"/api/v1/workspaces/{workspace.id}/collections"
        scope = parts.keys.digest("idempotency", f"{workspace.id} {workspace.account.user_id}\0{path}\0k")
        body = b'{"name": "a"}'
        service = IdempotencyService(parts.database, parts.keys)
        fingerprint = parts.keys.digest("idempotency-body", hashlib.sha256(body).hexdigest())
        assert service.begin(scope, fingerprint) is None
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        check_error(workspace.post("/collections", content=body, headers=headers), 409, "IDEMPOTENCY_IN_PROGRESS")
        service.forget(scope)
        assert workspace.post("/collections", content=body, headers=headers).status_code == 201

    def test_a_reply_is_not_for_ended_credentials(self, workspace: Workspace) -> None:
        made = workspace.post("/api-keys", json={"name": "s", "kind": "secret"}).json()
        seen = workspace.seen_with(made["key"])
        headers = {"Idempotency-Key": "k"}
        assert seen.post("/api-keys", json={"name": "t", "kind": "secret"}, headers=headers).status_code == 201
        workspace.delete(f"/api-keys/{made['id']}")
        reply = seen.post("/api-keys", json={"name": "t", "kind": "secret"}, headers=headers)
        check_error(reply, 401, "INVALID_API_KEY")

    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_refuses_bad_keys(self, key: str, workspace: Workspace) -> None:
        reply = workspace.post("/collections", json={"name": "a"}, headers={"Idempotency-Key": key})
        check_error(reply, 400, field="Idempotency-Key")
