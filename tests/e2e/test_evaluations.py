"""`insydr eval` on a real server: ingest once, ask, stop and go on, compare; a set, a site, a file of one's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from evals.datasets.load import load
from evals.datasets.model import DataSetError
from evals.quality import run as running_run
from evals.quality.commands import Order, compare, evaluate
from evals.quality.rows import Row, read_rows
from insydr.client import Client
from insydr.commands import evaluating
from retrieval.answers import DEFAULT_THRESHOLD
from tests.support.client import Workspace
from tests.support.evaluation import json_lines, tea_set
from tests.support.terminal import Terminal

QUIET = Order(as_json=True)


@pytest.fixture(autouse=True)
def _few_resamples(few_resamples: None) -> None:
    """Intervals are not what is asked here."""


@pytest.fixture
def client(workspace: Workspace) -> Iterator[Client]:
    http = workspace.shape.http
    before = dict(http.headers)
    http.headers["Authorization"] = f"Bearer {workspace.token}"
    yield Client(http, workspace.id, "My Company")
    http.headers.clear()
    http.headers.update(before)


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    return tea_set(tmp_path / "tea")


def stop_after(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Asking ends as by Ctrl-C once so many rows are there."""
    ask, left = running_run._asked, iter(range(rows))

    def asked(*arguments: Any) -> Row:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return ask(*arguments)

    monkeypatch.setattr(running_run, "_asked", asked)


class TestSet:
    def test_documents_are_ingested_once(self, client: Client, tea: Path, tmp_path: Path) -> None:
        first = evaluate(client, load(tea), tmp_path / "one", QUIET)
        second = evaluate(client, load(tea), tmp_path / "two", QUIET)
        assert first["collection"] == second["collection"]
        assert first["collection"].startswith("eval tea ")
        assert len(client.collections()) == 1
        assert client.call("GET", "/documents")["total"] == 3
        assert client.call("GET", "/documents")["documents"][0]["version"] == 1

    def test_rows_have_what_was_found(self, client: Client, tea: Path, tmp_path: Path) -> None:
        evaluate(client, load(tea), tmp_path / "one", QUIET)
        one, _, unanswerable = read_rows(tmp_path / "one")
        assert set(one.rankings) == {"hybrid", "dense", "sparse"}
        assert one.rankings["sparse"][0] == one.gold[0].document_id
        assert one.cited[0].title == "Green tea"
        assert "two minutes" in one.answer
        assert (unanswerable.answerable, unanswerable.gold) == (False, [])
        assert 0 <= unanswerable.confidence <= 1
        assert json.loads((tmp_path / "one" / "run.json").read_text())["threshold"] == DEFAULT_THRESHOLD

    def test_without_baselines(self, client: Client, tea: Path, tmp_path: Path) -> None:
        report = evaluate(client, load(tea), tmp_path / "one", Order(baselines=False, as_json=True))
        assert list(report["figures"]["ranking"]) == ["hybrid"]


class TestDocumentsThatCannotBeTaken:
    def test_are_counted_and_tried_again(self, client: Client, tea: Path, tmp_path: Path) -> None:
        with (tea / "corpus.jsonl").open("a") as file:
            file.write(json.dumps({"_id": "a\u0007b", "title": "Red\ntea", "text": "Red tea."}) + "\n")
            file.write(json.dumps({"_id": "red", "title": "Red\u0007 tea", "text": "Red tea is steeped long."}) + "\n")
        for name in ("one", "two"):
            report = evaluate(client, load(tea), tmp_path / name, QUIET)
            assert report["notes"] == ["1 documents are not searchable: they were refused or could not be read."]
        titles = {row["title"] for row in client.call("GET", "/documents")["documents"]}
        assert titles == {"Green tea", "Black tea", "White tea", "Red tea"}


class TestStopped:
    def test_goes_on_where_it_stopped(
        self, client: Client, tea: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            stop_after(patch, 2)
            with pytest.raises(KeyboardInterrupt):
                evaluate(client, load(tea), tmp_path / "one", QUIET)
        assert [one.id for one in read_rows(tmp_path / "one")] == ["q1", "q2"]
        report = evaluate(client, load(tea), tmp_path / "one", QUIET)
        assert (report["asked"], report["kept"], report["figures"]["questions"]) == (1, 2, 3)
        assert evaluate(client, load(tea), tmp_path / "one", QUIET)["asked"] == 0

    def test_other_settings_are_another_run(self, client: Client, tea: Path, tmp_path: Path) -> None:
        evaluate(client, load(tea), tmp_path / "one", QUIET)
        json_lines(tea / "queries.jsonl", [{"_id": "q1", "text": "Is green tea steeped long?"}])
        with pytest.raises(Conflict, match=r"other settings \(fingerprint\)"):
            evaluate(client, load(tea), tmp_path / "one", QUIET)
        report = evaluate(client, load(tea), tmp_path / "one", Order(again=True, as_json=True))
        assert (report["asked"], report["figures"]["questions"]) == (1, 1)


class TestOwnQuestions:
    def test_are_asked_of_documents_that_are_there(self, client: Client, workspace: Workspace, tmp_path: Path) -> None:
        workspace.ingest("Green tea is steeped for two minutes.", "tea/green.txt")
        workspace.ingest("Black tea is steeped for four minutes.", "black.txt")
        questions = [
            {"question": "How long is green tea steeped?", "answers": ["two minutes"], "documents": ["tea/green.txt"]},
            {"question": "Who is the king of Zanzibar?", "answerable": False},
        ]
        json_lines(tmp_path / "mine.jsonl", questions)
        report = evaluate(
            client, load(tmp_path / "mine.jsonl"), tmp_path / "mine", Order(collection="Docs", as_json=True)
        )
        assert report["figures"]["answers"]["citation_recall"]["value"] == 1.0
        assert len(client.collections()) == 1

    def test_a_document_that_is_not_there(self, client: Client, workspace: Workspace, tmp_path: Path) -> None:
        workspace.ingest("Green tea.", "green.txt")
        json_lines(tmp_path / "mine.jsonl", [{"question": "How?", "documents": ["red.txt"]}])
        with pytest.raises(NotFound, match=r"Question 1 names a document 'red\.txt', which is not in"):
            evaluate(client, load(tmp_path / "mine.jsonl"), tmp_path / "mine", QUIET)

    def test_a_name_of_two_documents(self, client: Client, workspace: Workspace, tmp_path: Path) -> None:
        for name in ("a/tea.txt", "b/tea.txt"):
            workspace.ingest(f"Tea of {name}.", name, title="Tea")
        json_lines(tmp_path / "mine.jsonl", [{"question": "How?", "documents": ["Tea"]}])
        with pytest.raises(InvalidInput, match="There are 2 documents 'Tea'"):
            evaluate(client, load(tmp_path / "mine.jsonl"), tmp_path / "mine", QUIET)


class TestSite:
    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        for name, count in {"faq/green.html": "two", "black.html": "four"}.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"<html><body><h1>Tea</h1><p>This tea of {name[:-5]} steeps {count} minutes.</p></body></html>"
            )
        question = {"_id": "s1", "text": "How long does the tea of black steep?", "gold_page": "black.html"}
        passage = {"answer_text": "Mind : This tea of black steeps four minutes ."}
        json_lines(tmp_path / "faq" / "questions.jsonl", [question | passage])
        return tmp_path / "site"

    def test_its_pages_are_the_documents(self, client: Client, site: Path, tmp_path: Path) -> None:
        report = evaluate(client, load(tmp_path / "faq", pages=site), tmp_path / "one", QUIET)
        assert report["figures"]["ranking"]["hybrid"]["hit@1"]["value"] == 1.0
        assert report["figures"]["answers"]["right"]["value"] == 1.0

    def test_needs_the_pages(self, site: Path, tmp_path: Path) -> None:
        with pytest.raises(DataSetError, match="--site"):
            load(tmp_path / "faq")
        (site / "black.html").unlink()
        with pytest.raises(DataSetError, match="lacks 1 of the pages"):
            load(tmp_path / "faq", pages=site)


class TestCommand:
    def test_runs_and_compares(self, tea: Path, tmp_path: Path) -> None:
        terminal, out = Terminal(tmp_path), ("--out", str(tmp_path / "runs"))
        told = terminal.run("eval", "run", str(tea), str(tea_set(tmp_path / "other")), *out, "--threshold", "0.5")
        assert "tea: 3 questions" in told
        assert "report.html" in told
        found = terminal.json("eval", "compare", "tea", str(tmp_path / "runs" / "other"), *out)
        assert found["questions"] == 3
        assert found["figures"]["ndcg@10"]["difference"]["value"] == 0.0
        assert "better/worse" in terminal.run("eval", "compare", "tea", "other", *out)
        assert "There is no run in" in terminal.run("eval", "compare", "tea", "none", *out, status=1)

    def test_options_that_do_not_fit(self, tea: Path, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        assert "brings its documents" in terminal.run("eval", "run", str(tea), "-c", "Docs", status=1)
        assert "have one name" in terminal.run("eval", "run", str(tea), str(tea), status=1)
        assert "is not there" in terminal.run("eval", "run", str(tmp_path / "nothing"), status=1)

    def test_without_the_source_tree(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(name: str) -> Any:
            raise ModuleNotFoundError(f"No module named {name!r}", name="evals.quality")

        monkeypatch.setattr(evaluating, "import_module", missing)
        assert "needs the source tree" in Terminal(tmp_path).run("eval", "compare", "a", "b", status=1)


def test_comparing_needs_two_runs(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="insydr eval run"):
        compare("a", "b", tmp_path, as_json=True)
