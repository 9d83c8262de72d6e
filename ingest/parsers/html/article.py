"""trafilatura: the main content of pages that do not mark it."""

from typing import Any

from lxml import etree

_TAGS = {
    "row": "tr", "cell": "td", "item": "li", "quote": "blockquote", "lb": "br", "hi": "span", "ref": "span",
}  # fmt: skip


def main_content(root: etree._Element) -> etree._Element | None:
    """trafilatura's choice as clean HTML; None where it finds nothing or fails on odd markup. Changes `root`."""
    from trafilatura.core import bare_extraction

    try:
        found: Any = bare_extraction(
            root, include_comments=False, include_tables=True, include_links=False, include_formatting=False,
            with_metadata=False, deduplicate=False,
        )  # fmt: skip
    except (ValueError, TypeError, AttributeError, etree.LxmlError):
        return None
    return None if found is None or found.body is None else _as_html(found.body)


def _as_html(body: etree._Element) -> etree._Element:
    """trafilatura's TEI-like tags as HTML."""
    for element in body.iter():
        tag = element.tag
        if tag == "head":
            element.tag = element.get("rend") or "h2"
        elif tag == "list":
            element.tag = "ol" if element.get("rend") == "ol" else "ul"
        elif tag == "code":
            element.tag = "pre" if "\n" in "".join(map(str, element.itertext())) else "code"
        elif tag == "cell" and element.get("role") == "head":
            element.tag = "th"
        elif tag in _TAGS:
            element.tag = _TAGS[tag]
    body.tag = "body"
    return body
