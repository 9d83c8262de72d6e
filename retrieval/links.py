"""Links to the place where a quote stands: text fragments on web pages, page numbers in PDFs.

`#anchor:~:text=start,end` (WICG, URL Fragment Text Directives): a browser that knows them scrolls to the words and
marks them, any other one, and one that does not find them, goes to the anchor. Words must be whole, `start` and `end`
each within one block of the page; case and white space do not matter.
"""

import re
from urllib.parse import quote as percent_encode

from core.pipe_rows import cells
from retrieval.passages import StoredPassage

MAX_EXACT = 300  # characters; a longer quote is named by its beginning and its end
EDGE_WORDS = 5  # of each end
MAX_EDGE = 80  # characters of an end: a language without spaces has no words to count
FEW_WORDS = 3  # a line of fewer (a heading, a number) stands on its page more than once
_DIRECTIVE = ":~:"
_MARKER = re.compile(
    r"^\s*(?:-|\d{1,9}\.)\s+"
)  # of list items: ours, or drawn by the browser, and not text of the page
_ROW = re.compile(r"^\| | \|$")  # a table's, or a piece of one
_BOUNDARY = re.compile(r"[^\w\s]\s*|\s+")
_WITH_PLACES = ("html", "text", "jsonl")  # a record's text is that of the page at its URL, as its sender read it


def passage_link(stored: StoredPassage, quote: str) -> str | None:
    """Where `quote`, a slice of the passage's document, can be seen; the bare URL for formats without such places."""
    if stored.url is None:
        return None
    if is_pdf(stored.url, stored.format):
        return link_to(stored.url, quote="", anchor=None, page=stored.page)
    if stored.format is not None and stored.format not in _WITH_PLACES:
        return stored.url
    return link_to(stored.url, quote=quote, anchor=stored.anchor, page=None)


def is_pdf(url: str, found: str | None) -> bool:
    """By what was read, else by the URL's path."""
    return found == "pdf" or url.partition("#")[0].partition("?")[0].lower().endswith(".pdf")


def link_to(url: str, *, quote: str, anchor: str | None, page: int | None) -> str:
    """`url` with a fragment for `page` (1-based, RFC 8118 §3), else for `anchor` and `quote`.

    A fragment that `url` has itself stands in front, in `anchor`'s place. Other schemes than HTTP are left alone.
    """
    if not url.lower().startswith(("http://", "https://")):
        return url
    bare, _, own = url.partition("#")
    own = own.split(_DIRECTIVE)[0]
    if page is not None:
        return f"{bare}#{own}&page={page}" if own else f"{bare}#page={page}"
    front = own or _encoded_anchor(anchor)
    directive = text_directive(quote)
    fragment = front + (f"{_DIRECTIVE}{directive}" if directive else "")
    return f"{bare}#{fragment}" if fragment else bare


def text_directive(quote: str) -> str:
    """`text=exact` or `text=start,end`; empty where the quote has no words."""
    blocks = _blocks(quote)
    if not blocks:
        return ""
    if len(blocks) == 1 and len(blocks[0]) <= MAX_EXACT:
        return f"text={_encoded(blocks[0])}"
    return f"text={_encoded(_beginning(blocks[0]))},{_encoded(_ending(blocks[-1]))}"


def _blocks(quote: str) -> list[str]:
    """What the page shows as a block each, between the first and the last that say enough to be found."""
    blocks = [block for line in quote.splitlines() for block in _cells_or_line(line) if re.search(r"\w", block)]
    telling = [number for number, block in enumerate(blocks) if _tells(block)]
    return blocks[telling[0] : telling[-1] + 1] if telling else blocks


def _tells(block: str) -> bool:
    return len(block.split()) >= FEW_WORDS or len(block) >= MAX_EDGE // 2


def _cells_or_line(line: str) -> list[str]:
    """A line without its list marker; the cells of a table's row."""
    if _ROW.search(line):
        return cells(line)
    return [" ".join(_MARKER.sub("", line).split())]


def _beginning(block: str) -> str:
    words = " ".join(block.split()[:EDGE_WORDS])
    if len(words) <= MAX_EDGE:
        return words
    cuts = [found.start() for found in _BOUNDARY.finditer(words, 1, MAX_EDGE)]
    return words[: cuts[-1]] if cuts else words


def _ending(block: str) -> str:
    words = " ".join(block.split()[-EDGE_WORDS:])
    if len(words) <= MAX_EDGE:
        return words
    cuts = [found.end() for found in _BOUNDARY.finditer(words, len(words) - MAX_EDGE, len(words) - 1)]
    return words[cuts[0] :] if cuts else words


def _encoded(words: str) -> str:
    """Percent-encoded, the directive's own `-`, `,` and `&` too."""
    return percent_encode(words, safe="").replace("-", "%2D")


def _encoded_anchor(anchor: str | None) -> str:
    """As a fragment (RFC 3986 §3.5); a directive inside would be the page's, not ours."""
    if not anchor or _DIRECTIVE in anchor:
        return ""
    return percent_encode(anchor, safe="!$&'()*+,;=:@/?")
