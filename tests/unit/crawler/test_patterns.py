"""Globs over addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from crawler.patterns import Glob, PatternError, matches_any, parse_all
from crawler.urls import normal_form
from tests.support.effort import Effort

SITE = "https://docs.example.com"


class TestMatches:
    @pytest.mark.parametrize(
        ("pattern", "path", "expected"),
        [
            ("/docs/*", "/docs/a", True),
            ("/docs/*", "/docs/a/b/c", True),
            ("/docs/*", "/docs/", True),
            ("/docs/*", "/docs", False),
            ("/docs/*", "/x/docs/a", False),
            ("/docs/*/api", "/docs/a/b/api", True),
            ("/docs/*/api", "/docs/a/apis", False),
            ("/docs/*/api", "/docs/api", False),
            ("/a*a", "/a", False),
            ("/a*a", "/aa", True),
            ("/*a*b*", "/xxaxxbxx", True),
            ("/*a*b*", "/xxbxxaxx", False),
            ("*.pdf", "/x/y.pdf", True),
            ("*.pdf", "/x/y.pdf?z", False),
            ("*/private/*", "/x/private/y", True),
            ("*", "/", True),
            ("/docs", "/docs", True),
            ("/docs", "/docs/", True),
            ("/docs", "/docs/x", True),
            ("/docs", "/docs?page=2", True),
            ("/docs", "/docsearch", False),
            ("/docs/", "/docs/x", True),
            ("/docs/", "/docs", True),
            ("/docs/", "/docsearch", False),
            ("/", "/anything", True),
            ("/find?q=1", "/find?q=1", True),
            ("/find?q=1", "/find?q=12", False),
            ("/find?q=*", "/find?q=12", True),
            ("/fin?", "/find", False),
            ("/a.b", "/axb", False),
            ("/[ab]", "/a", False),
            ("/büro/*", "/büro/1", True),
            ("/b%c3%bcro/*", "/büro/1", True),
            ("/a b", "/a%20b", True),
            ("  /docs/*  ", "/docs/x", True),
        ],
    )
    def test_paths(self, pattern: str, path: str, expected: bool) -> None:
        assert Glob.parse(pattern).matches(normal_form(SITE + path)) is expected

    @pytest.mark.parametrize(
        ("pattern", "url", "expected"),
        [
            ("https://docs.example.com/*", f"{SITE}/a", True),
            ("HTTPS://Docs.Example.com/a*", f"{SITE}/abc", True),
            ("https://docs.example.com/*", "https://example.com/a", False),
            ("https://docs.example.com", f"{SITE}/a", True),
            ("https://docs.example.com", "https://docs.example.com.evil/", False),
            ("https://docs.example.com/a", f"{SITE}/a/b", True),
            ("https://docs.example.com/a", f"{SITE}/ab", False),
            ("https://*.example.com/x*", f"{SITE}/xy", True),
            ("*://docs.example.com/x*", f"{SITE}/xy", True),
            ("*.example.com/x*", f"{SITE}/xy", True),
            ("*.example.com/x*", f"{SITE}/y", False),
            ("*.example.com/x*", "https://example.org/xy", False),
            ("https://bücher.example/*", "https://xn--bcher-kva.example/a", True),
        ],
    )
    def test_addresses(self, pattern: str, url: str, expected: bool) -> None:
        assert Glob.parse(pattern).matches(normal_form(url)) is expected

    def test_many_stars_take_no_time(self) -> None:
        glob = Glob.parse("/" + "*a" * 20)
        url = f"{SITE}/{'a' * 2_000}b"
        effort = Effort()
        for _ in range(1_000):
            assert not glob.matches(url)
        assert effort.spent_s() < 4

    @given(st.lists(st.text("ab", max_size=3), min_size=2, max_size=5), st.text("ab", max_size=3))
    def test_matches_whatever_its_stars_stand_for(self, pieces: list[str], filler: str) -> None:
        assert Glob.parse("/" + "*".join(pieces)).matches(f"{SITE}/{filler.join(pieces)}")

    def test_any(self) -> None:
        globs = parse_all(["/a", "/b*"], "include")
        assert matches_any(globs, f"{SITE}/bc")
        assert not matches_any(globs, f"{SITE}/c")
        assert not matches_any((), f"{SITE}/c")


class TestParse:
    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("", "empty"),
            ("  ", "empty"),
            ("/" + "a" * 500, "500"),
            ("/a\nb", "control"),
            ("/a\x00", "control"),
            ("docs/*", "/docs/*"),
            ("ftp://example.com/*", "https://"),
            ("?a=*", "“/”"),
            ("/" + "*/" * 21, "20 stars"),
        ],
    )
    def test_refuses(self, text: str, word: str) -> None:
        with pytest.raises(PatternError) as caught:
            Glob.parse(text)
        assert word in caught.value.reason

    @pytest.mark.parametrize("text", ["/" + "*/" * 20, "/" + "a" * 499, "http://a/*", "*a"])
    def test_takes(self, text: str) -> None:
        assert Glob.parse(text).text == text

    @given(st.text(max_size=40))
    def test_raises_nothing_else(self, text: str) -> None:
        try:
            glob = Glob.parse(text)
        except PatternError:
            return
        assert glob.matches(f"{SITE}/a") in (True, False)


class TestParseAll:
    def test_names_the_field(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            parse_all(["/a", "b"], "exclude_patterns")
        assert caught.value.field == "exclude_patterns.1"
        assert "/b" in caught.value.message

    def test_bounds_their_number(self) -> None:
        assert len(parse_all(["/a"] * 100, "include")) == 100
        with pytest.raises(InvalidInput) as caught:
            parse_all(["/a"] * 101, "include")
        assert caught.value.field == "include"
