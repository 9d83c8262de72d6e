"""What an agent's rules let pass, and what becomes of questions in a conversation."""

from collections.abc import Sequence
from typing import Any

import pytest

from core.vectors.protocol import Scope
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Style, Turn
from tests.support.passages import WORKSPACE, Passages, searcher, stored

ROWS = [
    stored(1, "Data protection in Essex offices follows the group policy."),
    stored(2, "The Filter X200 has a warranty of seven years."),
    stored(3, "Smoking is forbidden in all rooms."),
]


def ask(question: str, history: Sequence[Turn] = (), **style: Any) -> Answer:
    answerer = Answerer(searcher(ROWS), None, lambda _: "en")
    given = {"threshold": 0.0, "fallback": "No idea.", **style}
    *_, answer = answerer.stream(Passages(ROWS), Scope(WORKSPACE), question, history, Style(**given))
    assert isinstance(answer, Answer)
    return answer


class TestBlockedWords:
    @pytest.mark.parametrize("word", ["sex", "ess", "x off", ""])
    def test_a_part_of_a_word_is_none(self, word: str) -> None:
        assert ask("Which policy do Essex offices follow?", blocked_words=(word,)).answered

    @pytest.mark.parametrize("word", ["essex", "ESSEX", "Ｅｓｓｅｘ", "Essex offices", "policy"])
    def test_a_word_or_phrase_is_refused(self, word: str) -> None:
        assert ask("Which policy do Essex offices follow?", blocked_words=(word,)).text == "No idea."

    def test_scripts_without_spaces_have_no_edges(self) -> None:
        assert not ask("我们的政策是什么", blocked_words=("政策",)).answered


class TestConversations:
    def test_a_new_topic_is_answered_for_itself(self) -> None:
        history = [Turn("user", "How long is the warranty of the Filter X200?"), Turn("agent", "Seven years.")]
        assert ask("Is smoking allowed?", history).text == f"No. {ROWS[2].content}"

    def test_a_question_that_leans_takes_the_earlier_one_along(self) -> None:
        history = [Turn("user", "Is there a warranty for the Filter X200?"), Turn("agent", "Yes.")]
        assert ask("How long is it?", history).text == ROWS[1].content


class TestUnknownThings:
    def test_a_code_that_stands_nowhere_is_below_the_default_threshold(self) -> None:
        assert not ask("How long is the warranty of the Filter X300?", threshold=Style().threshold).answered
        assert ask("How long is the warranty of the Filter X200?", threshold=Style().threshold).answered
