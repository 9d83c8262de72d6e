"""What a mail says: its HTML without what could run, load by itself or lead astray, and the text of it."""

from html.parser import HTMLParser

import nh3
from lxml import etree, html

from core.errors import InvalidInput

_WITH_CONTENT = {"script", "style", "title"}  # goes as a whole
_SCHEMES = {"http", "https", "mailto", "tel"}  # no javascript:, no data:
_BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
}  # fmt: skip
_APART = _BLOCKS - {"dd", "div", "dt", "li", "tr"}  # an empty line around them


def sanitised(given: str) -> str:
    """Links lead to a new place (`rel=noopener`), and only to addresses with a host. Raises `InvalidInput`.

    lxml reads it first: it nests only so deep and opens nothing twice, while the HTML standard's own rules, by which
    `nh3` reads, make of a few hundred kilobytes as much work as somebody wants.
    """
    if not given.strip():
        return ""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True)
    try:
        tree = html.document_fromstring(given.encode(), parser=parser)
    except etree.ParserError:  # there is nothing in it
        return ""
    if any("depth" in str(one.message).lower() for one in parser.error_log):
        raise InvalidInput("bodyHtml is nested too deeply.", code="HTML_TOO_DEEP", field="bodyHtml")
    whole = html.tostring(tree, encoding="unicode")
    return nh3.clean(
        whole, clean_content_tags=_WITH_CONTENT, url_schemes=_SCHEMES, url_relative="deny",
        link_rel="noopener noreferrer",
    ).strip()  # fmt: skip


def text_of(clean: str) -> str:
    """What a reader sees of sanitised HTML: blocks on lines of their own, links with where they lead."""
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._links: list[tuple[str, int, int]] = []  # where it leads, and where it begins: line, character
        self._verbatim = 0

    def text(self) -> str:
        found: list[str] = []
        for line in (one.rstrip() for one in self._lines):
            if line or (found and found[-1]):
                found.append(line)
        return "\n".join(found).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._lines.append("")
        elif tag == "img":
            self._say(given.get("alt", ""))
        elif tag == "a":
            self._links.append((given.get("href", ""), len(self._lines) - 1, len(self._lines[-1])))
        elif tag in _BLOCKS:
            self._break(tag)
        if tag == "li":
            self._lines[-1] = "- "
        elif tag in ("td", "th") and self._lines[-1]:
            self._lines[-1] += " "
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._lead(*self._links.pop())
        elif tag in _BLOCKS:
            self._break(tag)
        self._verbatim -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if self._verbatim > 0:
            first, *more = data.split("\n")
            self._lines[-1] += first
            self._lines += more
        else:
            self._say(data)

    def _say(self, data: str) -> None:
        words = " ".join(data.split())
        line = self._lines[-1]
        before = " " if data[:1].isspace() and line and not line.endswith(" ") else ""
        after = " " if words and data[-1:].isspace() else ""
        self._lines[-1] = line + before + words + after if words or before else line

    def _lead(self, href: str, line: int, start: int) -> None:
        shown = " ".join([self._lines[line][start:], *self._lines[line + 1 :]]).strip()
        target = href.removeprefix("mailto:").removeprefix("tel:")
        if target and target.rstrip("/") not in (shown, shown.rstrip("/")):
            self._lines[-1] = f"{self._lines[-1].rstrip()} <{target}>" if shown else f"{self._lines[-1]}<{target}>"

    def _break(self, tag: str) -> None:
        if self._lines[-1].strip():
            self._lines.append("")
        else:
            self._lines[-1] = ""
        if tag in _APART and len(self._lines) > 1 and self._lines[-2]:
            self._lines.append("")
