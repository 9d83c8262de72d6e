"""Categories and their names; what is news."""

import numpy as np
import pytest

from core.embedding.protocol import Floats
from domain.unanswered.categories import OTHER, Subject, categories
from domain.unanswered.service import surprise
from domain.unanswered.vectors import packed, unpacked


def near(direction: int, number: int) -> Floats:
    """Close to a direction, and a little different each time."""
    vector = np.zeros(16, np.float32)
    vector[direction], vector[15 - number % 4] = 1.0, 0.3
    return vector / np.float32(np.linalg.norm(vector))


def subjects(*questions: tuple[int, str], asked: int = 1) -> list[Subject]:
    return [Subject(f"c{n}", text, near(direction, n), asked) for n, (direction, text) in enumerate(questions)]


class TestCategories:
    def test_named_by_what_its_questions_share_and_others_lack(self) -> None:
        found = categories(subjects(
            (0, "What does the starter plan cost?"), (0, "How much is a plan per month?"),
            (0, "Is a cheaper plan offered?"),
            (1, "How do I reset my password?"), (1, "I forgot my password"), (1, "Where is the password mail?"),
        ))  # fmt: skip
        assert {found["c0"], found["c1"], found["c2"]} == {"Plan"}
        assert {found["c3"], found["c4"], found["c5"]} == {"Password"}

    def test_a_word_of_every_category_names_none(self) -> None:
        found = categories(subjects(
            (0, "insydr pricing"), (0, "insydr pricing page"), (1, "insydr webhooks"), (1, "insydr webhooks setup")
        ))  # fmt: skip
        assert sorted(set(found.values())) == ["Pricing", "Webhooks"]

    def test_capitals_that_mean_something_stay(self) -> None:
        found = categories(
            subjects((0, "Who is the CEO?"), (0, "Is the CEO here?"), (1, "Refunds please"), (1, "refunds"))
        )
        assert sorted(set(found.values())) == ["CEO", "Refunds"]

    def test_what_has_no_word_is_of_none(self) -> None:
        assert categories(subjects((0, "???"))) == {"c0": OTHER}
        assert categories([]) == {}

    def test_it_does_not_depend_on_luck(self) -> None:
        asked = subjects(*((n % 5, f"question number{n} about thing{n % 5}") for n in range(50)))
        assert categories(asked) == categories(asked)


def test_half_precision_keeps_the_cosine() -> None:
    vector = near(3, 1)
    assert float(unpacked(packed(vector)) @ vector) == pytest.approx(1, abs=1e-3)


def test_three_after_one_is_no_news_and_three_hundred_after_two_hundred_is() -> None:
    assert surprise(3, 1) < 2 < surprise(300, 200)
