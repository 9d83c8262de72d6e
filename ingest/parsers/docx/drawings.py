"""What pictures, charts and diagrams of a paragraph say: alternative text, figures as a table, words of SmartArt."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from lxml import etree

from ingest.builder import DocumentBuilder
from ingest.parsers.titles import spoken
from ingest.parsers.xml import attribute, child, local

Related = Mapping[str, etree._Element]  # XML parts by the id of their relationship
_PICTURES = frozenset({"docPr", "cNvPr", "shape", "imagedata"})
_MAX_POINTS = 10_000


def add_drawings(builder: DocumentBuilder, paragraph: etree._Element, related: Related) -> None:
    """Everything drawn in a paragraph, each once; Word writes many drawings a second time, as a fallback."""
    said: set[str] = set()
    for item in _shown(paragraph):
        name = local(item)
        if name in _PICTURES:
            text = spoken(attribute(item, "descr") or attribute(item, "alt"))
            if text and text not in said:
                builder.paragraph(text)
            said.add(text)
        elif name == "chart" and (part := related.get(attribute(item, "id") or "")) is not None:
            add_chart(builder, part)
        elif name == "relIds" and (part := related.get(attribute(item, "dm") or "")) is not None:
            for text in diagram_texts(part):
                builder.list_item(text)


def add_chart(builder: DocumentBuilder, part: etree._Element) -> None:
    """Title and cached figures (ECMA-376 part 1, 21.2): the categories are the rows, the series the columns."""
    title = next((item for item in part.iter() if local(item) == "title"), None)
    area = next((item for item in part.iter() if local(item) == "plotArea"), None)
    said = _drawn_text(title) if title is not None else ""
    for plot in area if area is not None else ():
        series = [item for item in plot if local(item) == "ser"]
        if not series:
            continue
        builder.paragraph(said or f"{local(plot).removesuffix('Chart').removesuffix('3D').capitalize()} chart")
        categories = max((_points(_data(one, "cat", "xVal")) for one in series), key=len)
        columns = [_points(_data(one, "val", "yVal")) for one in series]
        names = [" ".join(_points(_data(one, "tx"))) for one in series]
        rows = [list(row) for row in zip_longest(categories, *columns, fillvalue="")]
        builder.table([["", *names], *rows])


def diagram_texts(part: etree._Element) -> list[str]:
    """The texts of a SmartArt's points, in the order of its model (21.4.3)."""
    points = [item for item in part.iter() if local(item) == "pt"]
    return [text for point in points if (text := _drawn_text(point))]


def _shown(element: etree._Element) -> Iterator[etree._Element]:
    """Descendants without fallbacks and without text boxes, which are blocks of their own."""
    for item in element:
        if local(item) not in ("Fallback", "txbxContent"):
            yield item
            yield from _shown(item)


def _drawn_text(element: etree._Element) -> str:
    paragraphs = (item for item in element.iter() if local(item) == "p")
    lines = ["".join(run.text or "" for run in item.iter() if local(run) == "t") for item in paragraphs]
    cached = [] if any(lines) else _points(element)
    return " ".join(" ".join([*lines, *cached]).split())


def _data(series: etree._Element, *names: str) -> etree._Element | None:
    return next((item for item in series if local(item) in names), None)


def _points(element: etree._Element | None) -> list[str]:
    """Cached values in order; of categories with levels, all that name a point. A gap is an empty text."""
    found: dict[int, list[str]] = {}
    for point in element.iter() if element is not None else ():
        index = attribute(point, "idx") if local(point) == "pt" else None
        value = child(point, "v")
        if index and index.isdigit() and int(index) < _MAX_POINTS and value is not None:
            found.setdefault(int(index), []).insert(0, _figure(value.text or ""))
    return [" ".join(found.get(index, [])) for index in range(max(found, default=-1) + 1)]


def _figure(text: str) -> str:
    """A number as it was typed: files hold 4.4000000000000004 for 4.4."""
    try:
        return f"{float(text):.15g}" if "." in text else text
    except ValueError:
        return text
