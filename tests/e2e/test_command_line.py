"""The command line beside a running server. Servers and workers are processes of their own."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from evals.faults.processes import Child, free_port, wait_for_port
from tests.support.client import until
from tests.support.services import fresh_postgres, fresh_redis
from tests.support.site import Site
from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A server runs, an account is there, three files are ingested, one of which cannot be read."""
    folder = tmp_path_factory.mktemp("terminal")
    made, port = Terminal(folder), free_port()
    files = folder / "files"
    files.mkdir()
    (files / "guide.md").write_text("# Guide\n\nThe zanzibar lever opens the vault.")
    (files / "prices.csv").write_text("item,price\nlamp,12\n")
    (files / "broken.bin").write_bytes(b"\x00\x01\x02\x03" * 300)
    made.run("users", "create", "--email", "cli@example.com", "--password", "correct horse")
    server = made.start("serve", "--port", str(port))
    try:
        wait_for_port(port)
        answer = made.json("ingest", str(files), status=2)
        assert (answer["completed"], answer["failed"]) == (2, 1)
        yield made
    finally:
        server.terminate()
        server.wait(30)


class TestKnowledge:
    def test_search_and_ask(self, terminal: Terminal) -> None:
        assert "zanzibar" in terminal.json("search", "zanzibar lever")["results"][0]["content"]
        assert "zanzibar" in terminal.json("ask", "What opens the vault?", "--threshold", "0")["response"]

    def test_ask_explains(self, terminal: Terminal) -> None:
        told = terminal.run("ask", "What opens the vault?", "--threshold", "0", "--explain")
        assert "telling words. (coverage" in told
        assert "Time in ms: embed" in told

    def test_calibrate(self, terminal: Terminal, tmp_path: Path) -> None:
        made = [terminal.json("ask", "What opens the vault?", "--threshold", "0")["message_id"] for _ in range(2)]
        labels = tmp_path / "labels.csv"
        labels.write_text("".join(["message_id,right\n", *(f"{one},yes\n" for one in made)]))
        told = terminal.run("calibrate", str(labels))
        assert told.startswith("2 answers are labelled, 2 of them right.")
        labels.write_text("message_id,right\nmsg_1,perhaps\n")
        assert "label 1: give message_id and right" in terminal.run("calibrate", str(labels), status=1)

    def test_documents(self, terminal: Terminal) -> None:
        listed = terminal.json("documents")
        assert listed["total"] == 3
        assert "prices.csv" in terminal.run("documents", "--status", "COMPLETED")

    def test_plans(self, terminal: Terminal) -> None:
        """Beside the running server."""
        assert terminal.json("plan", "set", "starter")["plan"] == "STARTER"
        assert terminal.json("plan", "show")["limits"]["agents"] == 3
        assert "has the plan ENTERPRISE" in terminal.run("plan", "set", "ENTERPRISE")
        assert "There is no plan 'GOLD'" in terminal.run("plan", "set", "GOLD", status=1)

    def test_doctor(self, terminal: Terminal) -> None:
        told = terminal.json("doctor")
        assert told["ok"] is True
        (queue,) = [finding["text"] for finding in told["findings"] if finding["part"] == "queue"]
        assert queue.startswith(("IDLE", "WORKING"))
        assert queue.endswith("1 failed")


class TestQueue:
    def test_says_that_nothing_waits_and_what_failed(self, terminal: Terminal) -> None:
        ends = time.monotonic() + PATIENCE_S
        while (state := terminal.json("queue"))["state"] != "IDLE" and time.monotonic() < ends:
            pass
        assert state["state"] == "IDLE"
        (code,) = state["failed_by_code"]
        assert code in terminal.run("queue")

    def test_dead_letters_are_listed_and_replayed(self, terminal: Terminal) -> None:
        (letter,) = terminal.json("dead-letters")["dead_letters"]
        assert letter["error_code"] in terminal.run("dead-letters")
        again = terminal.json("dead-letters", letter["document_id"], status=2)
        assert (again["total"], again["failed"]) == (1, 1)
        assert terminal.json("dead-letters", "--replay", "--code", "NO_SUCH_CODE")["total"] == 0
        assert "not both" in terminal.run("dead-letters", letter["document_id"], "--replay", status=1)

    def test_dead_jobs(self, terminal: Terminal) -> None:
        assert terminal.json("dead-letters", "--jobs") == {"jobs": [], "total": 0}
        assert terminal.json("dead-letters", "--jobs", "--replay") == {"replayed": 0}

    def test_reconcile(self, terminal: Terminal) -> None:
        report = terminal.json("reconcile")
        assert (report["documents"], report["found"]) == (3, {})
        assert "Nothing differs" in terminal.run("reconcile")


class TestMistakes:
    def test_a_path_that_is_not_there(self, terminal: Terminal) -> None:
        assert "does not exist" in terminal.run("ingest", "/no/such/file", status=1)

    def test_a_second_server_on_the_same_folder(self, terminal: Terminal) -> None:
        assert "runs already at http" in terminal.run("serve", "--port", "0", status=1)


class TestMoving:
    """A backup beside the running server, a restore into another folder, and from there to the scaled-out shape."""

    @pytest.fixture(scope="class")
    def restored(self, terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
        folder = tmp_path_factory.mktemp("restored")
        file = folder / "backup.tar"
        assert terminal.json("backup", str(file))["tables"]["documents"] == 3
        assert "exists already" in terminal.run("backup", str(file), status=1)
        assert "runs already" in terminal.run("restore", str(file), status=1)
        other = Terminal(folder)
        other.run("doctor")  # makes a secret of its own, which the backup's replaces
        assert "3 documents" in other.run("restore", str(file))
        assert "not empty" in other.run("restore", str(file), status=1)
        return other

    def test_what_is_restored_is_searchable(self, restored: Terminal) -> None:
        with serving(restored, "serve"):
            found = until(lambda: restored.json("search", "zanzibar lever")["results"], bool)
            assert "zanzibar" in found[0]["content"]

    def test_and_can_be_moved_to_the_scaled_out_shape(self, restored: Terminal, tmp_path: Path) -> None:
        with fresh_postgres() as database, fresh_redis() as broker, standin(tmp_path) as qdrant:
            config = tmp_path / "scaled.toml"
            config.write_text(
                f'database_url = "{database}"\nbroker_url = "{broker}"\nqdrant_url = "{qdrant}"\n'
                f'blob_url = "file://{tmp_path}/blobs"\ndata_dir = "{tmp_path}/data"\nembedding_model = "fake"\n'
            )
            told = restored.run("migrate", "--to", str(config))
            secret = Path(restored.environment["INSYDR_DATA_DIR"], "secret.key")
            assert str(secret) in told
            assert secret.read_text() not in told
            moved = Terminal(tmp_path)
            del moved.environment["INSYDR_DATA_DIR"], moved.environment["INSYDR_EMBEDDING_MODEL"]
            moved.environment |= {"INSYDR_CONFIG": str(config), "INSYDR_SECRET_KEY": secret.read_text()}
            with serving(moved, "worker", listens=False), serving(moved, "serve") as url:
                assert login(url).status_code == 200
                found = until(lambda: moved.json("search", "zanzibar lever")["results"], bool)
                assert "zanzibar" in found[0]["content"]


@contextmanager
def serving(terminal: Terminal, command: str, *, listens: bool = True) -> Iterator[str]:
    port = free_port()
    process = terminal.start(command, *(["--port", str(port)] if listens else []))
    try:
        if listens:
            wait_for_port(port)
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def standin(folder: Path) -> Iterator[str]:
    port = free_port()
    child = Child(
        ["evals.faults.qdrant_standin", str(port), str(folder / "qdrant")], dict(os.environ), folder / "qdrant.log"
    )
    child.start()
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()


def login(url: str) -> httpx.Response:
    body = {"email": "cli@example.com", "password": "correct horse"}
    return httpx.post(f"{url}/auth/login", json=body, trust_env=False)


class TestCrawl:
    @pytest.fixture(scope="class")
    def pages(self) -> Iterator[Site]:
        with Site() as site:
            site.html("/", "Start", "<p>The start of a small site.</p>", links=["/lighthouse", "/broken"])
            site.html("/lighthouse", "Lighthouse", "<p>The pharos beam reaches twenty miles.</p>")
            yield site

    def test_dry_run_lists_and_stores_nothing(self, terminal: Terminal, pages: Site) -> None:
        shown = terminal.run("crawl", pages.url(), "--dry-run", "--collection", "Site")
        assert f"FETCH  {pages.url('/lighthouse')}" in shown
        assert "2 of 3 URLs would be fetched." in shown
        assert {one["source_type"] for one in terminal.json("documents")["documents"]} == {"FILE"}

    def test_crawls_and_crawls_again(self, terminal: Terminal, pages: Site) -> None:
        first = terminal.json("crawl", pages.url(), "--collection", "Site", status=2)  # a broken link
        assert (first["crawl"]["last_run"]["new"], first["failed"][0]["url"]) == (2, pages.url("/broken"))
        assert "pharos" in terminal.json("search", "pharos beam", "--collection", "Site")["results"][0]["content"]
        again = terminal.run("crawl", pages.url(), "--collection", "Site", status=2)
        assert "0 new, 2 unchanged" in again
        assert f"failed: {pages.url('/broken')}  – " in again

    def test_what_cannot_be_crawled(self, terminal: Terminal) -> None:
        assert "cannot be crawled" in terminal.run("crawl", "ftp://example.com", status=1)
        assert "not public" in terminal.run("crawl", "http://10.0.0.1", status=1)
