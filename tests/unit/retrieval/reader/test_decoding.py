"""Which spans may be an answer, and how passages are laid out for the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.reader.decoding import MAX_SPAN, best_span
from retrieval.reader.windows import MAX_TOKENS, OVERLAP, Layout


@pytest.fixture(scope="module")
def layout():
    return Layout()


def decoded(layout, question, passage, start, end):
    """The best span where the model is sure of the tokens at `start` and `end` of the passage."""
    (window,) = layout.windows(question, passage)
    logits = np.zeros((len(window.ids), 2), np.float32)
    for place, column in ((start, 0), (end, 1)):
        token = next(i for i, (a, b) in enumerate(window.offsets) if a <= place < b)
        logits[window.first + token, column] = 9
    return best_span(window, logits, question, passage)


PASSAGE = "The Rhine Company bought the unforgettable bridge."


class TestSpans:
    def test_are_quoted_from_the_passage(self, layout):
        span = decoded(layout, "Who bought it?", PASSAGE, PASSAGE.index("Rhine"), PASSAGE.index("Company"))
        assert PASSAGE[span.start : span.end] == "Rhine Company"

    def test_are_whole_words(self, layout):
        inside = PASSAGE.index("unforgettable") + 5
        span = decoded(layout, "Which one?", PASSAGE, inside, inside)
        said = PASSAGE[span.start : span.end]
        assert said.strip() == said
        assert all(word in PASSAGE.replace(".", "").split() for word in said.replace(".", "").split())

    def test_do_not_repeat_the_question(self, layout):
        place = PASSAGE.index("bridge")
        span = decoded(layout, "Which bridge?", PASSAGE, place, place)
        assert PASSAGE[span.start : span.end].strip(".") != "bridge"

    def test_are_short(self, layout):
        passage = " ".join(f"word{n}" for n in range(60))
        span = decoded(layout, "What?", passage, 0, len(passage) - 1)
        assert len(layout.windows("", passage[span.start : span.end])[0].offsets) <= MAX_SPAN

    @pytest.mark.parametrize("passage", ["", "…", "bridge bridge"])
    def test_there_is_none_where_nothing_is_said(self, layout, passage):
        windows = layout.windows("Which bridge?", passage)
        logits = np.zeros((len(windows[0].ids), 2), np.float32)
        assert best_span(windows[0], logits, "Which bridge?", passage) is None


class TestWindows:
    @given(words=st.integers(0, 700), asked=st.integers(0, 90), titled=st.integers(0, 60))
    def test_fit_and_overlap(self, layout, words, asked, titled):
        passage = " ".join(["bridge"] * words)
        windows = layout.windows(" ".join(["why"] * asked), passage, " ".join(["title"] * titled))
        assert 1 <= len(windows) <= 2
        assert all(len(window.ids) == len(window.segments) <= MAX_TOKENS for window in windows)
        if len(windows) == 2:
            shared = set(windows[0].offsets) & set(windows[1].offsets)
            assert len(shared) >= OVERLAP
        elif words:
            assert windows[0].offsets[-1][1] == len(passage)

    def test_offsets_are_of_the_passage_alone(self, layout):
        (window,) = layout.windows("Who?", "Ærø is an island.", "Denmark")
        assert [("Ærø is an island."[a:b]) for a, b in window.offsets][-2:] == ["island", "."]
        assert len(window.ids) == window.first + len(window.offsets) + 1
