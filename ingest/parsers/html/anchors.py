"""Where on its page a heading can be linked to: the `id` that a URL's fragment names (HTML §7.4.6.3).

Generators put it on the heading (MkDocs, MediaWiki since 1.43), into it (MediaWiki's span, DocBook's and GitHub's `a`),
in front of it, behind it (GitHub since 2024), into its permalink, or on the section around it (Sphinx).
"""

from collections.abc import Iterable, Sequence

from lxml import etree

from ingest.builder import CONTROLS
from ingest.parsers.html.furniture import SIGNS
from ingest.parsers.markup import inline_text

Named = tuple[str, str | None]  # a heading's text and its anchor

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SECTIONS = frozenset({"section", "div", "article"})
_MARKS = ("a", "span")  # what is put on a page only to be linked to


def name_headings(root: etree._Element) -> None:
    """Give every heading an `id` that leads to it on the page as it was, where there is one. Changes `root`."""
    headed: set[etree._Element] = set()  # what holds a heading already: each is climbed through once
    for heading in root.iter(*_HEADINGS):
        section = _section(heading, headed)
        inside = heading.get("id") or _first(heading.iterdescendants())
        anchor = inside or _before(heading) or _behind(heading) or section or _permalinks(heading)
        if anchor and not CONTROLS.search(anchor):  # lxml would refuse them
            heading.set("id", anchor)


def named_headings(root: etree._Element) -> list[Named]:
    """All headings that `name_headings` saw, in order."""
    return [(inline_text(heading), heading.get("id")) for heading in root.iter(*_HEADINGS)]


def restore_names(body: etree._Element, known: Sequence[Named]) -> None:
    """Anchors of headings that were copied without them, by text and order. Changes `body`."""
    places: dict[str, list[int]] = {}
    for number, (text, _) in enumerate(known):
        places.setdefault(text, []).append(number)
    reached = -1
    for heading in body.iter(*_HEADINGS):
        found = places.get(inline_text(heading), [])
        place = next((number for number in found if number > reached), None)
        if place is not None:
            reached = place
        elif len(found) == 1:
            place = found[0]
        anchor = known[place][1] if place is not None else None
        if anchor and not CONTROLS.search(anchor):
            heading.set("id", anchor)


def _section(heading: etree._Element, headed: set[etree._Element]) -> str | None:
    """The nearest section around it whose first heading it is."""
    anchor: str | None = None
    for parent in heading.iterancestors():
        if parent in headed:
            break
        headed.add(parent)
        anchor = anchor or (parent.get("id") if parent.tag in _SECTIONS else None)
    return anchor


def _before(heading: etree._Element) -> str | None:
    """A mark without text, alone or in a paragraph of its own."""
    mark = heading.getprevious()
    if mark is None or mark.tag not in (*_MARKS, "p") or (mark.tail or "").strip() or inline_text(mark):
        return None
    return _first(mark.iter(*_MARKS))


def _behind(heading: etree._Element) -> str | None:
    link = heading.getnext()
    if link is None or link.tag != "a" or (heading.tail or "").strip() or not _permalink(link):
        return None
    return _first([link]) or _permalink(link)


def _first(elements: Iterable[etree._Element]) -> str | None:
    for one in elements:
        if name := one.get("id") or (one.get("name") if one.tag == "a" else None):
            return name
    return None


def _permalinks(heading: etree._Element) -> str | None:
    return next((target for target in map(_permalink, heading.iterdescendants("a")) if target), None)


def _permalink(link: etree._Element) -> str | None:
    """What a link that is only a sign leads to, on this page."""
    target = link.get("href") or ""
    return target[1:] or None if target.startswith("#") and inline_text(link) in SIGNS else None
