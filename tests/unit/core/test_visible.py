"""What a text shows, and titles on one line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.visible import is_visible, one_line


@pytest.mark.parametrize("text", ["a", " 1 ", "日本", "é", "e\u0301", "👍", "\u200bx", "-", "\u0627"])
def test_shows_something(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u202e", "\u0301", "\u2800"]
)
def test_shows_nothing(text: str) -> None:
    assert not is_visible(text)


class TestOneLine:
    @pytest.mark.parametrize(
        ("given_text", "shown"),
        [
            ("Bike\nGuide", "Bike Guide"), ("Bike\r\nGuide", "Bike Guide"), ("Bike\t \tGuide", "Bike Guide"),
            ("Bike\u2028Guide\u2029", "Bike Guide"), ("a\u00a0\u3000b", "a b"), ("a\x85b\x0bc\x0cd", "a b c d"),
            ("a\0b", "ab"), ("\x07a\x1bb\x7f", "ab"), ("\ufeffa\u200bb\u2060", "ab"), ("co\u00adop", "coop"),
            ("abc\u202etxt.exe\u202c", "abctxt.exe"), ("\u2066a\u2069\u200e", "a"), ("a\uffff\ufffeb", "ab"),
            ("a\u200db", "ab"), ("\u200da \u200c b\u200d", "a b"), ("a \U000e0041b", "a b"), ("", ""), ("\u200b\n", ""),
        ],
    )  # fmt: skip
    def test_white_space_is_one_space_and_the_invisible_goes(self, given_text: str, shown: str) -> None:
        assert one_line(given_text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "می\u200cخواهم", "API\u200cها", "അവന\u0d4d\u200d", "👩\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "e\u0301",
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u0600\u0661", "日本 100 %",
        ],
    )  # fmt: skip
    def test_spelling_stays(self, text: str) -> None:
        assert one_line(text) == text

    @given(st.text(alphabet=st.characters() | st.sampled_from("\u200d\u200c \n\u200b\U0001f3f4\U000e0067a\u00e9")))
    def test_once_is_enough(self, text: str) -> None:
        shown = one_line(text)
        assert one_line(shown) == shown
        assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in shown)
        assert is_visible(shown) <= is_visible(text)
