"""How sure an answer is, by its features; fitting is tested with the evals."""

import pytest

from core.embedding.words import terms
from retrieval.confidence import NAMES, confidence, features
from retrieval.extract import ranked
from retrieval.question import understood
from tests.support.passages import passage

WARRANTY = passage(1, "The Filter X200 has a warranty of seven years.")


class TestConfidence:
    def test_more_coverage_is_more_confidence(self) -> None:
        low, high = (dict.fromkeys(NAMES, 0.5) | {"coverage": coverage} for coverage in (0.1, 0.9))
        assert confidence(low) < confidence(high)

    def test_nothing_found_is_zero(self) -> None:
        assert confidence(features([], 0.0, 0.0)) == 0.0


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
        assert ranked(understood(question), [WARRANTY], lambda text: list(terms(text, "en"))).codes == codes

    def test_another_ones_warranty_is_below_the_threshold(self) -> None:
        right, wrong = (confidence(features([WARRANTY], 0.8, 0.9, codes)) for codes in (1.0, -1.0))
        assert right > 0.7
        assert wrong < 0.3
