"""What web pages say of themselves, and their links."""

import pytest

from ingest.elements import ParsedDocument
from ingest.parsers.html import parse_html

PROSE = "A sentence about the weather that is long enough to be taken for prose by anybody. " * 4


def page(head: str = "", body: str = f"<article><p>{PROSE}</p></article>") -> ParsedDocument:
    return parse_html(f"<html><head><title>T</title>{head}</head><body>{body}</body></html>".encode(), "a.html")


def links_of(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(document.text[link.start : link.end], link.url) for link in document.links]


def data(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


class TestDescription:
    @pytest.mark.parametrize(
        ("head", "name", "expected"),
        [
            ('<meta name="author" content=" Ada  L. ">', "author", "Ada L."),
            ('<meta property="article:author" content="https://example.com/ada">', "author", None),
            (data('{"author": {"name": "Ada"}}'), "author", "Ada"),
            (data('{"author": [{"name": "Ada"}, "Bob", 7]}'), "author", "Ada, Bob"),
            ('<meta property="article:published_time" content="2026-01-02T03:04:05+01:00">', "date",
             "2026-01-02T03:04:05+01:00"),
            ('<meta itemprop="datePublished" content="2026-01-02">', "date", "2026-01-02"),
            ('<meta name="date" content="yesterday">', "date", None),
            (data('[{"@graph": [{"datePublished": "2026-05-06"}]}]'), "date", "2026-05-06"),
            (data('{"dateModified": "2026-05-07"}'), "modified", "2026-05-07"),
            ('<meta name="date" content="2026-01-01">' + data('{"datePublished": "2025-05-06"}'), "date", "2026-01-01"),
            (data("{broken") + data('{"datePublished": "2026-05-06"}'), "date", "2026-05-06"),
            (data("[" * 100_000), "date", None), (data('{"datePublished": 7, "author": 9}'), "date", None),
            ('<meta property="og:site_name" content="The Site">', "site", "The Site"),
        ],
    )  # fmt: skip
    def test_head_and_data_blocks(self, head: str, name: str, expected: str | None) -> None:
        assert page(head).metadata.get(name) == expected

    def test_a_time_of_the_article(self) -> None:
        body = f'<time datetime="2020-01-01">now</time><article><time datetime="2026-02-03">then</time><p>{PROSE}</p>'
        assert page(body=body).metadata["date"] == "2026-02-03"


class TestLinks:
    @pytest.mark.parametrize("head", ["", '<script src="_static/doctools.js"></script>'])
    def test_of_paragraphs_lists_and_tables(self, head: str) -> None:
        body = (
            '<main><h1>Title</h1><p>See <a href="a.html">the one</a> and <a href="/b">the <b>other</b></a>.'
            f" {PROSE}</p>"
            f'<ul><li>{PROSE} <a href="c">third</a></li><li>{PROSE}</li></ul></main>'
        )
        assert links_of(page(head, body)) == [("the one", "a.html"), ("the other", "/b"), ("third", "c")]

    def test_of_a_bare_page(self) -> None:
        body = '<p>x <a href="u">y</a> z</p><table><tr><th>A<th>B<tr><td>1<td><a href="v">two</a></table>'
        assert links_of(page(body=body)) == [("y", "u"), ("two", "v")]

    @pytest.mark.parametrize("href", ["", "#top", f"/{'x' * 3_000}"])
    def test_what_leads_nowhere_is_left_out(self, href: str) -> None:
        assert page(body=f'<p>x <a href="{href}">y</a></p>').links == []

    def test_the_same_words_twice_are_told_apart(self) -> None:
        document = page(body='<p><a href="1">here</a> or <a href="2">here</a></p>')
        assert [link.start for link in document.links] == [0, 8]
