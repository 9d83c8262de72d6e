"""What stands around a page's content: navigation, banners, permalinks."""

import re

from lxml import etree

from ingest.parsers.markup import inline_text

MIN_MAIN_CHARACTERS = 200
FEW_LINKS = 3
MAX_LINKED = 0.2  # of the visible text
_TAGS = frozenset({"nav", "footer", "aside", "form", "button", "iframe", "dialog"})
_PARTS = _TAGS - {"form", "button"}
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_MARKED = frozenset({"div", "ul", "section", "header"})
_NOISE = re.compile(
    r"cookie|consent|breadcrumb|sidebar|navbar|\bnav\b|\bmenu\b|share|social|related|skip-link|\bfooter\b", re.I
)
_NAMES = frozenset({"hd", "ft", "masthead", "header", "footer", "site-header", "global-header"})  # ids of page parts
_TITLES = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADINGS = (*_TITLES, "dt", "caption")
SIGNS = frozenset({"¶", "#", "§", "🔗", "\uf0c1", ""})


def without_furniture(root: etree._Element, *, is_manual: bool = False) -> etree._Element:
    """The main element or the body, less navigation, banners and the like. Changes `root`."""
    found = root.find(".//body")
    body = found if found is not None else root
    mains = [one for one in body.iter("main", "article") if len(inline_text(one)) > MIN_MAIN_CHARACTERS]
    if mains and (mains[0].tag == "main" or len(mains) == 1):
        body = mains[0]
    for element in list(body.iter(*_TAGS, *_MARKED)):
        if element is not body and _is_furniture(element) and not (is_manual and _is_section(element)):
            drop(element)
    return body


def is_bare(root: etree._Element) -> bool:
    """Whether there is nothing to strip: no part of the page is marked as furniture, and few of its words are links."""
    found = root.find(".//body")
    body = found if found is not None else root
    if any(_is_furniture(element) for element in body.iter(*_PARTS, *_MARKED)):
        return False
    links = [len(inline_text(link)) for link in body.iter("a")]
    return len(links) <= FEW_LINKS or sum(links) <= MAX_LINKED * len(inline_text(body))


def drop_permalinks(root: etree._Element) -> None:
    """The signs behind headings that link to themselves (“¶”, “#”)."""
    for heading in root.iter(*_HEADINGS):
        for link in list(heading.iter("a")):
            if (link.get("href") or "").startswith("#") and inline_text(link) in SIGNS:
                drop(link)


def drop(element: etree._Element) -> None:
    """Remove an element but keep the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _is_section(element: etree._Element) -> bool:
    """A manual's sections have their headings' words as ids (`module-http.cookies`, `shared-memory`)."""
    is_marked = element.tag not in _TAGS and (element.get("role") or "") not in _ROLES
    by_class = _NOISE.search(element.get("class") or "")
    return is_marked and not by_class and next(element.iter(*_TITLES), None) is not None


def _is_furniture(element: etree._Element) -> bool:
    marks = f"{element.get('class') or ''} {element.get('id') or ''}"
    if element.tag in _TAGS:
        return "footnote" not in marks  # docutils puts footnotes into asides
    if (element.get("role") or "") in _ROLES:
        return True
    return element.get("id") in _NAMES or (bool(marks.strip()) and bool(_NOISE.search(marks)))
