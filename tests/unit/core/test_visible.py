import pytest

from core.visible import is_visible


@pytest.mark.parametrize("text", ["a", " 1 ", "日本", "é", "e\u0301", "👍", "\u200bx", "-", "\u0627"])
def test_shows_something(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u202e", "\u0301", "\u2800"]
)
def test_shows_nothing(text: str) -> None:
    assert not is_visible(text)
