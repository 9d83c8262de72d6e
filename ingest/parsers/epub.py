"""EPUB (EPUB 3.3 Open Container Format): chapters in the order of the spine."""

import io
import posixpath
import re
import zipfile
from urllib.parse import unquote

from lxml import etree

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ParsedDocument
from ingest.limits import DAMAGED, check_package
from ingest.parsers.markup import add_markup
from ingest.parsers.titles import first_heading, sensible_title
from ingest.parsers.xml import local, recover_xml

_MARKUP = ("application/xhtml+xml", "text/html")
_SUBSET = re.compile(r"<!DOCTYPE[^\[>]{0,500}\[[^\]]{0,20000}\]\s*>", re.IGNORECASE)
_METADATA = {"creator": "author", "date": "created", "publisher": "publisher"}


def parse_epub(data: bytes, _name: str) -> ParsedDocument:
    """Chapters as written. Raises DocumentError: EPUB_BROKEN, EPUB_ENCRYPTED, EMPTY_DOCUMENT, ARCHIVE_TOO_LARGE,
    XML_ENTITIES.
    """
    check_package(data)
    builder = DocumentBuilder()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            path = _package_path(archive)
            package = recover_xml(archive.read(path))
            if package is None:
                raise _broken()
            _describe(builder, package)
            _add_chapters(builder, archive, package, posixpath.dirname(path))
    except DAMAGED as error:
        raise _broken() from error
    if builder.length == 0:
        raise DocumentError("This book holds no readable text; it may be protected (DRM).", code="EMPTY_DOCUMENT")
    builder.title = builder.title or first_heading(builder)
    return builder.build()


def _package_path(archive: zipfile.ZipFile) -> str:
    container = recover_xml(archive.read("META-INF/container.xml"))
    for item in container.iter() if container is not None else ():
        if local(item) == "rootfile" and item.get("full-path"):
            return str(item.get("full-path"))
    raise _broken()


def _describe(builder: DocumentBuilder, package: etree._Element) -> None:
    for item in package.iter():
        name, text = local(item), (item.text or "").strip()
        if not text or "elements" not in str(item.tag):  # Dublin Core only
            continue
        if name == "title" and builder.title is None:
            builder.title = sensible_title(text)
        elif name == "language" and builder.language is None:
            builder.language = text[:2].lower()
        elif name in _METADATA:
            builder.metadata.setdefault(_METADATA[name], text)


def _add_chapters(builder: DocumentBuilder, archive: zipfile.ZipFile, package: etree._Element, folder: str) -> None:
    manifest = {item.get("id"): item for item in package.iter() if local(item) == "item"}
    missing = 0
    for reference in package.iter():
        item = manifest.get(reference.get("idref")) if local(reference) == "itemref" else None
        if item is None or item.get("media-type") not in _MARKUP:
            continue
        try:
            chapter = archive.read(posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or ""))))
        except KeyError:
            missing += 1
            continue
        add_markup(builder, _as_utf8(chapter))
    if missing:
        builder.notes.append(f"{missing} chapters named in this book are missing from the file.")


def _as_utf8(chapter: bytes) -> bytes | str:
    """EPUB's text is UTF-8 or UTF-16 (EPUB 3.3 §2.2); HTML parsers would guess Latin-1 without a declaration."""
    if chapter[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _without_subset(chapter.decode("utf-16", "replace"))
    try:
        return _without_subset(chapter.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return chapter


def _without_subset(chapter: str) -> str:
    """Without a DOCTYPE that holds declarations, which HTML parsers end at its first “>”: the rest would be text."""
    return _SUBSET.sub("", chapter, count=1)


def _broken() -> DocumentError:
    return DocumentError("This EPUB is damaged and could not be opened. Export it again.", code="EPUB_BROKEN")
