"""What is told from a question: what it asks for, and whether it leans on the one before."""

import pytest

from retrieval.answers import Turn
from retrieval.followup import leans, self_contained
from retrieval.question import Wanted, understood

HISTORY = [Turn("user", "How long is the warranty of the Filter X200?"), Turn("agent", "Seven years.")]


class TestLeaning:
    @pytest.mark.parametrize(
        "question",
        [
            "And the frame?", "How long is it covered?", "What does it cost?", "Why?", "What about pets?",
            "What is the price of that?", "Does that include tax?", "When does the one in Berlin open?",
            "Und der Rahmen?", "Wie lange gilt sie?", "What are their hours?", "How do I do that?", "Do they have one?",
            "Tell me more", "Does this plan include support?",
        ],
    )  # fmt: skip
    def test_takes_the_earlier_one_along(self, question: str) -> None:
        assert leans(question)
        assert self_contained(question, HISTORY) == f"{HISTORY[0].content} {question}"

    @pytest.mark.parametrize(
        "question",
        [
            "Is smoking allowed?", "Opening hours?", "What is the warranty?", "Is there parking?", "Who is WHO?",
            "What does IT do?", "Is it allowed to smoke?", "How long does it take to charge?",
            "Welche Garantie haben Sie?",
            "Which stores offer guided test rides", "Can I return the bike if it is damaged?",
            "What is the price of the bike that I bought?", "What happens to a document when its worker is killed?",
        ],
    )  # fmt: skip
    def test_stands_alone(self, question: str) -> None:
        assert not leans(question)
        assert self_contained(question, HISTORY) == question

    def test_without_an_earlier_one_it_stays(self) -> None:
        assert self_contained("And the frame?", []) == "And the frame?"


class TestKinds:
    @pytest.mark.parametrize(
        ("question", "wanted"),
        [
            ("How do I reset the router?", Wanted.STEPS),
            ("Wie kann ich kündigen?", Wanted.STEPS),
            ("How much does the plan cost?", Wanted.MONEY),
            ("What is the fee for a visa?", Wanted.MONEY),
            ("How many seats are there?", Wanted.AMOUNT),
            ("When does the shop open?", Wanted.TIME),
            ("Who is the auditor?", Wanted.PERSON),
            ("Which formats are supported?", Wanted.LIST),
            ("What is a lease?", Wanted.ANY),
            ("How does a sail work?", Wanted.ANY),
        ],
    )
    def test_is_told(self, question: str, wanted: Wanted) -> None:
        assert understood(question).wanted is wanted

    def test_what_is_listed_is_named_in_the_singular(self) -> None:
        assert understood("Which file formats are supported?").listed == "format"

    def test_names_that_look_like_common_words_stay(self) -> None:
        assert understood("Who is WHO?").names == {"WHO"}
        assert understood("WHO IS WHO").names == frozenset()
        assert understood("Who is Will?").words == "Will"
