"""The judge, with a reader whose readings are known."""

import json

import pytest

from evals.reader import judge
from evals.reader.mixture import held_out
from retrieval.reader.fake import FakeReader
from retrieval.reader.protocol import Reading, Span

TEXT = "In 1871 the Rhine Company number {n} bought the old bridge of the Danube."


class Knowing(FakeReader):
    """Relevant are questions that ask who; the span is always right."""

    def _reading(self, question, passage, title):
        start = passage.index("Rhine Company")
        return Reading(3.0 if "who" in question else -3.0, Span(start, start + 13, 4.0), 1.0)


@pytest.fixture
def data(tmp_path):
    for name in ("squad2-tune", "clapnq-tune"):
        folder = tmp_path / name
        folder.mkdir()
        rows = [{"_id": f"a{n}", "title": f"Article {n}", "text": TEXT.format(n=n)} for n in range(6)]
        queries = [
            {"_id": f"{n}{asked}", "text": f"{asked} bought bridge {n}?", "is_impossible": asked == "why",
             "context_id": f"a{n}", "answers": ["the Rhine Company"] if asked == "who" else []}
            for n in range(6) for asked in ("who", "why")
        ]  # fmt: skip
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    return tmp_path


def test_a_reader_that_knows_all_has_full_marks(data):
    figures = judge.judged(Knowing(), data)
    assert figures["squad2_questions"] == len(held_out(data, "squad2-tune")) == 6
    perfect = ("squad2_f1", "squad2_exact", "squad2_auroc_relevance", "found_f1", "clapnq_auroc")
    assert {name: figures[name] for name in perfect} == dict.fromkeys(perfect, 1.0)
    assert figures["squad2_auroc_margin"] == 0.5  # the same for all


def test_a_part_of_the_questions_is_judged_for_a_trial(data):
    assert judge.judged(Knowing(), data, limit=3)["squad2_questions"] == 3


def test_time_is_of_eight_passages(data):
    found = judge.speed(FakeReader(), data)
    assert 0 < found["ms_p50"] <= found["ms_p95"]
