"""DOCX: opened by python-docx, walked with lxml for what it has no objects for."""

from ingest.parsers.docx.document import parse_docx

__all__ = ["parse_docx"]
