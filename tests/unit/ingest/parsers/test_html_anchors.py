"""Anchors: what a URL's fragment must name to lead to a heading, as generators of pages write it."""

import pytest

from core.embedding.tokenizers import load_tokenizer
from ingest.chunking import ChunkBudget, chunk_document
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.html import parse_html

PROSE = "<p>" + "A sentence about the weather that is long enough to be taken for prose by anybody. " * 8 + "</p>"
STYLES = {
    "on the heading (MkDocs)": ("<h2 id='use'>Use<a class='headerlink' href='#use'>¶</a></h2>", "use"),
    "on the section (Sphinx)": ("<section id='use'><h2>Use<a href='#use'>¶</a></h2></section>", "use"),
    "on the div (docutils 0.16)": ("<div class='section' id='use'><h2>Use</h2></div>", "use"),
    "a span in front (Sphinx labels)": ("<section id='use'><span id='label'></span><h2>Use</h2></section>", "label"),
    "back to the contents (docutils)": ("<h2><a class='toc-backref' href='#contents' id='id1'>Use</a></h2>", "id1"),
    "deep in title pages (DocBook)": (
        "<div class='sect1'><div class='titlepage'><div><div><h2 class='title'><a name='use'></a>Use</h2>"
        "</div></div></div></div>", "use",
    ),
    "on the div around them (DocBook 5)": (
        "<div class='sect1' id='use'><div class='titlepage'><div><div><h2>Use</h2></div></div></div></div>", "use",
    ),
    "in front (DocBook references)": ("<div class='refsect1'><a id='use'></a><h2>Use</h2></div>", "use"),
    "in a paragraph in front": ("<p><a name='use'></a></p><h2>Use</h2>", "use"),
    "a span inside (MediaWiki to 1.42)": ("<h2><span class='mw-headline' id='Use_it'>Use</span></h2>", "Use_it"),
    "a heading in a div (MediaWiki)": ("<div class='mw-heading'><h2 id='Use_it'>Use</h2></div>", "Use_it"),
    "inside (GitHub to 2023)": ("<h2><a id='user-content-use' href='#use'></a>Use</h2>", "user-content-use"),
    "behind (GitHub)": (
        "<div class='markdown-heading'><h2 class='heading-element'>Use</h2>"
        "<a id='user-content-use' class='anchor' href='#use'><svg></svg></a></div>", "user-content-use",
    ),
    "a permalink alone": ("<div><div id='use'></div><h2>Use <a href='#use'>#</a></h2></div>", "use"),
    "in other letters": ("<h2 id='Größe 1'>Use</h2>", "Größe 1"),
}  # fmt: skip
DROPPED = {"deep in title pages (DocBook)", "in front (DocBook references)", "behind (GitHub)"}  # by trafilatura
NONE = {
    "nothing": "<h2>Use</h2>",
    "a section with an earlier heading": "<section id='s'><h2 id='first'>First</h2><p>x</p><h2>Use</h2></section>",
    "words between": "<a id='x'></a>words<h2>Use</h2>",
    "a link elsewhere": "<h2>Use <a href='#other'>the other</a></h2>",
    "a control": "<h2 id='a&#1;b'>Use</h2>",
    "a control inside": "<h2><span id='a&#1;b'></span>Use</h2>",
    "half a pair": "<h2><span id='a&#xd800;b\ufffe'></span>Use</h2>",
    "far too long": f"<h2 id='{'x' * 301}'>Use</h2>",
}


def page(body: str, *, manual: bool) -> ParsedDocument:
    """A manual's page is taken as it stands; of another one trafilatura finds the article."""
    generator = "<meta name='generator' content='mkdocs'>" if manual else ""
    links = "".join(f"<a href='/{n}'>Another article {n}</a> " for n in range(9))
    html = f"<html><head><title>T</title>{generator}</head><body><nav>{links}</nav><main>{PROSE}{body}{PROSE}</main>"
    return parse_html(html.encode(), "a.html")


def anchors(document: ParsedDocument) -> dict[str, str | None]:
    headings = [one for one in document.elements if one.kind is ElementKind.HEADING]
    return {document.text[one.start : one.end]: one.anchor for one in headings}


@pytest.mark.parametrize("manual", [True, False], ids=["manual", "article"])
class TestHeadings:
    @pytest.mark.parametrize("style", STYLES)
    def test_are_found_in_every_style(self, style: str, manual: bool) -> None:
        body, anchor = STYLES[style]
        assert anchors(page(body, manual=manual)) == ({"Use": anchor} if manual or style not in DROPPED else {})

    @pytest.mark.parametrize("style", NONE)
    def test_have_none_that_leads_elsewhere(self, style: str, manual: bool) -> None:
        assert list(anchors(page(NONE[style], manual=manual)).values())[-1] in (None, "first")

    def test_of_the_same_words_keep_their_own(self, manual: bool) -> None:
        body = "".join(f"<h2 id='v{n}'>Version {n}</h2>{PROSE}<h3 id='v{n}-fixed'>Fixed</h3>{PROSE}" for n in range(3))
        found = page(body, manual=manual)
        headings = [one.anchor for one in found.elements if one.kind is ElementKind.HEADING]
        assert headings == ["v0", "v0-fixed", "v1", "v1-fixed", "v2", "v2-fixed"]


class TestChunks:
    def test_carry_the_anchor_of_the_heading_they_are_below(self) -> None:
        body = "".join(f"<h2 id='part-{n}'>Part {n}</h2>{PROSE * 6}" for n in range(3))
        document = page(body, manual=True)
        tokenizer = load_tokenizer("all-minilm-l6-v2")
        chunks = chunk_document(document, tokenizer, ChunkBudget.of(tokenizer))
        found = list(dict.fromkeys(chunk.anchor for chunk in chunks))
        assert found == [None, "part-0", "part-1", "part-2"]
        for chunk in chunks:
            starts = [one.start for one in document.elements if one.kind is ElementKind.HEADING]
            above = sum(start <= chunk.start for start in starts)
            assert chunk.anchor == (f"part-{above - 1}" if above else None)

    def test_a_heading_without_one_keeps_the_last(self) -> None:
        """Near above is better than the top of the page."""
        document = page("<h2 id='a'>A</h2><p>x</p><h2>B</h2><p>y</p>", manual=True)
        assert anchors(document) == {"A": "a", "B": "a"}


def test_many_headings_cost_linear_time() -> None:
    """Each ancestor is climbed through once; 20,000 headings below 100 sections take a moment."""
    body = "<div>" * 100 + "<h2>Use</h2>" * 20_000
    assert len(page(body, manual=True).elements) > 20_000
