"""Files that stand in the text of a DOCX (“altChunk”, ECMA-376 part 1, 17.17.2.1): Word reads them in, and so do we."""

from collections.abc import Callable, Mapping

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.encoding import decode
from ingest.parsers.email import web_page
from ingest.parsers.markup import add_markup
from ingest.parsers.rtf import parse_rtf
from ingest.parsers.text import parse_text

Read = Callable[[bytes], ParsedDocument]
MAX_FILES = 50


class Embedded:
    """Adds each of `files` (content type and bytes by relationship) where the text asks for it, once.

    `read_document` reads those that are DOCX themselves.
    """

    def __init__(self, builder: DocumentBuilder, files: Mapping[str, tuple[str, bytes]], read_document: Read) -> None:
        self._builder, self._files, self._left = builder, dict(files), MAX_FILES
        self._readers = {**_READERS, "wordprocessingml": read_document}

    def add(self, key: str) -> None:
        kind, data = self._files.pop(key, ("", b""))
        self._left -= 1
        if not data or self._left < 0:
            return
        read = next((read for name, read in self._readers.items() if name in kind), None)
        try:
            if read is None:
                raise DocumentError("this type is not read within a document.")
            self._builder.include(read(data))
        except DocumentError as error:
            self._builder.notes.append(f"A file embedded in the document ({kind}) was not read: {error.message}")


def _page(data: bytes) -> ParsedDocument:
    builder = DocumentBuilder()
    add_markup(builder, decode(data))
    return builder.build()


def _web_archive(data: bytes) -> ParsedDocument:
    builder = DocumentBuilder()
    add_markup(builder, web_page(data))
    return builder.build()


_READERS: dict[str, Read] = {  # by what the content type has in it
    "html": _page,
    "rfc822": _web_archive,
    "rtf": lambda data: parse_rtf(data, ""),
    "text/plain": lambda data: parse_text(data, ""),
}
