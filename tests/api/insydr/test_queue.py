"""The queue over HTTP: its state, dead letters and their replay, reconciliation, metrics."""

from tests.support.client import Workspace, until


def failed(workspace: Workspace, *names: str) -> list[str]:
    """Ids of documents that failed for good: they hold nothing that could be read."""
    made = [workspace.upload(name.encode() + b"\x00\x01\x02\x03" * 200, name).json()["id"] for name in names]
    for document in made:
        assert workspace.wait(document)["status"] == "FAILED"
    return made


class TestQueue:
    def test_says_what_waits_and_why(self, workspace: Workspace) -> None:
        state = until(lambda: workspace.get("/queue").json(), lambda now: now["state"] == "IDLE")
        assert (state["queued"], state["processing"], state["message"]) == (0, 0, "Nothing waits.")
        assert state["workers"] >= 1

    def test_counts_failures_by_code(self, workspace: Workspace) -> None:
        failed(workspace, "a.bin")
        codes = workspace.get("/queue").json()["failed_by_code"]
        assert sum(codes.values()) == 1


class TestDeadLetters:
    def test_are_listed_with_their_reason(self, workspace: Workspace) -> None:
        (document,), (other,) = failed(workspace, "a.bin"), failed(workspace, "b.bin")  # one after the other
        page = workspace.get("/dead-letters", params={"limit": 1}).json()
        assert page["total"] == 2
        assert page["dead_letters"][0]["document_id"] == other
        letter = workspace.get("/dead-letters", params={"limit": 1, "offset": 1}).json()["dead_letters"][0]
        assert letter["document_id"] == document
        assert letter["error_code"]
        assert letter["error_message"].endswith(".")

    def test_can_be_filtered(self, workspace: Workspace) -> None:
        failed(workspace, "a.bin")
        assert workspace.get("/dead-letters", params={"code": "NO_SUCH_CODE"}).json()["total"] == 0
        assert workspace.get("/dead-letters", params={"collection_id": "col_ghost"}).status_code == 404

    def test_one_is_replayed_by_its_id(self, workspace: Workspace) -> None:
        document, other = failed(workspace, "a.bin", "b.bin")
        job = workspace.post("/dead-letters/replay", json={"document_ids": [document]})
        assert (job.status_code, job.json()["kind"], job.json()["total"]) == (202, "REPLAY", 1)
        ended = workspace.wait_job(job.json()["id"])
        assert (ended["failed"], ended["errors"][0]["document_id"]) == (1, document)
        assert (
            workspace.get(f"/documents/{document}").json()["version"]
            == workspace.get(f"/documents/{other}").json()["version"]
        )

    def test_all_are_replayed_at_once_or_by_code(self, workspace: Workspace) -> None:
        failed(workspace, "a.bin", "b.bin")
        (code,) = workspace.get("/queue").json()["failed_by_code"]
        assert workspace.post("/dead-letters/replay", json={"codes": ["OTHER"]}).json()["total"] == 0
        job = workspace.post("/dead-letters/replay", json={"codes": [code]}).json()
        assert workspace.wait_job(job["id"])["total"] == 2
        job = workspace.post("/dead-letters/replay", json={"all": True}).json()
        assert workspace.wait_job(job["id"])["failed"] == 2

    def test_nothing_named_is_a_mistake(self, workspace: Workspace) -> None:
        reply = workspace.post("/dead-letters/replay", json={})
        assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR")

    def test_an_unknown_id_replays_nothing(self, workspace: Workspace) -> None:
        (document,) = failed(workspace, "a.bin")
        reply = workspace.post("/dead-letters/replay", json={"document_ids": [document, "doc_ghost"]})
        assert (reply.status_code, reply.json()["field"]) == (404, "document_ids")
        assert workspace.get(f"/documents/{document}").json()["status"] == "FAILED"


class TestReconciliation:
    def test_is_a_job_with_a_report(self, workspace: Workspace) -> None:
        workspace.ingest("A document that is well.")
        job = workspace.post("/reconcile", json={}).json()
        ended = workspace.wait_job(job["id"])
        assert (ended["kind"], ended["report"]["repaired"]) == ("RECONCILE", True)
        assert ended["report"]["documents"] == 1


class TestMetrics:
    def test_show_the_queue_and_the_stages(self, workspace: Workspace) -> None:
        document = workspace.upload("A document that is well.").json()["id"]
        workspace.wait(document)
        text = workspace.shape.http.get("/metrics").text
        for name in ("insydr_database_up 1.0", 'insydr_queue_documents{state="due"} 0.0', "insydr_workers 1.0",
                     "insydr_queue_oldest_seconds", 'insydr_ingest_stage_seconds_count{stage="embed"}',
                     'insydr_documents_ended_total{code="",outcome="completed"}',
                     "insydr_outbox_dead 0.0"):  # fmt: skip
            assert name in text
