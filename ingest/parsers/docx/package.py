"""The parts of a DOCX as python-docx opens it; of one that it refuses, from the ZIP itself (ECMA-376 part 2).

python-docx refuses a package for one bad relationship, and stumbles over a document that is embedded in this one; read
from the ZIP, damage costs what it names and not the text.
"""

import io
import posixpath
import zipfile
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lxml import etree

from core.errors import DocumentError
from ingest.limits import DAMAGED, read_member
from ingest.parsers.xml import local, recover_xml, spelled_out

MAX_RELATIONS = 5_000


class _Relation(NamedTuple):
    key: str
    kind: str  # the last word of its type, which is the same in strict and transitional files
    member: str


@dataclass(slots=True)
class Parts:
    """The main part's root, the related XML parts, and what is embedded as files of their own."""

    main: etree._Element
    related: list[tuple[str, etree._Element]] = field(default_factory=list)  # kind and root
    by_id: dict[str, etree._Element] = field(default_factory=dict)
    embedded: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # alternative chunks: content type and bytes


def open_parts(data: bytes) -> Parts:
    """Raises DocumentError: DOCX_BROKEN."""
    try:
        return _opened(data)
    # python-docx meets damaged packages with whatever its code trips over (KeyError, BadZipFile, XMLSyntaxError, …).
    except Exception:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return _recovered(archive)
        except DAMAGED as error:
            raise _broken() from error


def _opened(data: bytes) -> Parts:
    from docx.package import Package

    package = Package.open(io.BytesIO(data))
    main = package.main_document_part
    parts = Parts(spelled_out(main.element))
    for key, relation in main.rels.items():
        if relation.is_external:
            continue
        kind, part = relation.reltype.rpartition("/")[2], relation.target_part
        if kind == "aFChunk":
            parts.embedded[key] = (part.content_type, part.blob)
        elif (root := _root(part)) is not None:
            parts.related.append((kind, root))
            parts.by_id[key] = root
    for relation in package.rels.values():
        if not relation.is_external and relation.target_part is not main:
            root = _root(relation.target_part)
            parts.related += [(relation.reltype.rpartition("/")[2], root)] if root is not None else []
    return parts


def _root(part: Any) -> etree._Element | None:
    element: etree._Element | None = getattr(part, "element", None)
    if element is not None:
        return spelled_out(element)
    return recover_xml(part.blob) if "xml" in part.content_type and part.blob else None


def _recovered(archive: zipfile.ZipFile) -> Parts:
    package = _relations(archive, "")
    path = next((one.member for one in package if one.kind == "officeDocument"), "word/document.xml")
    root = recover_xml(read_member(archive, path) or read_member(archive, "word/document.xml"))
    if root is None:
        raise _broken()
    parts = Parts(root)
    types = _types(archive)
    for relation in _relations(archive, path):
        if relation.kind == "aFChunk":
            name = relation.member
            kind = types.get(f"/{name}") or types.get(posixpath.splitext(name)[1].lower(), "unknown")
            parts.embedded[relation.key] = (kind, read_member(archive, name))
        elif (part := _xml(archive, relation.member)) is not None:
            parts.related.append((relation.kind, part))
            parts.by_id[relation.key] = part
    for relation in package:
        if relation.member != path and (part := _xml(archive, relation.member)) is not None:
            parts.related.append((relation.kind, part))
    return parts


def _relations(archive: zipfile.ZipFile, path: str) -> list[_Relation]:
    """What a part ("" for the package) names within the file; what is elsewhere is never fetched."""
    folder, name = posixpath.split(path)
    root = recover_xml(read_member(archive, posixpath.join(folder, "_rels", f"{name}.rels")))
    found: list[_Relation] = []
    for item in root if root is not None else ():
        target = item.get("Target") or ""
        if local(item) == "Relationship" and target and item.get("TargetMode") != "External":
            member = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found.append(_Relation(item.get("Id") or "", (item.get("Type") or "").rpartition("/")[2], member))
    return found[:MAX_RELATIONS]


def _types(archive: zipfile.ZipFile) -> dict[str, str]:
    """Content types by part name and by ".suffix"."""
    root = recover_xml(read_member(archive, "[Content_Types].xml"))
    found: dict[str, str] = {}
    for item in root if root is not None else ():
        name = item.get("PartName") or f".{(item.get('Extension') or '').lower()}"
        found[name] = item.get("ContentType") or ""
    return found


def _xml(archive: zipfile.ZipFile, name: str) -> etree._Element | None:
    return recover_xml(read_member(archive, name)) if name.endswith(".xml") else None


def _broken() -> DocumentError:
    return DocumentError(
        "This DOCX file is damaged and could not be opened. Save it again in a word processor and upload that.",
        code="DOCX_BROKEN",
    )
