"""Samples, their weights, what counts as right, and the page that is written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evals.answering.report import BEGIN, END, write_docs
from evals.answering.samples import Asked, Sample, is_right, samples_of
from evals.answering.shelf import Found
from evals.datasets.model import Question
from evals.fit_confidence import ANSWERABLE_SHARE, Table, confidences, fit, judged
from retrieval.answers import Quote
from retrieval.compose import Composition
from retrieval.confidence import READER, WORDS
from retrieval.extractive import Extractor
from retrieval.passages import Passage
from retrieval.reader.fake import FakeReader
from tests.support.passages import passage

GOLD = passage(1, "The service costs 89 euros.")
OTHER = passage(2, "The shop sells bikes.", score=0.5)
QUESTION = Question("q", "What does the service cost?", {"doc_1": 1.0}, answers=("89 euros",))


def sample(asked: Asked, coverage: float, *, right: bool) -> Sample:
    values = dict.fromkeys(WORDS, 0.5) | {"coverage": coverage}
    return Sample("?", asked, values, right, right, 20, None)


def mixed(seed: int) -> list[Sample]:
    random = np.random.default_rng(seed)
    made = []
    for _ in range(120):
        coverage = float(random.random())
        right = bool(random.random() < coverage)
        made.append(sample(Asked.ANSWERABLE if right else Asked.WITHOUT, coverage, right=right))
    return made


def cited(*passages: Passage) -> Composition:
    return Composition("…", [Quote(one, 0, 1, one.stored.content) for one in passages])


class TestRight:
    def test_a_short_gold_answer_stands_in_the_first_quotes(self) -> None:
        assert is_right(QUESTION, cited(OTHER, GOLD), 2)
        assert not is_right(QUESTION, cited(OTHER, GOLD), 1)
        assert not is_right(QUESTION, Composition("", []), 2)

    def test_without_one_the_document_is_cited(self) -> None:
        question = Question("q", "What does the service cost?", {"doc_1": 1.0}, answers=("long " * 30,))
        assert is_right(question, cited(GOLD), 1)
        assert not is_right(question, cited(OTHER), 1)

    @pytest.mark.parametrize(("text", "expected"), [("Look: The service costs 89 euros. Pay.", True), ("Free.", False)])
    def test_and_its_passage_where_the_set_has_one(self, text: str, expected: bool) -> None:
        assert is_right(Question("q", "?", {"doc_1": 1.0}, passage=text), cited(GOLD), 1) is expected


class TestSamples:
    def test_each_answerable_question_is_asked_without_its_document_too(self) -> None:
        found = [Found(QUESTION, [GOLD, OTHER]), Found(Question("n", "Who?", answerable=False), [GOLD])]
        made = samples_of(found, Extractor(FakeReader()))
        assert [one.asked for one in made] == [Asked.ANSWERABLE, Asked.WITHOUT, Asked.UNANSWERABLE]
        assert [one.right for one in made] == [True, False, False]
        assert {*WORDS, *READER} <= set(made[0].features)


class TestFit:
    def test_weights_of_a_set_are_shared_between_what_can_be_answered_and_not(self) -> None:
        table = Table.of([sample(Asked.ANSWERABLE, 1, right=True)] + [sample(Asked.WITHOUT, 0, right=False)] * 3, WORDS)
        assert table.weight[0] == pytest.approx(ANSWERABLE_SHARE)
        assert table.weight.sum() == pytest.approx(1)

    def test_it_learns_what_tells_right_from_wrong(self) -> None:
        one, other = (Table.of(mixed(seed), WORDS) for seed in (1, 2))
        weights = fit([one])
        assert judged(other, weights, 0.3)["auroc"] > 0.7
        assert np.all(np.diff(confidences(other, weights)[np.argsort(other.x[:, WORDS.index("coverage")])]) >= 0)


def test_the_page_keeps_what_stands_around_its_figures(tmp_path: Path) -> None:
    page = tmp_path / "confidence.md"
    page.write_text(f"# Head\n{BEGIN}\nold\n{END}\nTail\n")
    (tmp_path / "images").mkdir()
    weights: dict[str, Sequence[str]] = {"words": WORDS, "reader": (*WORDS, *READER)}
    fitted = {name: {"bias": 0.1, "weights": dict.fromkeys(names, 0.5)} for name, names in weights.items()}
    report = {name: {"a-set": {"questions": 3.0, "auroc": 0.9}} for name in weights}
    write_docs(page, fitted, report, {"a-set": np.array([[0.2, 0.0], [0.9, 1.0]])})
    text = page.read_text()
    assert text.startswith("# Head\n")
    assert text.endswith("\nTail\n")
    assert "| a-set | yes | 0.900 |" in text
    assert (tmp_path / "images" / "confidence-a-set-risk.svg").read_text().startswith("<svg")
