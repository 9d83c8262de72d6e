"""One door to all parsers: detect, parse, fill in title and language. Parsers are imported when first needed."""

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePosixPath

from core.errors import DocumentError
from core.visible import one_line
from ingest.detect import Format, detect
from ingest.elements import ElementKind, ParsedDocument
from ingest.language import detect_language
from ingest.limits import too_deep

Parse = Callable[[bytes, str], ParsedDocument]
PARSERS: dict[Format, str] = {
    Format.PDF: "ingest.parsers.pdf:parse_pdf",
    Format.DOCX: "ingest.parsers.docx:parse_docx",
    Format.PPTX: "ingest.parsers.pptx:parse_pptx",
    Format.XLSX: "ingest.parsers.xlsx:parse_xlsx",
    Format.ODT: "ingest.parsers.odt:parse_odt",
    Format.EPUB: "ingest.parsers.epub:parse_epub",
    Format.RTF: "ingest.parsers.rtf:parse_rtf",
    Format.EML: "ingest.parsers.email:parse_email",
    Format.HTML: "ingest.parsers.html:parse_html",
    Format.MARKDOWN: "ingest.parsers.markdown:parse_markdown",
    Format.CSV: "ingest.parsers.csv:parse_csv",
    Format.JSON: "ingest.parsers.json:parse_json",
    Format.JSONL: "ingest.parsers.json:parse_jsonl",
    Format.MSG: "ingest.parsers.unstructured_formats:parse_msg",
    Format.XLS: "ingest.parsers.unstructured_formats:parse_xls",
    Format.ORG: "ingest.parsers.unstructured_formats:parse_org",
    Format.RST: "ingest.parsers.unstructured_formats:parse_rst",
    Format.TEXT: "ingest.parsers.text:parse_text",
}
MAX_TITLE = 300


def parse(data: bytes, name: str) -> tuple[Format, ParsedDocument]:
    """The format and the document; raises `DocumentError` with a code and what to do."""
    found = detect(data, name)
    try:
        document = parser_of(found)(data, name)
    except RecursionError:
        raise too_deep() from None
    if not document.text.strip():
        raise DocumentError("There is no text in this file.", code="EMPTY_DOCUMENT")
    title = one_line(document.title or "") or one_line(_first_heading(document) or "") or PurePosixPath(name).name
    document.title = title[:MAX_TITLE].rstrip()
    document.language = document.language or detect_language(document.text)
    return found, document


def parser_of(found: Format) -> Parse:
    module, function = PARSERS[found].split(":")
    parser: Parse = getattr(import_module(module), function)
    return parser


def _first_heading(document: ParsedDocument) -> str | None:
    """A heading near the top, before much text."""
    for element in document.elements[:5]:
        if element.kind is ElementKind.HEADING and element.level <= 2:
            return document.text[element.start : element.end]
    return None
