"""Where sentences end, in whatever language; every one is an exact slice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sentences import sentences


def cut(text: str) -> list[str]:
    return [one.text for one in sentences(text)]


class TestEnds:
    @pytest.mark.parametrize(
        "whole",
        [
            "The tank must be filled to max. 5 bar.",
            "The fee is 30 Euro, incl. VAT and postage.",
            "Die Kosten betragen 5 Mio. Euro im Jahr.",
            "Use approx. 20 g of salt, e.g. from the sea.",
            "Am 3. März gilt § 5 Abs. 2 Nr. 3 BGB.",
            "Der 2. Platz ist frei, z. B. für Frau Meier bzw. Herrn Dr. med. Koch.",
            "Its CEO, Prof. Dr. Lee, was born in Jan. 1990.",
            "It was built by John F. Kennedy in the U.S. in 1962.",
            "Open from 9 a.m. to 5 p.m. on weekdays.",
            "Llega a las 5 p. m. todos los días.",
            "В 1990 г. он родился в г. Москве.",
            "See Fig. 3, para. 2 and Sec. 4.2.",
            "Install Node.js from example.com first.",
            "The pump needs 3.5 kW at 1.200 rpm.",
        ],
    )
    def test_no_sentence_ends_inside(self, whole: str) -> None:
        assert cut(whole) == [whole]
        assert cut(f"{whole} The next one follows.") == [whole, "The next one follows."]

    @pytest.mark.parametrize(
        "two",
        [
            ("It weighs 5 kg.", "Shipping is free."),
            ("We sell tea, coffee, etc.", "The shop is closed on Sundays."),
            ("We close at 5 p.m.", "The canteen opens at six."),
            ("He took vitamin C.", "It helped."),
            ("We use SQL.", "The rest is stored in files."),
            ("He asked “Why?”", "Nobody knew."),
            ("She is 12.", "Her brother is 9."),
            ("Das ist viel.", "Dies nicht."),
            ("今天天气很好。", "我们去公园。"),
        ],
    )
    def test_sentences_end_where_they_end(self, two: tuple[str, str]) -> None:
        joined = "".join(two) if not two[0].isascii() and two[0][-1] == "。" else " ".join(two)
        assert cut(joined) == list(two)

    def test_steps_in_running_text_begin_with_their_numbers(self) -> None:
        assert cut("To reset the router: 1. Unplug it. 2. Wait. 3. Plug it in again. Then log in.") == [
            "To reset the router:", "1. Unplug it.", "2. Wait.", "3. Plug it in again.", "Then log in.",
        ]  # fmt: skip

    def test_records_stay_whole_and_apart(self) -> None:
        text = "city: Oslo; phone: 1\ncity: Bonn; phone: 2"
        assert cut(text) == text.split("\n")

    def test_a_long_run_is_cut(self) -> None:
        assert max(map(len, cut("word " * 1000))) <= 600


class TestSlices:
    @given(st.text(alphabet="aA1. \n:-|?!;é。(", max_size=200))
    def test_every_sentence_is_an_exact_slice_in_order(self, text: str) -> None:
        found = sentences(text)
        assert all(text[one.start : one.end] == one.text for one in found)
        assert all(one.end <= other.start for one, other in pairwise(found))

    @given(st.text(alphabet="aA1. \n:-|?!;é。(", max_size=200))
    def test_no_letter_is_lost(self, text: str) -> None:
        kept = "".join(one.text for one in sentences(text))
        assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
