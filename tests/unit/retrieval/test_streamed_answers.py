"""An answer in pieces: joined they are its text, whatever the model does; whoever closes ends the model's reading."""

import threading
from collections import abc
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outbound.client import guarded_client
from core.vectors.protocol import Scope
from retrieval.answerer import Answerer, Piece
from retrieval.answers import Answer, Generator, Style
from retrieval.generate.openai_like import OpenAILikeWriter
from retrieval.generate.protocol import AnswerWriter, GenerationFailed
from tests.support.passages import WORKSPACE, Passages, llm_server, searcher, stored

ROWS = [
    stored(1, "The battery is covered for two years or 700 full charging cycles."),
    stored(2, "Frames and forks are guaranteed for ten years.\n\n- Bring the invoice.\n- Bring the frame."),
]
SEARCHER = searcher(ROWS)
QUESTION = "How long is the battery covered?"
TRUE, ALSO, UNCITED, FALSE = (
    "The battery is covered for two years. [1]",
    "Frames are guaranteed for ten years [2].",
    "Ask your dealer.",
    "The battery is covered for nine years. [1]",
)
SAID = st.sampled_from(
    [TRUE, ALSO, UNCITED, FALSE, "- Bring the invoice. [2]", "NO_ANSWER", "\n\n", "  ", "[1]", "Dr."]
)


class Model:
    """Says its pieces, then ends or fails."""

    def __init__(self, *pieces: str, fails: bool = False) -> None:
        self.pieces, self.fails = pieces, fails

    def write(self, *_: object) -> Iterator[str]:
        yield from self.pieces
        if self.fails:
            raise GenerationFailed("the language model failed")

    def describe(self) -> str:
        return "a fake"


def stream(model: AnswerWriter | None, style: Style, question: str = QUESTION) -> abc.Generator[Piece, None, None]:
    return Answerer(SEARCHER, model, lambda _: "en").stream(Passages(ROWS), Scope(WORKSPACE), question, [], style)


def answer_of(pieces: Iterator[Piece]) -> Answer:
    """The last piece, which the others make."""
    *texts, answer = pieces
    assert isinstance(answer, Answer)
    assert "".join(str(text) for text in texts) == answer.text
    return answer


def cut(text: str, places: Sequence[int]) -> list[str]:
    ends = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(ends)]


class TestPieces:
    @given(
        st.lists(SAID, max_size=6).map(" ".join), st.lists(st.integers(0, 500), max_size=8), st.booleans(),
        st.integers(1, 120), st.sampled_from([0.0, 1.0]),
    )  # fmt: skip
    def test_joined_are_the_answer_however_the_reply_is_cut(
        self, reply: str, places: list[int], fails: bool, max_characters: int, threshold: float
    ) -> None:
        style = Style(max_characters=max_characters, threshold=threshold, fallback=" No\n idea. ")
        answer = answer_of(stream(Model(*cut(reply, places), fails=fails), style))
        assert answer == answer_of(stream(Model(reply, fails=fails), style))

    @given(st.text(max_size=60), st.integers(1, 200))
    def test_joined_are_the_extractive_answer(self, question: str, max_characters: int) -> None:
        style = Style(max_characters=max_characters, threshold=0.0, fallback=question)
        answer_of(stream(None, style, f"{QUESTION} {question}"))

    @pytest.mark.parametrize(
        ("pieces", "fails", "expected", "by"),
        [
            ((TRUE, " ", FALSE), False, "The battery is covered for two years.", Generator.LLM),
            ((TRUE, " ", ALSO), False, "The battery is covered for two years.", Generator.LLM),  # the other is too long
            ((TRUE, " Frames are"), True, "The battery is covered for two years.", Generator.LLM),  # it stands by then
            ((TRUE, " And so NO_ANSWER"), False, "The battery is covered for two years.", Generator.LLM),
            ((TRUE, " NO_", "ANSWER"), False, "No idea.", Generator.LLM),
            ((TRUE, " Frames"), True, "The battery is covered for two years or 700 full…", Generator.EXTRACTIVE),
            ((UNCITED,), False, "The battery is covered for two years or 700 full…", Generator.EXTRACTIVE),
        ],
    )
    def test_only_what_stays_is_said(self, pieces: tuple[str, ...], fails: bool, expected: str, by: Generator) -> None:
        style = Style(max_characters=49, threshold=0.0, fallback="No idea.")
        answer = answer_of(stream(Model(*pieces, fails=fails), style))
        assert (answer.text, answer.generator) == (expected, by)

    def test_a_supported_sentence_is_said_while_the_model_writes(self) -> None:
        pieces = stream(Model(TRUE, " Frames ", "are guaranteed ", "for ten years [2]."), Style(threshold=0.0))
        seen = [next(pieces) for _ in range(9)]
        assert "".join(map(str, seen)) == "The battery is covered for two years."

    def test_items_stay_on_lines_of_their_own(self) -> None:
        reply = f"{TRUE}\n- Bring the invoice. [2]\n- Bring the frame. [2]"
        answer = answer_of(stream(Model(reply), Style(threshold=0.0)))
        assert answer.text == "The battery is covered for two years.\n- Bring the invoice.\n- Bring the frame."

    def test_garbage_without_an_end_is_bounded(self) -> None:
        answer = answer_of(stream(Model(*["blah "] * 8_000), Style(threshold=0.0)))
        assert answer.generator is Generator.EXTRACTIVE

    def test_an_extractive_answer_comes_word_by_word(self) -> None:
        assert list(stream(None, Style(threshold=0.0)))[:3] == ["The", " battery", " is"]


class TestClosed:
    def test_the_model_is_read_no_further(self) -> None:
        with llm_server() as (url, plan):
            plan.pieces, plan.pause_s = ["a "] * 200, 0.05
            writer = OpenAILikeWriter(url, "m", None, 30.0, guarded_client(["127.0.0.1"], timeout_s=30.0))
            before = threading.enumerate()  # another test's may still end
            pieces = stream(writer, Style(threshold=0.0))
            assert next(pieces) == ""
            (reader,) = [one for one in threading.enumerate() if one.name == "llm" and one not in before]
            pieces.close()
            reader.join(30)
            assert not reader.is_alive()
            assert plan.left.wait(30)
