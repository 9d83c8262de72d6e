"""Formats that `unstructured` opens for us: Outlook .msg, Org, reStructuredText, old Excel .xls.

unstructured downloads a spaCy model while it parses; here its loader is given a blank English pipeline that only
splits sentences, so that nothing is fetched.
"""

import io
import os
from collections.abc import Callable, Iterable
from typing import Any

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.parsers.markup import add_markup
from ingest.parsers.titles import first_heading, sensible_title


def parse_msg(data: bytes, name: str) -> ParsedDocument:
    """An Outlook message. Raises DocumentError: FORMAT_NOT_INSTALLED, DOCUMENT_UNREADABLE, EMPTY_DOCUMENT."""
    return _parse("unstructured.partition.msg", "partition_msg", data, name)


def parse_org(data: bytes, name: str) -> ParsedDocument:
    """Emacs Org mode. Raises DocumentError: FORMAT_NOT_INSTALLED, DOCUMENT_UNREADABLE, EMPTY_DOCUMENT."""
    return _parse("unstructured.partition.org", "partition_org", data, name)


def parse_rst(data: bytes, name: str) -> ParsedDocument:
    """reStructuredText. Raises DocumentError: FORMAT_NOT_INSTALLED, DOCUMENT_UNREADABLE, EMPTY_DOCUMENT."""
    return _parse("unstructured.partition.rst", "partition_rst", data, name)


def parse_xls(data: bytes, name: str) -> ParsedDocument:
    """Excel 97 to 2003. Raises DocumentError: FORMAT_NOT_INSTALLED, DOCUMENT_UNREADABLE, EMPTY_DOCUMENT."""
    return _parse("unstructured.partition.xlsx", "partition_xlsx", data, name)


def _parse(module: str, function: str, data: bytes, name: str) -> ParsedDocument:
    elements = _partition(module, function, data)
    builder = DocumentBuilder()
    _write(builder, elements)
    if builder.length == 0:
        raise DocumentError(f"{name} holds no text. Check that the right file was sent.", code="EMPTY_DOCUMENT")
    subject = next((element.metadata.subject for element in elements if element.metadata.subject), None)
    builder.title = sensible_title(subject) or first_heading(builder)
    return builder.build()


def _partition(module: str, function: str, data: bytes) -> list[Any]:
    import importlib

    os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")  # an advertisement on stderr
    try:
        _use_blank_model()
        partition: Callable[..., list[Any]] = getattr(importlib.import_module(module), function)
        return partition(file=io.BytesIO(data))
    except ImportError as error:
        message = 'This format needs an optional part: pip install "insydr[formats]" on the server.'
        raise DocumentError(message, code="FORMAT_NOT_INSTALLED", retryable=True) from error
    # unstructured passes on whatever the libraries below it trip over.
    except Exception as error:
        if any(word in str(error).lower() for word in ("encrypted", "password")):  # xlrd's and unstructured's
            message = "This file is protected by a password. Save a copy without it and upload that."
            raise DocumentError(message, code="OFFICE_ENCRYPTED") from error
        raise DocumentError("This file is damaged or of another type than its name says. Save it again.") from error


def _use_blank_model() -> None:
    """Before anything is tokenised: a sentence splitter without weights instead of the download."""
    import spacy
    from unstructured.nlp import tokenize

    def blank() -> Any:
        pipeline = spacy.blank("en")
        pipeline.add_pipe("sentencizer")
        return pipeline

    tokenize._load_spacy_model = blank


def _write(builder: DocumentBuilder, elements: Iterable[Any]) -> None:
    for element in elements:
        kind, page, text = element.category, element.metadata.page_number, element.text
        if kind == "Title":
            builder.heading(text, (element.metadata.category_depth or 0) + 1, page=page)
        elif kind == "ListItem":
            builder.list_item(text, page=page, depth=element.metadata.category_depth or 0)
        elif kind == "Table" and element.metadata.text_as_html:
            add_markup(builder, element.metadata.text_as_html, page=page)
        elif kind == "CodeSnippet":
            builder.code(text, page=page)
        elif kind not in ("PageBreak", "PageNumber"):
            builder.paragraph(text, page=page)
