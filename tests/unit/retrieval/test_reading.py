"""What the reader is given to read, and what its word changes."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedding.words import terms
from core.errors import Unavailable
from core.vectors.protocol import Scope
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Style
from retrieval.compose import compose
from retrieval.extract import Ranking, excerpts, ranked
from retrieval.passages import Passage
from retrieval.question import understood
from retrieval.reader.fake import FakeReader
from retrieval.reader.protocol import Reading, Span
from retrieval.reading import EXCERPT, Heard, read
from retrieval.reranking import reheard
from tests.support.passages import WORKSPACE, Passages, parsed, passage, searcher, stored

QUESTION = "When did the bridge open?"
BRIDGE = "The bridge is painted red. The bridge did open on 4 June 1931 after four years. Boats pass below it."


def ranking(question: str, *passages: Passage) -> Ranking:
    return ranked(understood(question), passages, lambda text: list(terms(text, "en")))


def heard(passage: Passage, words: str, relevance: float = 4.0, margin: float = 4.0) -> dict[str, Heard]:
    start = passage.stored.content.index(words)
    return {passage.stored.chunk_id: Heard(relevance, (start, start + len(words)), margin)}


class TestExcerpts:
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(0, 29))
    def test_hold_the_best_statement_whole_and_no_more_than_fits(self, lengths: list[int], chosen: int) -> None:
        sentences = [f"Word {'filler ' * length}ends." for length in lengths]
        number = chosen % len(sentences)
        sentences[number] = "Vessels anchor here."
        found = passage(1, " ".join(sentences))
        (excerpt,) = excerpts(ranking("Where do vessels anchor?", found))
        assert "Vessels anchor here." in excerpt.text
        assert len(excerpt.text) <= max(EXCERPT, len("Vessels anchor here."))
        assert excerpt.text in found.stored.content

    def test_a_short_passage_is_read_whole(self) -> None:
        (excerpt,) = excerpts(ranking(QUESTION, passage(1, BRIDGE)))
        assert excerpt.text == BRIDGE

    def test_the_nearest_heading_comes_before_the_title(self) -> None:
        found = parsed("# Guide\n\n## Opening\n\nThe bridge did open in June.", title="Handbook")
        (excerpt,) = excerpts(ranking(QUESTION, found))
        assert excerpt.title.endswith("Handbook")


class TestReadings:
    def test_spans_are_of_the_passage_not_of_the_excerpt(self) -> None:
        class FirstWord(FakeReader):
            def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
                return [Reading(1.0, Span(0, text.index(" "), 5.0), 1.0) for text in passages]

        found = passage(1, "Cats sleep all day long. " * 60 + BRIDGE)
        (excerpt,) = excerpts(ranking(QUESTION, found))
        ((chunk, said),) = read(FirstWord(), QUESTION, [excerpt]).items()
        assert chunk == found.stored.chunk_id
        assert said.span == (excerpt.start, excerpt.start + excerpt.text.index(" "))
        assert (said.relevance, said.margin) == (1.0, 4.0)


class TestReranking:
    def test_the_statement_with_the_answer_comes_first(self) -> None:
        near, right = passage(1, "The bridge did open with a feast."), passage(2, BRIDGE, score=0.8)
        before = ranking("What did the bridge open with?", near, right)
        after = reheard(before, heard(right, "4 June 1931"))
        assert before.best[0].statement.passage is near
        assert "1931" in after.best[0].statement.text

    def test_what_was_not_read_keeps_its_score(self) -> None:
        before = ranking(QUESTION, passage(1, BRIDGE))
        assert [one.score for one in reheard(before, {}).best] == [one.score for one in before.best]

    def test_statements_go_on_leaning_on_their_neighbours(self) -> None:
        leaning = passage(1, "The Alpha pump is our best. It was sold in 1990.")
        after = reheard(ranking("When was the Alpha pump sold?", leaning), heard(leaning, "1990"))
        made = compose(understood("When was the Alpha pump sold?"), after, Style())
        assert made.quotes[0].text == leaning.stored.content


class TestShortAnswers:
    def test_a_sure_reader_says_which_words_answer(self) -> None:
        found = passage(1, BRIDGE)
        made = compose(understood(QUESTION), reheard(ranking(QUESTION, found), heard(found, "4 June 1931")), Style())
        assert made.short is not None
        assert made.short.text == "4 June 1931"
        assert made.text == "4 June 1931. The bridge did open on 4 June 1931 after four years."
        assert made.quotes[0].text == "The bridge did open on 4 June 1931 after four years."

    @pytest.mark.parametrize(("relevance", "margin"), [(-1.0, 4.0), (4.0, -0.5)])
    def test_an_unsure_one_says_nothing(self, relevance: float, margin: float) -> None:
        found = passage(1, BRIDGE)
        words = heard(found, "4 June 1931", relevance, margin)
        made = compose(understood(QUESTION), reheard(ranking(QUESTION, found), words), Style())
        assert (made.short, made.text) == (None, made.quotes[0].text)

    def test_a_value_of_another_kind_is_not_said_first(self) -> None:
        found = passage(1, BRIDGE)
        made = compose(understood(QUESTION), reheard(ranking(QUESTION, found), heard(found, "open")), Style())
        assert made.text == made.quotes[0].text

    def test_none_where_the_answer_has_no_room_for_it(self) -> None:
        found = passage(1, BRIDGE)
        again = reheard(ranking(QUESTION, found), heard(found, "4 June 1931"))
        made = compose(understood(QUESTION), again, Style(max_characters=60))
        assert made.text == "The bridge did open on 4 June 1931 after four years."

    def test_who(self) -> None:
        text = "The bridge was designed and drawn by Othmar Ammann for the port."
        found, question = passage(1, text), "Who designed the bridge?"
        made = compose(understood(question), reheard(ranking(question, found), heard(found, "Othmar Ammann")), Style())
        assert made.text == f"Othmar Ammann. {text}"


class TestAnswering:
    ROWS = [stored(1, BRIDGE), stored(2, "Die Brücke ist rot gestrichen und wurde 1931 für den Verkehr geöffnet.")]

    def ask(self, reader: FakeReader, question: str, language: str) -> Answer:
        answerer = Answerer(searcher(self.ROWS), None, lambda _: language, reader)
        *_, answer = answerer.stream(Passages(self.ROWS), Scope(WORKSPACE), question, [], Style(threshold=0.0))
        assert isinstance(answer, Answer)
        return answer

    def test_a_reader_that_fails_does_not_keep_the_answer_back(self) -> None:
        class Broken(FakeReader):
            def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
                raise Unavailable("The file is damaged.", code="READER_NOT_LOADED")

        assert "4 June 1931" in self.ask(Broken(), QUESTION, "en").text

    def test_languages_that_it_does_not_know_are_not_read(self) -> None:
        class Counting(FakeReader):
            calls = 0

            def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Reading]:
                self.calls += 1
                return super().read(question, passages, titles)

        reader = Counting()
        self.ask(reader, "Wann wurde die Brücke geöffnet?", "de")
        assert reader.calls == 0
        self.ask(reader, QUESTION, "en")
        assert reader.calls == 1


class TestRivals:
    NEAR = passage(2, "The bridge did open to traffic in the summer of 1932.", score=0.95)

    def texts(self, relevance: float, **style: Any) -> list[str]:
        found = passage(1, BRIDGE)
        again = reheard(ranking(QUESTION, found, self.NEAR), heard(found, "4 June 1931", relevance))
        return [quote.text for quote in compose(understood(QUESTION), again, Style(**style)).quotes]

    def test_a_statement_about_as_good_is_shown_where_the_reader_is_not_sure(self) -> None:
        assert self.NEAR.stored.content in self.texts(-1.0)

    def test_not_where_it_is_sure(self) -> None:
        assert len(self.texts(4.0)) == 1

    def test_not_in_brief(self) -> None:
        assert len(self.texts(-1.0, response_style="brief")) == 1
