"""PDF: text and geometry by pypdfium2, a second opinion on broken files by pypdf, scans by tesseract."""

from ingest.parsers.pdf.document import parse_pdf

__all__ = ["parse_pdf"]
