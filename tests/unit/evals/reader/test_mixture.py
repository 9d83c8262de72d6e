"""What the reader may learn from, and what it must never see."""

import gzip
import json
import random

import pytest

from evals.reader import mixture, readings
from evals.reader.mixture import LEFT_OUT, SOURCES, Kind, epoch, held_out, held_out_groups, pools
from evals.reader.negatives import Bm25, Miner, altered
from evals.reader.readings import Example

PASSAGE = "In 1850 the Danube Company built a bridge. Later, in 1871, the Rhine Company bought it for Anna Moor."


def example(question="Who bought the bridge of the Danube Company in 1871?", passage=PASSAGE, answer="Rhine Company"):
    start = passage.find(answer)
    return Example(question, "Bridges", passage, ((start, start + len(answer)),), True, "squad1-train", "Bridges")


class TestLicences:
    def test_every_source_states_one_that_lets_weights_be_given_away(self):
        allowed = {"Apache-2.0", "MIT", "CC BY 4.0", "CC BY-SA 3.0", "CC BY-SA 4.0"}
        assert {source.licence for source in SOURCES} <= allowed

    def test_what_states_none_is_left_out(self):
        assert [one.file for one in SOURCES if any(name in one.file for name in LEFT_OUT)] == []


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A tuning set of six articles with five questions each, and one file of questions."""
    folder = tmp_path / "squad2-tune"
    folder.mkdir()
    corpus = [{"_id": f"a{n}", "title": f"Article {n}", "text": f"{PASSAGE} Number {n}."} for n in range(6)]
    queries = [
        {"_id": f"{n}-{i}", "text": f"Who bought {n} {i}?", "is_impossible": i > 2, "context_id": f"a{n}",
         "answers": ["Rhine Company"] if i <= 2 else []}
        for n in range(6) for i in range(5)
    ]  # fmt: skip
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    row = {"question": "Who?", "context": PASSAGE, "answers": ["Rhine"], "answer_starts": [PASSAGE.find("Rhine")],
           "answerable": True, "source": "s", "lang": "en"}  # fmt: skip
    with gzip.open(tmp_path / "qa.jsonl.gz", "wt") as file:
        file.write("\n".join(json.dumps(row | {"question": f"Who {n}?"}) for n in range(30)))
    sources = (
        mixture.Source("squad2-tune", Kind.BEIR, "CC BY-SA 4.0", 100, "hard"),
        mixture.Source("qa", Kind.SPANS, "MIT", 10, "more", times=2),
    )
    monkeypatch.setattr(mixture, "SOURCES", sources)
    return tmp_path


class TestSplit:
    def test_an_article_is_trained_on_or_judged_never_both(self, data):
        trained = {one.group for one in pools(data)[0].examples}
        judged = {one.group for one in held_out(data, "squad2-tune")}
        assert trained
        assert judged
        assert trained & judged == set()
        assert len(trained | judged) == 6

    def test_halves_have_about_as_many_questions(self):
        groups = [name for number, name in enumerate("abcdefgh") for _ in range(100 + 10 * number)]
        kept = held_out_groups(groups)
        assert abs(sum(group in kept for group in groups) / len(groups) - 0.5) < 0.15

    def test_is_the_same_each_time_and_another_with_another_seed(self):
        groups = [str(number) for number in range(40)]
        assert held_out_groups(groups) == held_out_groups(groups[::-1])
        assert held_out_groups(groups) != held_out_groups(groups, seed=3)


class TestPasses:
    def test_take_and_repeat_what_their_source_says(self, data):
        chosen = [one.question for one in epoch(pools(data), 0) if one.source == "s"]
        assert len(chosen) == 20
        assert len(set(chosen)) == 10

    def test_draw_others_each_time_and_the_same_again(self, data):
        found = pools(data)
        assert epoch(found, 0) == epoch(found, 0)
        assert epoch(found, 0) != epoch(found, 1)


class TestNegatives:
    def test_mined_passages_hold_no_answer(self):
        other = "The Danube Company had a bridge and sold the bridge to nobody at all, whatever was said about it."
        same = "Whoever asks who bought the bridge of the Danube Company hears: the Rhine Company did, in 1871."
        others = [example(passage=other, answer="bridge"), example(passage=same)]
        found = Miner([example(), *others]).negative(example(), random.Random(1))
        assert found is not None
        assert (found.passage, found.relevant, found.answers) == (other, False, ())

    def test_search_ranks_by_shared_rare_words(self):
        index = Bm25(["the cat sat", "the dog ran far", "the cat and the zebra"])
        assert index.best("where is the zebra", 2)[0] == 2
        assert index.best("unheard", 2) == []

    def test_altered_questions_ask_something_else(self):
        found = altered(example(), random.Random(1))
        assert found is not None
        assert found.question != example().question
        assert (found.relevant, found.answers, found.passage) == (False, (), PASSAGE)

    def test_nothing_to_exchange_gives_nothing(self):
        assert altered(example("who paid?"), random.Random(1)) is None


class TestFiles:
    def test_an_unanswerable_question_has_no_span(self, data):
        found = [one for one in readings.beir(data / "squad2-tune") if not one.relevant]
        assert found
        assert all(one.spanned and not one.answers for one in found)

    def test_a_long_answer_that_is_not_in_the_passage_teaches_no_span(self, data):
        path = data / "squad2-tune" / "queries.jsonl"
        row = {"_id": "x", "text": "Who?", "is_impossible": False, "answers": ["A free text."], "context_id": "a1"}
        path.write_text(json.dumps(row))
        (found,) = readings.beir(data / "squad2-tune")
        assert (found.relevant, found.spanned, found.answers) == (True, False, ())
