"""Reading of data sets: each kind by its folder, and faults told by line."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.datasets.load import load, sampled
from evals.datasets.model import DataSetError


def lines(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "tea"
    lines(
        folder / "corpus.jsonl",
        {"_id": "d1", "title": "Tea", "text": "Green tea is steeped for two minutes in the pot."},
        {"_id": "d2", "title": "", "text": "Black tea is steeped for four minutes in the pot."},
        {"_id": "d3", "title": "Empty", "text": "  "},
    )
    lines(
        folder / "queries.jsonl",
        {"_id": "q1", "text": "How long is green tea steeped?", "answers": ["two minutes"]},
        {"_id": "q2", "text": "Who invented tea?", "is_impossible": True},
        {"_id": "q3", "text": "A question of another split"},
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq3\td2\t1\n")
    return folder


class TestFolder:
    def test_documents_with_text_and_questions_with_judgements(self, beir: Path) -> None:
        found = load(beir)
        assert [(one.id, one.title) for one in found.sources] == [("d1", "Tea"), ("d2", None)]
        assert [one.id for one in found.questions] == ["q1", "q2"]
        assert (found.name, found.language) == ("tea", "en")

    def test_grade_zero_is_no_judgement(self, beir: Path) -> None:
        assert load(beir).questions[0].relevant == {"d1": 2}

    def test_what_cannot_be_answered_says_so(self, beir: Path) -> None:
        first, second = load(beir).questions
        assert (first.answerable, first.answers) == (True, ("two minutes",))
        assert (second.answerable, second.relevant) == (False, {})

    def test_another_split(self, beir: Path) -> None:
        assert [one.id for one in load(beir, split="dev").questions] == ["q2", "q3"]

    def test_a_split_that_is_not_there(self, beir: Path) -> None:
        with pytest.raises(DataSetError, match=r"Looked for qrels/train\.tsv"):
            load(beir, split="train")

    def test_one_file_of_judgements(self, beir: Path) -> None:
        (beir / "qrels.tsv").write_text("q3\td1\t1\n")
        assert [one.id for one in load(beir).questions] == ["q2", "q3"]

    @pytest.mark.parametrize("line", ["q1 d1 1", "q1\td1", "q1\td1\thigh"])
    def test_a_wrong_judgement_names_its_line(self, beir: Path, line: str) -> None:
        (beir / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{line}\n")
        with pytest.raises(DataSetError, match=r"qrels\.tsv, line 2: expected query-id"):
            load(beir)

    def test_ids_that_do_not_agree(self, beir: Path) -> None:
        lines(beir / "queries.jsonl", {"_id": "other", "text": "?"})
        with pytest.raises(DataSetError, match=r"no question of queries\.jsonl has a judgement"):
            load(beir)

    @pytest.mark.parametrize(
        ("line", "says"), [("{", "is not JSON"), ("[]", "is not an object"), ('{"_id": "d"}', "lacks text")]
    )
    def test_a_wrong_document_names_its_line(self, beir: Path, line: str, says: str) -> None:
        with (beir / "corpus.jsonl").open("a") as file:
            file.write(line)
        with pytest.raises(DataSetError, match=f"corpus.jsonl, line 4 {says}"):
            load(beir)


class TestFilings:
    def test_gold_pages_count_from_one(self, tmp_path: Path) -> None:
        evidence = [{"doc_name": "ACME_2022", "page_0based": 52, "text": "…"}]
        lines(tmp_path / "questions.jsonl", {"_id": "f", "text": "?", "answer": "12", "evidence": evidence})
        (tmp_path / "pdfs").mkdir()
        (tmp_path / "pdfs" / "ACME_2022.pdf").touch()
        found = load(tmp_path)
        assert found.questions[0].pages == {("ACME_2022", 53)}
        assert found.questions[0].relevant == {"ACME_2022": 1}
        assert [one.id for one in found.sources] == ["ACME_2022"]

    def test_without_files(self, tmp_path: Path) -> None:
        lines(tmp_path / "questions.jsonl", {"_id": "f", "text": "?", "evidence": []})
        with pytest.raises(DataSetError, match="is no data set"):
            load(tmp_path)


class TestPapers:
    def test_questions_whose_paper_is_there(self, tmp_path: Path) -> None:
        lines(
            tmp_path / "queries.jsonl",
            {"_id": "a", "text": "?", "answer": "x", "pdf_included": True},
            {"_id": "b", "text": "?", "pdf_included": False},
        )
        (tmp_path / "qrels_doc.tsv").write_text("query-id\tcorpus-id\tscore\na\tbert.pdf\t1\nb\tgpt.pdf\t1\n")
        (tmp_path / "bert.pdf").touch()
        found = load(tmp_path)
        assert [(one.id, one.relevant) for one in found.questions] == [("a", {"bert.pdf": 1})]
        assert [one.id for one in found.sources] == ["bert.pdf"]


class TestOwn:
    def test_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.jsonl"
        lines(
            path,
            {"question": "How long?", "answers": ["2 years", "two years"], "documents": ["warranty"], "page": 3},
            {"id": "n", "question": "Who is the king?", "answerable": False},
        )
        first, second = load(path).questions
        assert (first.id, first.answers, first.relevant) == ("1", ("2 years", "two years"), {"warranty": 1})
        assert first.pages == {("warranty", 3)}
        assert (second.id, second.answerable) == ("n", False)

    def test_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("\ufeffquestion,answers,documents,answerable\nHow long?,2 years|two years,a|b,yes\nWho?,,,no\n")
        first, second = load(path).questions
        assert (first.answers, first.relevant) == (("2 years", "two years"), {"a": 1, "b": 1})
        assert (second.answerable, second.relevant) == (False, {})

    def test_without_documents_rankings_cannot_be_judged(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.jsonl"
        lines(path, {"question": "How long?", "answers": ["2 years"]})
        assert not load(path).judged

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ({"question": "?", "anwser": "x"}, "question 1: unknown column anwser"),
            ({"question": "?", "answerable": "perhaps"}, "answerable is 'perhaps', expected true or false"),
            ({"question": "?", "documents": ["a"], "page": "iv"}, "page 'iv' is not a number"),
            ({"question": "?", "documents": ["a"], "page": -1}, "pages count from 1"),
            ({"text": "?"}, "line 1 lacks question"),
        ],
    )
    def test_faults_are_told(self, tmp_path: Path, row: dict[str, Any], says: str) -> None:
        path = tmp_path / "mine.jsonl"
        lines(path, row)
        with pytest.raises(DataSetError, match=says):
            load(path)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("text\nHow?\n", "the first line must name the columns"),
            ("id,question\n1,\n", "question 1 is empty"),
            ("question\n", "has no questions"),
            ("", "the first line must name the columns"),
        ],
    )
    def test_faults_of_csv_are_told(self, tmp_path: Path, text: str, says: str) -> None:
        path = tmp_path / "mine.csv"
        path.write_text(text)
        with pytest.raises(DataSetError, match=says):
            load(path)


class TestSample:
    def test_the_same_seed_takes_the_same_questions(self, beir: Path) -> None:
        lines(beir / "queries.jsonl", *({"_id": f"q{n}", "text": "?", "is_impossible": True} for n in range(50)))
        data = load(beir)
        one, two, other = (sampled(data, 10, seed) for seed in (1, 1, 2))
        assert one == two != other
        assert len(one.questions) == 10
        assert one.sources == data.sources

    def test_more_than_there_are_is_all(self, beir: Path) -> None:
        data = load(beir)
        assert sampled(data, 10, 1) is data


def test_neither_file_nor_folder(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="is not there"):
        load(tmp_path / "nothing")
