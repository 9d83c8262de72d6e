"""The main journey, on both shapes: upload → searchable → answered with citations."""

import json

from sqlalchemy import func, select

from core.vectors.protocol import Scope
from domain.models import CachedEmbedding, ChunkRow, Document, DocumentVersion
from tests.support.client import Workspace, until

TEXT = """# Warranty

The frame is guaranteed for ten years. The battery is guaranteed for two years or 500 full charges.

# Opening hours

The workshop opens at nine and closes at six on weekdays. On Saturdays it closes at two.
"""


class TestJourney:
    def test_an_uploaded_document_is_found(self, shaped: Workspace) -> None:
        document = shaped.ingest(TEXT, "guide.md")
        found = shaped.search("How long is the battery guaranteed?")
        assert found["results"][0]["document_id"] == document["id"]
        assert "battery" in found["results"][0]["content"]

    def test_every_quote_stands_in_the_text(self, shaped: Workspace) -> None:
        shaped.ingest(TEXT, "guide.md")
        agent = shaped.agent(response_config={"confidence_threshold": 0})
        reply = shaped.post(f"/agents/{agent['id']}/test", json={"message": "How long is the battery guaranteed?"})
        assert reply.status_code == 200, reply.text
        sources = reply.json()["sources"]
        assert sources
        for source in sources:
            stored = shaped.get(f"/documents/{source['document_id']}/text", params={"version": source["version"]})
            assert stored.json()["text"][source["char_start"] : source["char_end"]] == source["quote"]

    def test_a_batch_in_json_lines_upserts(self, shaped: Workspace) -> None:
        records = [{"external_id": str(n), "title": f"Item {n}", "text": f"Item number{n} is blue."} for n in range(40)]
        job = shaped.wait_job(shaped.batch("\n".join(map(json.dumps, records))).json()["id"])
        assert (job["status"], job["completed"], job["failed"]) == ("COMPLETED", 40, 0)
        records[7]["text"] = "Item number7 is now green."
        again = shaped.wait_job(shaped.batch("\n".join(map(json.dumps, records))).json()["id"])
        assert (again["completed"], again["failed"]) == (40, 0)
        versions = {
            row["external_id"]: row["version"] for row in shaped.get("/documents?limit=200").json()["documents"]
        }
        assert versions == {str(n): 2 if n == 7 else 1 for n in range(40)}
        assert "green" in shaped.search("number7")["results"][0]["content"]

    def test_reprocess_flips_to_a_new_version(self, shaped: Workspace) -> None:
        document = shaped.ingest(TEXT, "guide.md")
        shaped.post(f"/documents/{document['id']}/reprocess")
        assert shaped.wait(document["id"])["live_version"] == 2
        hits = shaped.search("battery", top_k=100)["results"]
        assert hits
        assert {hit["version"] for hit in hits} == {2}
        vectors = shaped.shape.parts.vectors
        old = Scope(shaped.id, document_ids=(document["id"],), version=1)
        until(lambda: vectors.count(old), lambda left: left == 0)

    def test_delete_leaves_nothing(self, shaped: Workspace) -> None:
        document = shaped.ingest(TEXT, "guide.md")
        shaped.post(f"/documents/{document['id']}/reprocess")
        shaped.wait(document["id"])
        shaped.delete(f"/documents/{document['id']}")
        assert shaped.search("battery")["results"] == []
        until(lambda: left_of(shaped), lambda left: not left)

    def test_deleting_a_collection_leaves_nothing_and_ends_its_jobs(self, shaped: Workspace) -> None:
        records = [json.dumps({"text": f"Sentence number {n}."}) for n in range(30)]
        job = shaped.batch("\n".join(records)).json()
        shaped.delete(f"/collections/{shaped.collection}")
        ended = shaped.wait_job(job["id"])
        assert ended["completed"] + ended["cancelled"] == 30
        until(lambda: left_of(shaped), lambda left: not left)

    def test_text_with_nul_characters(self, shaped: Workspace) -> None:
        reply = shaped.upload(b"One\x00 sentence about zebras. " * 20, "a.txt")
        assert shaped.wait(reply.json()["id"])["status"] in ("COMPLETED", "FAILED")

    def test_all_text_that_json_can_hold_is_answered(self, shaped: Workspace) -> None:
        """PostgreSQL takes less than SQLite: nothing of what a caller sends may crash there."""
        for text in ("a\ufffe b", "\U0001f600", "\u202e", "%00", "'; drop table users; --", "\\u0000"):
            assert shaped.search(text)["total"] >= 0
            assert shaped.post("/collections", json={"name": f"n{text}", "description": text}).status_code == 201
            assert shaped.get("/documents", params={"search": text}).status_code == 200


def left_of(workspace: Workspace) -> dict[str, int]:
    """What documents leave: rows, points, files."""
    parts = workspace.shape.parts
    tables = (Document, DocumentVersion, ChunkRow, CachedEmbedding)
    with parts.database.read() as session:
        found = {
            table.__tablename__: session.scalar(
                select(func.count()).select_from(table).where(table.workspace_id == workspace.id)
            )
            for table in tables
        }
    found["points"] = parts.vectors.count(Scope(workspace.id))
    found["blobs"] = len(list(parts.blobs.keys(f"{workspace.id}/")))
    return {name: count for name, count in found.items() if count}
