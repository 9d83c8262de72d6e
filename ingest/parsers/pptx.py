"""PPTX by python-pptx: a slide is a page, its title a heading, notes and tables as such."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.compound import is_compound
from ingest.elements import ParsedDocument
from ingest.limits import check_package
from ingest.parsers.titles import first_heading, sensible_title

_MAX_GROUP_DEPTH = 20


def parse_pptx(data: bytes, _name: str) -> ParsedDocument:
    """Slides in order. Raises DocumentError: PPTX_ENCRYPTED, PPTX_BROKEN, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE,
    XML_ENTITIES.
    """
    if is_compound(data):
        message = "This file is an old .ppt or protected by a password. Save it as .pptx without a password."
        raise DocumentError(message, code="PPTX_ENCRYPTED")
    check_package(data)
    from pptx import Presentation

    builder = DocumentBuilder()
    try:
        deck = Presentation(io.BytesIO(data))
        for number, slide in enumerate(deck.slides, start=1):
            _add_slide(builder, slide, number)
            builder.page_count = number
        _describe(builder, deck.core_properties)
    # python-pptx meets damaged packages with whatever its code trips over (KeyError, BadZipFile, XMLSyntaxError, …).
    except Exception as error:
        if builder.length == 0:
            message = "This presentation is damaged and could not be opened. Save it again as .pptx and upload that."
            raise DocumentError(message, code="PPTX_BROKEN") from error
        builder.notes.append("A part of this presentation is damaged: slides after it were not read.")
    if builder.length == 0:
        raise DocumentError("This presentation holds no text.", code="EMPTY_DOCUMENT")
    return builder.build()


def _add_slide(builder: DocumentBuilder, slide: Any, number: int) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        builder.heading(title.text_frame.text, 1, page=number)
    title_id = title.shape_id if title is not None else None
    for shape in _in_order(_flat(slide.shapes)):
        if shape.shape_id != title_id:
            _add_shape(builder, shape, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        builder.note(slide.notes_slide.notes_text_frame.text, page=number)


def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MAX_GROUP_DEPTH:
            yield from _flat(_in_order(shape.shapes), depth + 1)
        else:
            yield shape


def _in_order(shapes: Iterable[Any]) -> list[Any]:
    """From top to bottom, then left to right; shapes without a place of their own keep their order at the top."""
    return sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))


def _add_shape(builder: DocumentBuilder, shape: Any, number: int) -> None:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = [["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]
        builder.table(rows, page=number)
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        _add_chart(builder, shape.chart, number)
    elif shape.has_text_frame:
        _add_paragraphs(builder, shape, number)


def _add_paragraphs(builder: DocumentBuilder, shape: Any, number: int) -> None:
    lines = [(line.text.replace("\v", "\n"), line.level) for line in shape.text_frame.paragraphs if line.text.strip()]
    bulleted = shape.is_placeholder and len(lines) > 1
    for text, level in lines:
        if bulleted or level:
            builder.list_item(text, page=number, depth=level)
        else:
            builder.paragraph(text, page=number)


def _add_chart(builder: DocumentBuilder, chart: Any, number: int) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.paragraph(chart.chart_title.text_frame.text, page=number)
    for plot in chart.plots:
        names = [str(series.name) for series in plot.series]
        values = [list(series.values) for series in plot.series]
        rows = [["", *names]]
        for index, category in enumerate(plot.categories):
            figures = [
                f"{column[index]:g}" if index < len(column) and column[index] is not None else "" for column in values
            ]
            rows.append([str(category), *figures])
        builder.table(rows, page=number)


def _describe(builder: DocumentBuilder, properties: Any) -> None:
    if properties.author:
        builder.metadata["author"] = properties.author
    if properties.created:
        builder.metadata["created"] = properties.created.isoformat()
    builder.title = sensible_title(properties.title) or first_heading(builder)
