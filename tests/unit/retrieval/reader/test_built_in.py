"""The weights that are shipped: that they are whole, and read what anybody could."""

import hashlib
import json

import pytest

from core.errors import InvalidInput
from retrieval.reader.factory import BUILT_IN, NONE, WEIGHTS, open_reader
from retrieval.reader.protocol import Reader

MAX_BYTES = 25_000_000
# question, a passage that answers it, the answer's words, one that is about the same and does not
PAIRS = [
    ("When was the bridge opened?", "The bridge was opened on 12 May 1931 after four years of work.", "1931",
     "The bridge is painted red every ten years by a crew of six."),
    ("Who designed the library?", "The library was designed by Maria Lindqvist in 1984.", "Maria Lindqvist",
     "The library was finished in 1984 and has four reading rooms."),
    ("How long is the battery covered?", "Frames are guaranteed for ten years. The battery is covered for two years.",
     "two years", "The battery is charged in four hours and weighs three kilograms."),
    ("What does the annual service cost?", "The annual service costs 89 euros. Bring the invoice.", "89 euros",
     "The annual service takes two hours. Bring the invoice."),
    ("Where is the head office?", "The company was founded in 1990. Its head office is in Utrecht.", "Utrecht",
     "The company was founded in 1990 by two brothers."),
    ("How many rooms does the hotel have?", "The hotel has 45 rooms and a garden.", "45",
     "The hotel has a garden and a terrace. Breakfast is served at eight."),
]  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    made = open_reader(BUILT_IN)
    assert made is not None
    return made


class TestFile:
    def test_is_small_and_the_one_that_is_described(self) -> None:
        described = json.loads(WEIGHTS.with_name("reader.json").read_text())
        content = WEIGHTS.read_bytes()
        assert len(content) <= MAX_BYTES
        assert hashlib.sha256(content).hexdigest() == described["sha256"]

    def test_its_data_may_be_given_away(self) -> None:
        described = json.loads(WEIGHTS.with_name("reader.json").read_text())
        assert all(one["licence"] for one in described["data"] if "file" in one)


class TestReading:
    @pytest.mark.parametrize(("question", "right", "answer", "wrong"), PAIRS, ids=[pair[0] for pair in PAIRS])
    def test_tells_what_answers_from_what_is_near(
        self, reader: Reader, question: str, right: str, answer: str, wrong: str
    ) -> None:
        good, bad = reader.read(question, [right, wrong])
        assert good.relevance + good.margin / 4 > bad.relevance + bad.margin / 4
        assert good.span is not None
        assert answer in right[good.span.start : good.span.end]

    def test_it_describes_itself(self, reader: Reader) -> None:
        assert reader.describe().startswith("reader, int8")


class TestSetting:
    def test_none_reads_nothing(self) -> None:
        assert open_reader(NONE) is None

    def test_a_file_that_is_not_there_is_said(self) -> None:
        with pytest.raises(InvalidInput, match="is no file"):
            open_reader("/no/such/reader.onnx")
