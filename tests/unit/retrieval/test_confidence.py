"""How sure an answer is, by its features; fitting is tested with the evals."""

import json

import pytest

from core.embedding.words import terms
from retrieval.answers import Quote
from retrieval.confidence import MODEL_FILE, READER, WORDS, confidence, features
from retrieval.extract import Ranking, ranked
from retrieval.question import understood
from retrieval.reading import Heard
from retrieval.reranking import reheard
from tests.support.passages import passage

WARRANTY = passage(1, "The Filter X200 has a warranty of seven years.")
QUOTE = Quote(WARRANTY, 0, 46, WARRANTY.stored.content)


def ranking(question: str) -> Ranking:
    return ranked(understood(question), [WARRANTY], lambda text: list(terms(text, "en")))


def heard(relevance: float, margin: float) -> dict[str, Heard]:
    return {WARRANTY.stored.chunk_id: Heard(relevance, (35, 46), margin)}


class TestConfidence:
    def test_more_coverage_is_more_confidence(self) -> None:
        low, high = (dict.fromkeys(WORDS, 0.5) | {"coverage": coverage} for coverage in (0.1, 0.9))
        assert confidence(low) < confidence(high)

    def test_no_answer_is_zero(self) -> None:
        assert confidence(features([], Ranking([], {}, {}, 0.0), [])) == 0.0

    def test_the_file_has_coefficients_of_all_features(self) -> None:
        stored = json.loads(MODEL_FILE.read_text())
        assert set(stored["words"]["weights"]) == set(WORDS)
        assert set(stored["reader"]["weights"]) == {*WORDS, *READER}


class TestReader:
    def test_a_passage_that_answers_is_surer(self) -> None:
        found = ranking("How long is the warranty?")
        no, yes = (
            confidence(features([WARRANTY], reheard(found, heard(sign * 4, sign * 6)), [QUOTE])) for sign in (-1, 1)
        )
        assert no < yes

    def test_what_was_not_read_is_judged_by_words(self) -> None:
        assert "relevance" not in features([WARRANTY], ranking("How long is the warranty?"), [QUOTE])

    def test_beyond_its_limits_it_says_nothing_more(self) -> None:
        found = ranking("How long is the warranty?")
        far, further = (features([WARRANTY], reheard(found, heard(n, n)), [QUOTE]) for n in (20.0, 90.0))
        assert far == further


class TestCodes:
    @pytest.mark.parametrize(
        ("question", "codes"),
        [
            ("How long is the warranty of the Filter X200?", 1.0),
            ("How long is the warranty of the Filter X300?", -1.0),
            ("How long is the warranty?", 0.0),
            ("What does IT say of the warranty?", -1.0),
        ],
    )
    def test_what_the_question_names_is_there_or_not(self, question: str, codes: float) -> None:
        assert features([WARRANTY], ranking(question), [QUOTE])["codes"] == codes

    def test_another_ones_warranty_is_below_the_threshold(self) -> None:
        asked = ("How long is the warranty of the Filter X200?", "How long is the warranty of the Filter X300?")
        right, wrong = (confidence(features([WARRANTY], ranking(question), [QUOTE])) for question in asked)
        assert right > 0.7
        assert wrong < 0.3
