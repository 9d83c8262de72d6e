"""A second reader, pypdf, for files whose structure pdfium refuses: slower, no layout, but more forgiving."""

import io

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument

_MAX_PAGES = 500


def parse_with_pypdf(data: bytes) -> ParsedDocument:
    """Paragraphs by page. Raises DocumentError: PDF_ENCRYPTED, PDF_BROKEN."""
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    builder = DocumentBuilder()
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileNotDecryptedError("a password is needed")
        builder.page_count = len(reader.pages)
        for number, page in enumerate(reader.pages[:_MAX_PAGES], start=1):
            for paragraph in page.extract_text().split("\n\n"):
                builder.paragraph(paragraph, page=number)
    except FileNotDecryptedError as error:
        raise _encrypted() from error
    # pypdf meets damaged objects with whatever its code trips over (KeyError, TypeError, RecursionError, …).
    except (PyPdfError, Exception) as error:
        raise (_encrypted() if b"/Encrypt" in data else _broken()) from error
    if builder.length == 0:
        raise _broken()
    builder.notes.append("The file is damaged: its text was recovered, its layout was not.")
    return builder.build()


def _encrypted() -> DocumentError:
    message = "This PDF is protected by a password. Save a copy without the password and upload that."
    return DocumentError(message, code="PDF_ENCRYPTED")


def _broken() -> DocumentError:
    return DocumentError(
        "This PDF is damaged and could not be opened. Print or save it as a new PDF from a viewer, and upload that.",
        code="PDF_BROKEN",
    )
