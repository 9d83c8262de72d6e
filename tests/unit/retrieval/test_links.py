"""Links to the place of a quote: text fragments, anchors, pages (`tests/e2e/test_text_fragments.py`: in a browser)."""

import dataclasses

import pytest

from retrieval.links import link_to, passage_link
from tests.support.passages import stored

URL = "https://x.org/a"
LONG = "It begins with these words here, " + "and goes on and on, " * 30 + "until it ends with those words."
CHINESE = "保修期为两年，从购买之日起计算。水泵和阀门都包括在内。" * 15
EXACT = {
    "one sentence": ("It costs 49 euros.", "It%20costs%2049%20euros."),
    "the directive's own characters": ("a-b, c & d", "a%2Db%2C%20c%20%26%20d"),
    "everything else that URLs reserve": ('50% "C#"? <b>+/\\:=', "50%25%20%22C%23%22%3F%20%3Cb%3E%2B%2F%5C%3A%3D"),
    "other letters": ("Größe", "Gr%C3%B6%C3%9Fe"),
    "white space": ("  two \t\u00a0 words\n", "two%20words"),
    "a bullet": ("- Open the tap", "Open%20the%20tap"),
    "a nested number": ("    12. Open the tap", "Open%20the%20tap"),
    "one cell": ("| The left handle |", "The%20left%20handle"),
    "a row's beginning": ("| The left handle | 49", "The%20left%20handle"),
    "a row's end": ("dle | The right handle |", "The%20right%20handle"),
    "a pipe in a cell": ("| this \\| or that |", "this%20%7C%20or%20that"),
    "a heading and its text": ("Install\n\nRun the installer first.", "Run%20the%20installer%20first."),
    "a heading alone": ("Install", "Install"),
    "300 characters": ("ab " * 99 + "abc", "ab%20" * 99 + "abc"),
}  # fmt: skip
RANGES = {
    "a long paragraph": (LONG, "It begins with these words", "it ends with those words."),
    "two blocks": ("One two three four five six.\n\nSeven eight nine.", "One two three four five", "Seven eight nine."),
    "between short lines": (
        "Parts\n\nUnscrew both lids.\n\nOil\n\nScrew them on.\n\n12", "Unscrew both lids.", "Screw them on.",
    ),
    "short lines only": ("Parts\n\nOil\n\nLid", "Parts", "Lid"),
    "items": ("- Open it slowly now\n  - Then close it", "Open it slowly now", "Then close it"),
    "rows": ("| Part | Price |\n| The left handle | 4 |\n| A right handle | 9 |", "The left handle", "A right handle"),
    "rows of numbers": ("| 1 | 2 |\n| 3 | 4 |", "1", "4"),
}  # fmt: skip


def directive(quote: str) -> str:
    return link_to(URL, quote=quote, anchor=None, page=None).removeprefix(f"{URL}#:~:text=")


class TestWords:
    @pytest.mark.parametrize("case", EXACT)
    def test_a_short_quote_is_named_whole(self, case: str) -> None:
        quote, expected = EXACT[case]
        assert directive(quote) == expected

    @pytest.mark.parametrize("case", RANGES)
    def test_a_longer_one_by_its_ends(self, case: str) -> None:
        quote, start, end = RANGES[case]
        assert directive(quote) == f"{start.replace(' ', '%20')},{end.replace(' ', '%20')}"

    def test_without_spaces_the_ends_are_clauses(self) -> None:
        """Marks end words in every script."""
        start, end = directive(CHINESE).split(",")
        assert len(start) < 80 * 9
        assert len(end) < 80 * 9
        assert link_to(URL, quote="期，", anchor=None, page=None).endswith("%E6%9C%9F%EF%BC%8C")

    @pytest.mark.parametrize("quote", ["", " \n ", "—", "| | |", "***"])
    def test_nothing_to_find_is_not_looked_for(self, quote: str) -> None:
        assert link_to(URL, quote=quote, anchor="a", page=None) == f"{URL}#a"
        assert link_to(URL, quote=quote, anchor=None, page=None) == URL


class TestFragments:
    @pytest.mark.parametrize(
        ("url", "anchor", "link"),
        [
            (URL, "use", f"{URL}#use:~:text=word"),
            (URL, "Größe 1", f"{URL}#Gr%C3%B6%C3%9Fe%201:~:text=word"),
            (URL, "a%b\"<#`", f"{URL}#a%25b%22%3C%23%60:~:text=word"),
            (URL, "x:~:text=y", f"{URL}#:~:text=word"),
            (f"{URL}?q=1&b#own", "use", f"{URL}?q=1&b#own:~:text=word"),
            (f"{URL}#!/route/1", None, f"{URL}#!/route/1:~:text=word"),
            (f"{URL}#own:~:text=other", "use", f"{URL}#own:~:text=word"),
            (f"{URL}#:~:text=other", "use", f"{URL}#use:~:text=word"),
            (f"{URL}#", "use", f"{URL}#use:~:text=word"),
            ("HTTP://x.org", None, "HTTP://x.org#:~:text=word"),
            ("http://[broken", None, "http://[broken#:~:text=word"),
            ("s3://bucket/key", "use", "s3://bucket/key"),
            ("mailto:a@x.org", None, "mailto:a@x.org"),
        ],
    )  # fmt: skip
    def test_the_urls_own_then_the_anchor_then_the_words(self, url: str, anchor: str | None, link: str) -> None:
        assert link_to(url, quote="word", anchor=anchor, page=None) == link

    @pytest.mark.parametrize(
        ("url", "link"),
        [(URL, f"{URL}#page=3"), (f"{URL}#zoom=50", f"{URL}#zoom=50&page=3"), ("ftp://x/a.pdf", "ftp://x/a.pdf")],
    )
    def test_pages_have_numbers(self, url: str, link: str) -> None:
        assert link_to(url, quote="word", anchor="use", page=3) == link


class TestPassages:
    @pytest.mark.parametrize(
        ("url", "found", "page", "link"),
        [
            (URL, "html", None, f"{URL}#use:~:text=word"),
            (URL, "text", None, f"{URL}#use:~:text=word"),
            (URL, "jsonl", None, f"{URL}#use:~:text=word"),
            (URL, None, None, f"{URL}#use:~:text=word"),
            (URL, "pdf", 3, f"{URL}#page=3"),
            (f"{URL}.PDF?dl=1", "jsonl", None, f"{URL}.PDF?dl=1"),
            (URL, "pptx", 3, URL),
            (URL, "epub", None, URL),
            (None, "html", None, None),
        ],
    )
    def test_link_as_their_format_allows(
        self, url: str | None, found: str | None, page: int | None, link: str | None
    ) -> None:
        row = dataclasses.replace(stored(1, "some word"), url=url, format=found, page=page, anchor="use")
        assert passage_link(row, "word") == link
