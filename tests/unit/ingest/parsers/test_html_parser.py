"""Web pages: manuals as they stand, the main content of others."""

import pytest

from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.html import parse_html

SPHINX = '<script src="_static/documentation_options.js"></script><script src="_static/doctools.js"></script>'
PROSE = "A sentence about the weather that is long enough to be taken for prose by anybody. " * 4


def manual(body: str, head: str = SPHINX) -> ParsedDocument:
    return parse_html(f"<html lang='en-GB'><head><title>T</title>{head}</head><body>{body}</body></html>".encode(), "")


def of_kind(document: ParsedDocument, kind: ElementKind) -> list[str]:
    return [document.text[item.start : item.end] for item in document.elements if item.kind is kind]


class TestManual:
    def test_headings_keep_their_levels_and_lose_their_permalinks(self) -> None:
        parsed = manual("<h1>Top<a class='headerlink' href='#top'>¶</a></h1><h3>Deep<a href='#deep'>#</a></h3><p>x</p>")
        headings = [item for item in parsed.elements if item.kind is ElementKind.HEADING]
        assert [(item.level, parsed.text[item.start : item.end]) for item in headings] == [(1, "Top"), (3, "Deep")]
        assert parsed.elements[-1].heading_path == ("Top", "Deep")

    def test_code_keeps_its_lines_and_tables_their_cells(self) -> None:
        parsed = manual(
            "<pre><span>def</span> f():\n    return 1\n</pre>"
            "<table><tr><th>A<th>B<tr><td>1<td>2</table><dl><dt>term<dd>its meaning</dl>"
        )
        assert of_kind(parsed, ElementKind.CODE) == ["def f():\n    return 1"]
        assert of_kind(parsed, ElementKind.TABLE) == ["| A | B |\n| 1 | 2 |"]
        assert "its meaning" in parsed.text

    def test_the_main_role_wins_and_furniture_is_left_out(self) -> None:
        parsed = manual(
            "<div class='related'>previous</div><div role='main'><h1>Kept</h1><p>words</p><nav>inner</nav></div>"
            "<div class='sphinxsidebar'>contents</div><div id='ft'>imprint</div>"
        )
        assert parsed.text == "Kept\n\nwords"

    def test_footnotes_in_asides_are_content(self) -> None:
        assert "why so" in manual("<p>claim [1]</p><aside class='footnote'><p>why so</p></aside>").text

    def test_sections_are_kept_whatever_their_headings_are_about(self) -> None:
        parsed = manual(
            "<section id='module-http.cookies'><h1>Cookies</h1><p>baked</p>"
            "<div class='section' id='shared-memory'><h2>Shared memory</h2><p>held</p></div></section>"
            "<div class='related'><h3>Related</h3><p>others</p></div><div id='cookie-note'>consent</div>"
        )
        assert parsed.text.split() == ["Cookies", "baked", "Shared", "memory", "held"]

    @pytest.mark.parametrize("generator", ["DocBook XSL Stylesheets", "mkdocs-1.6", "Docusaurus v3"])
    def test_generators_are_known(self, generator: str) -> None:
        parsed = manual("<h1>A</h1><p>b</p>", f"<meta name='generator' content='{generator}'>")
        assert parsed.text == "A\n\nb"


class TestArticle:
    PAGE = (
        "<html lang='de'><head><title>Wetter</title><meta name='author' content='Ada'></head><body>"
        "<nav><a href='/'>Startseite</a> <a href='/abo'>Abonnieren</a></nav>"
        f"<article><h2>Am Morgen</h2><p>{PROSE}</p><p>{PROSE.replace('weather', 'wind')}</p></article>"
        "<footer>Impressum und Datenschutz</footer></body></html>"
    )

    def test_prose_stays_and_navigation_goes(self) -> None:
        parsed = parse_html(self.PAGE.encode(), "a.html")
        assert "about the wind" in parsed.text
        assert "Startseite" not in parsed.text
        assert "Impressum" not in parsed.text
        assert (parsed.title, parsed.language, parsed.metadata["author"]) == ("Wetter", "de", "Ada")

    def test_soft_hyphens_do_not_hide_words(self) -> None:
        page = self.PAGE.replace("weather", "wea\u00adther")
        assert "the weather" in parse_html(page.encode(), "a.html").text

    def test_a_page_without_an_article_is_taken_whole(self) -> None:
        rows = "".join(f"<tr><td>Part {n}<td>{n} EUR" for n in range(30))
        page = f"<html><body><p>Prices</p><table><tr><th>Name<th>Price{rows}</table></body></html>"
        assert "| Part 29 | 29 EUR |" in parse_html(page.encode(), "a.html").text


class TestEncoding:
    def test_the_declared_charset_is_used(self) -> None:
        page = f"<html><head><meta charset='windows-1250'></head><body><p>Žluťoučký kůň. {PROSE}</p></body></html>"
        assert "Žluťoučký kůň" in parse_html(page.encode("cp1250"), "a.html").text


class TestPagesWithoutFurniture:
    PAGE = """<html><body><h1>Code snippets</h1><p>Install it.</p>
        <img src="a.png" alt="The parts of a pump"/><img src="b.png" alt="logo"/><img src="c.png" alt="my photo.jpeg"/>
        <ol start="42"><li>First</li><li>Second</li><li value="50">Third</li></ol>
        <table><tr><td>A</td><td><table><tr><td>A1</td><td>B1</td></tr></table></td></tr></table>After the table
        </body></html>"""

    def test_all_of_the_body_is_read(self) -> None:
        text = parse_html(self.PAGE.encode(), "a.html").text
        for wanted in (
            "Code snippets",
            "The parts of a pump",
            "42. First\n43. Second\n50. Third",
            "A1 B1",
            "After the",
        ):
            assert wanted in text
        assert "logo" not in text
        assert "jpeg" not in text

    def test_navigation_or_many_links_make_it_a_web_page(self) -> None:
        links = "".join(f"<a href='{n}'>Another article {n}</a> " for n in range(9))
        words = "<p>" + "A sentence that says something about the matter. " * 9 + "</p>"
        for furniture in (f"<nav>{links}</nav>", f"<div class='sidebar'>{links}</div>", f"<p>{links * 3}</p>"):
            page = f"<html><body>{furniture}<article>{words}</article></body></html>"
            assert "Another article 3" not in parse_html(page.encode(), "a.html").text


def test_letters_are_composed() -> None:
    assert "é" in parse_html("<p>caf\u0065\u0301 au lait</p>".encode(), "a.html").text
