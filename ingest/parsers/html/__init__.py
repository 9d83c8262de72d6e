"""Web pages: the main content, with headings, lists, tables and code."""

from ingest.parsers.html.document import parse_html

__all__ = ["parse_html"]
