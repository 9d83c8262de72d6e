"""CONTRACT, Insydr row 5: collections and documents."""

from collections.abc import Iterator

import pytest

from tests.support.client import Workspace, check_error


class TestCollections:
    def test_create_list_get_change_delete(self, workspace: Workspace) -> None:
        body = {"name": "Product Documentation", "description": "All product-related docs"}
        made = workspace.post("/collections", json=body)
        assert made.status_code == 201
        collection = made.json()
        assert {"id", "name", "description", "document_count", "created_at"} == collection.keys()
        assert workspace.get("/collections").json() == {"collections": [collection], "total": 1}
        path = f"/collections/{collection['id']}"
        assert workspace.get(path).json() == collection
        tag = workspace.get(path).headers["etag"]
        assert workspace.patch(path, json={"name": "New"}, headers={"If-Match": tag}).json()["name"] == "New"
        check_error(workspace.patch(path, json={"name": "Old"}, headers={"If-Match": tag}), 412)
        assert workspace.delete(path).status_code == 200
        check_error(workspace.get(path), 404, "COLLECTION_NOT_FOUND")
        check_error(workspace.upload("x", collection_id=collection["id"]), 404, "COLLECTION_NOT_FOUND", "collection_id")

    @pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "\0\u200b"}, {"name": "n", "description": "x" * 2001}])
    def test_refuses_bad_fields(self, body: dict[str, str], workspace: Workspace) -> None:
        check_error(workspace.post("/collections", json=body), 400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("name", ["Bike\nGuides", " Bike \t Guides\0", "Bike\u2028\u200bGuides\ufeff"])
    def test_names_are_put_on_one_line(self, name: str, workspace: Workspace) -> None:
        made = workspace.post("/collections", json={"name": name, "description": "One\nTwo"}).json()
        assert (made["name"], made["description"]) == ("Bike Guides", "One\nTwo")
        renamed = workspace.patch(f"/collections/{made['id']}", json={"name": "a" + name + " " * 300})
        assert renamed.json()["name"].removeprefix("a").strip() == "Bike Guides"


class TestUpload:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        reply = workspace.upload("Some text.", "User Guide.txt")
        assert reply.status_code == 202
        made = reply.json()
        expected = ("User Guide.txt", "PROCESSING", "Document queued for processing")
        assert (made["title"], made["status"], made["message"]) == expected

    def test_takes_title_metadata_and_language(self, workspace: Workspace) -> None:
        document = workspace.ingest("Ein Satz.", title="Mein Titel", metadata='{"team": "a"}', language="de")
        assert (document["title"], document["metadata"], document["language"]) == ("Mein Titel", {"team": "a"}, "de")

    def test_the_same_file_twice(self, workspace: Workspace) -> None:
        first = workspace.upload("Same.", "a.txt").json()["id"]
        again = workspace.upload("Same.", "b.txt")
        check_error(again, 409, "DUPLICATE_DOCUMENT")
        assert again.json()["existing_id"] == first
        assert workspace.upload("Same.", "b.txt", params={"duplicates": "allow"}).status_code == 202
        assert workspace.upload("Same.", "b.txt", collection_id=workspace.new_collection("Else")).status_code == 202

    def test_an_external_id_is_a_new_version(self, workspace: Workspace) -> None:
        first = workspace.ingest("One.", external_id="page-1")
        second = workspace.ingest("Two.", external_id="page-1")
        assert (second["id"], second["version"]) == (first["id"], 2)

    def test_unchanged_content_is_no_new_version(self, workspace: Workspace) -> None:
        first = workspace.ingest("One.", external_id="page-1")
        blobs = list(workspace.shape.parts.blobs.keys(workspace.id))
        again = workspace.upload("One.", external_id="page-1")
        assert again.status_code == 202
        assert (again.json()["id"], again.json()["status"]) == (first["id"], "COMPLETED")
        assert workspace.get(f"/documents/{first['id']}").json()["version"] == 1
        assert list(workspace.shape.parts.blobs.keys(workspace.id)) == blobs

    @pytest.mark.parametrize("name", ["../x.txt", "a/../../x.txt", "/etc/passwd", "..", ".\x01./x.txt", "..\\x.txt"])
    def test_refuses_hostile_names(self, name: str, workspace: Workspace, nothing_stored: None) -> None:
        check_error(self._raw(workspace, name), 400, "INVALID_FILE_NAME", "file")

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("a\x01b.txt", "ab.txt"),
            ("a\u2028b\u200b.txt", "a b.txt"),
            ("a%0D%0Ab.txt", "a b.txt"),
            ("a\tb.txt", "a b.txt"),
        ],
    )
    def test_puts_names_on_one_line(self, name: str, kept: str, workspace: Workspace) -> None:
        made = self._raw(workspace, name)
        assert (made.status_code, made.json()["title"]) == (202, kept)
        assert workspace.get(f"/documents/{made.json()['id']}").json()["file_name"] == kept

    @pytest.mark.parametrize(
        "title", ["Bike\nGuide", "\r\n Bike\t\u2028Guide\u200b", "\ufeffBi\0ke  Guide", "Bike Guide" + " " * 600]
    )
    def test_puts_titles_on_one_line(self, title: str, workspace: Workspace) -> None:
        assert workspace.upload("Text.", title=title).json()["title"] == "Bike Guide"

    def test_a_title_that_shows_nothing_is_none(self, workspace: Workspace) -> None:
        assert workspace.upload("Text.", "a.txt", title="\n\u200b").json()["title"] == "a.txt"

    @staticmethod
    def _raw(workspace: Workspace, name: str):  # type: ignore[no-untyped-def]
        """As a hostile client writes it, nothing escaped."""
        part = b'--b\r\nContent-Disposition: form-data; name="collection_id"\r\n\r\n' + workspace.collection.encode()
        head = f'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return workspace.post("/documents", content=part + head + b"text\r\n--b--\r\n", headers=headers)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "x" * 501), ("metadata", "[]"), ("metadata", "{"), ("metadata", '{"a": NaN}'),
            ("metadata", '{"a": "\\u0000"}'), ("metadata", '{"a": "\\udc00"}'), ("metadata", "[" * 10_000),
            ("language", "english"), ("language", "e\0"), ("external_id", "a\nb"),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, value: str, workspace: Workspace, nothing_stored: None) -> None:
        check_error(workspace.upload("text", **{field: value}), 400, "VALIDATION_ERROR", field)

    def test_refuses_an_unknown_collection(self, workspace: Workspace, nothing_stored: None) -> None:
        for unknown in ("col_none", "a\0b"):
            reply = workspace.upload("text", collection_id=unknown)
            assert reply.status_code in (400, 404)
            check_error(reply, reply.status_code, field="collection_id")

    def test_refuses_an_empty_file(self, workspace: Workspace, nothing_stored: None) -> None:
        check_error(workspace.upload(b""), 400, "EMPTY_DOCUMENT", "file")

    def test_refuses_forms_without_a_file(self, workspace: Workspace) -> None:
        check_error(workspace.post("/documents", data={"collection_id": workspace.collection}), 400, field="file")
        body = {"collection_id": workspace.collection, "file": "text"}
        check_error(workspace.post("/documents", json=body), 400)
        headers = {"Content-Type": "multipart/form-data"}
        check_error(workspace.post("/documents", content=b"no boundary", headers=headers), 400)

    def test_too_large_by_its_length(self, workspace: Workspace, nothing_stored: None) -> None:
        check_error(workspace.upload(b"x" * (9 * 2**20)), 413, "PAYLOAD_TOO_LARGE")

    def test_too_large_while_it_streams(self, workspace: Workspace, nothing_stored: None) -> None:
        def body() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            for _ in range(9 * 16):
                yield b"x" * 2**16

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        reply = workspace.post("/documents", content=body(), headers=headers)
        assert "content-length" not in reply.request.headers
        check_error(reply, 413, "PAYLOAD_TOO_LARGE")

    def test_too_large_json(self, workspace: Workspace) -> None:
        def body() -> Iterator[bytes]:
            yield b'{"name": "'
            for _ in range(5 * 16):
                yield b"x" * 2**16

        headers = {"Content-Type": "application/json"}
        check_error(workspace.post("/collections", content=body(), headers=headers), 413, "PAYLOAD_TOO_LARGE")

    def test_a_type_that_nobody_reads(self, workspace: Workspace) -> None:
        reply = workspace.upload(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8, "tool.bin")
        document = workspace.wait(reply.json()["id"])
        assert (document["status"], document["retryable"], document["live_version"]) == ("FAILED", False, None)
        assert document["error_code"]
        assert document["error_message"]


@pytest.fixture
def nothing_stored(workspace: Workspace) -> Iterator[None]:
    """What is refused leaves no document and no file."""
    yield
    assert workspace.get("/documents").json()["total"] == 0
    assert list(workspace.shape.parts.blobs.keys(workspace.id)) == []


class TestList:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        workspace.ingest("Some text.", "User Guide.txt")
        listed = workspace.get("/documents").json()
        assert listed["total"] == 1
        row = listed["documents"][0]
        assert {"id", "title", "source_type", "status", "chunk_count", "created_at"} <= row.keys()
        assert (row["source_type"], row["status"], row["chunk_count"]) == ("FILE", "COMPLETED", 1)

    def test_filters(self, workspace: Workspace) -> None:
        other = workspace.new_collection("Other")
        one = workspace.ingest("Text one.", "100% Guide_a.txt")["id"]
        two = workspace.ingest("Text two.", "Manual.txt", collection_id=other)["id"]

        def ids(**query: object) -> list[str]:
            return [row["id"] for row in workspace.get("/documents", params=query).json()["documents"]]

        assert ids() == [two, one]
        assert ids(collection_id=other) == [two]
        assert ids(search="guide") == [one]
        assert ids(search="%") == [one]
        assert ids(search="e_a") == [one]
        assert ids(status="COMPLETED") == [two, one]
        assert ids(status="PROCESSING") == []
        assert ids(limit=1, offset=1) == [one]

    @pytest.mark.parametrize("query", [{"status": "LOST"}, {"limit": 201}, {"offset": -1}, {"search": "x" * 201}])
    def test_refuses_bad_filters(self, query: dict[str, object], workspace: Workspace) -> None:
        check_error(workspace.get("/documents", params=query), 400, "VALIDATION_ERROR", next(iter(query)))

    def test_nul_in_path_and_query(self, workspace: Workspace) -> None:
        check_error(workspace.get("/documents", params={"search": "a\0b"}), 400)
        check_error(workspace.get("/documents/a%00b"), 400)


class TestGet:
    def test_answers_as_the_seed_says(self, workspace: Workspace) -> None:
        document = workspace.ingest("Some text in English, which is long enough to be recognised.", "guide.txt")
        keys = {"id", "title", "source_type", "source_url", "file_path", "status", "language", "chunk_count"}
        assert keys | {"token_count", "versions", "chunks_preview", "created_at"} <= document.keys()
        assert (document["source_url"], document["language"]) == (None, "en")
        assert document["versions"][0]["version"] == 1
        preview = document["chunks_preview"][0]
        assert set(preview) == {"chunk_index", "content_preview", "token_count"}
        assert document["token_count"] >= preview["token_count"] > 0

    def test_text_chunks_and_original(self, workspace: Workspace) -> None:
        raw = "Grüße aus der Werkstatt.\n\nZweiter Absatz."
        path = f"/documents/{workspace.ingest(raw)['id']}"
        text = workspace.get(f"{path}/text").json()
        assert text["version"] == 1
        chunks = workspace.get(f"{path}/chunks").json()
        assert chunks["total"] == len(chunks["chunks"])
        for chunk in chunks["chunks"]:
            assert text["text"][chunk["char_start"] : chunk["char_end"]] == chunk["content"]
        original = workspace.get(f"{path}/original")
        assert original.content == raw.encode()
        assert original.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in original.headers["content-security-policy"]

    def test_unknown_versions(self, workspace: Workspace) -> None:
        path = f"/documents/{workspace.ingest('Text.')['id']}"
        check_error(workspace.get(f"{path}/text", params={"version": 2}), 404, "VERSION_NOT_FOUND")
        check_error(workspace.get(f"{path}/text", params={"version": 0}), 400, field="version")


class TestPatch:
    def test_a_new_title_is_searchable(self, workspace: Workspace) -> None:
        document = workspace.ingest("Ten years on the frame.", "a.txt")
        changed = workspace.patch(
            f"/documents/{document['id']}", json={"title": "Zebra warranty", "metadata": {"a": 1}}
        )
        assert (changed.json()["title"], changed.json()["metadata"]) == ("Zebra warranty", {"a": 1})
        assert workspace.wait(document["id"])["live_version"] == 2
        assert workspace.search("zebra")["results"][0]["title"] == "Zebra warranty"

    @pytest.mark.parametrize("body", [{"title": None}, {"title": " "}, {"title": "x" * 201}, {"metadata": None}])
    def test_refuses_bad_fields(self, body: dict[str, object], workspace: Workspace) -> None:
        document = workspace.upload("Text.").json()
        check_error(workspace.patch(f"/documents/{document['id']}", json=body), 400, field=next(iter(body)))

    def test_a_title_is_put_on_one_line(self, workspace: Workspace) -> None:
        path = f"/documents/{workspace.ingest('Text.')['id']}"
        assert workspace.patch(path, json={"title": " Two\r\nlines\0\u202e "}).json()["title"] == "Two lines"
        check_error(workspace.patch(path, json={"title": "\n\u200b\0"}), 400, field="title")

    def test_if_match(self, workspace: Workspace) -> None:
        document = workspace.ingest("Text.")
        path = f"/documents/{document['id']}"
        tag = workspace.get(path).headers["etag"]
        assert workspace.patch(path, json={"metadata": {"a": 1}}, headers={"If-Match": tag}).status_code == 200
        check_error(workspace.patch(path, json={"metadata": {}}, headers={"If-Match": tag}), 412)
        check_error(workspace.delete(path, headers={"If-Match": tag}), 412)


class TestEnd:
    def test_delete_and_reprocess(self, workspace: Workspace) -> None:
        document = workspace.ingest("Text.")
        path = f"/documents/{document['id']}"
        again = workspace.post(f"{path}/reprocess")
        assert (again.status_code, again.json()["status"]) == (202, "PROCESSING")
        assert workspace.wait(document["id"])["live_version"] == 2
        check_error(workspace.post(f"{path}/cancel"), 409, "NOT_PROCESSING")
        assert workspace.delete(path).json()["message"] == "Document deleted"
        for suffix in ("", "/text", "/chunks", "/original", "/events"):
            check_error(workspace.get(path + suffix), 404, "DOCUMENT_NOT_FOUND")
        check_error(workspace.delete(path), 404, "DOCUMENT_NOT_FOUND")
        assert workspace.search("Text")["results"] == []
