"""Extractive answers: exact spans, the right sentence first, nothing without support."""

import pytest

from core.embedding.words import terms
from core.sentences import sentences
from core.vectors.protocol import Hit
from retrieval.answers import Turn
from retrieval.confidence import NAMES, confidence, features
from retrieval.extract import extract
from retrieval.followup import self_contained
from retrieval.fusion import fuse
from tests.support.passages import passage

WARRANTY = (
    "Meridian guarantees frames for ten years. The battery is covered for two years or 700 cycles. "
    "Bring the invoice to a dealer."
)


def words(text: str) -> list[str]:
    return list(terms(text, "en"))


class TestSentences:
    def test_every_sentence_is_an_exact_slice(self) -> None:
        text = "Dr. Smith paid 3.5 euros. He left!\n\n- first item\n- second item\n\n| a | b |\n| 1 | 2 |"
        assert all(text[one.start : one.end] == one.text for one in sentences(text))

    def test_abbreviations_and_decimals_do_not_end_one(self) -> None:
        assert [one.text for one in sentences("Dr. Smith paid 3.5 euros. He left!")] == [
            "Dr. Smith paid 3.5 euros.",
            "He left!",
        ]

    def test_records_stay_whole_and_apart(self) -> None:
        text = "city: Oslo; phone: 1\ncity: Bonn; phone: 2"
        assert [one.text for one in sentences(text)] == text.split("\n")

    def test_chinese_full_stops_end_sentences(self) -> None:
        assert [one.text for one in sentences("今天天气很好。我们去公园。")] == ["今天天气很好。", "我们去公园。"]

    def test_a_long_run_is_cut(self) -> None:
        assert max(len(one.text) for one in sentences("word " * 1000)) <= 600


class TestExtract:
    def test_the_sentence_that_answers_is_quoted_to_the_character(self) -> None:
        found = extract("How long is the battery covered?", [passage(1, WARRANTY, start=100)], words, 500)
        best = found.quotes[0]
        assert best.text == "The battery is covered for two years or 700 cycles."
        assert WARRANTY[best.char_start - 100 : best.char_end - 100] == best.text

    def test_the_question_itself_is_no_answer(self) -> None:
        faq = passage(1, "How far does the battery last?\n\nBetween 60 and 140 kilometres, says the battery maker.")
        found = extract("How far does the battery last?", [faq], words, 500)
        assert [quote.text for quote in found.quotes] == ["Between 60 and 140 kilometres, says the battery maker."]

    def test_a_number_is_preferred_where_one_is_asked_for(self) -> None:
        text = "The service price is printed on the invoice. The service price is 89 euros."
        found = extract("How much is the service price?", [passage(1, text)], words, 40)
        assert found.quotes[0].text == "The service price is 89 euros."

    @pytest.mark.parametrize("question", ["", "?!", "the of and"])
    def test_questions_without_content_find_nothing(self, question: str) -> None:
        assert extract(question, [passage(1, WARRANTY)], words, 500).quotes == []

    def test_no_passages_no_quotes(self) -> None:
        assert extract("battery?", [], words, 500).quotes == []


class TestFusion:
    def test_a_hit_of_both_branches_wins(self) -> None:
        dense = [_hit("a", 0.9), _hit("b", 0.8), _hit("c", 0.1)]
        sparse = [_hit("b", 9.0), _hit("d", 8.0), _hit("c", 1.0)]
        assert fuse(dense, sparse)[0][0] == "b"

    def test_scores_are_between_zero_and_one(self) -> None:
        fused = fuse([_hit("a", 5.0), _hit("b", -3.0)], [_hit("a", 100.0)])
        assert all(0 <= score <= 1 for _, score in fused)

    def test_empty_branches_fuse_to_nothing(self) -> None:
        assert fuse([], []) == []


class TestConfidence:
    def test_more_coverage_is_more_confidence(self) -> None:
        low, high = (dict.fromkeys(NAMES, 0.5) | {"coverage": coverage} for coverage in (0.1, 0.9))
        assert confidence(low) < confidence(high)

    def test_nothing_found_is_zero(self) -> None:
        assert confidence(features([], 0.0, 0.0)) == 0.0


class TestFollowUp:
    def test_a_leaning_question_takes_the_earlier_one_along(self) -> None:
        history = [Turn("user", "How long is the battery covered?"), Turn("agent", "Two years.")]
        assert "battery" in self_contained("And the frame?", history)

    def test_a_question_that_stands_alone_stays(self) -> None:
        question = "Which stores offer guided test rides on Saturday mornings"
        assert self_contained(question, [Turn("user", "How long is the battery covered?")]) == question


def _hit(key: str, score: float) -> Hit:
    return Hit(key, score, "col_1", "doc_1", 1, 0)
