"""What styles and numbering say about a paragraph: heading level, list depth and marker."""

import re
from dataclasses import dataclass, field

from lxml import etree

from ingest.parsers.xml import attribute, child, local

_HEADING = re.compile(r"^heading\s*(\d)$", re.IGNORECASE)
_PLACE = re.compile(r"%([1-9])")
_MAX_CHAIN = 12


@dataclass(slots=True)
class _Style:
    name: str
    parent: str | None
    properties: etree._Element | None


@dataclass(frozen=True, slots=True)
class _Level:
    kind: str  # "bullet", "decimal", …
    text: str  # "%1.%2" (17.9.11)
    start: int


_DEFAULT_LEVEL = _Level("bullet", "", 1)


@dataclass(slots=True)
class Styles:
    """Lookup tables of one document; counts numbered items as they are asked for."""

    styles: dict[str, _Style] = field(default_factory=dict)
    formats: dict[str, dict[int, _Level]] = field(default_factory=dict)  # numId to level
    lists: dict[str, str] = field(default_factory=dict)  # numId to the definition whose counters it goes on with
    _counters: dict[tuple[str, int], int] = field(default_factory=dict)

    def heading_level(self, paragraph: etree._Element) -> int:
        """1 to 6, 0 for body text."""
        for properties, name in self._chain(paragraph):
            match = _HEADING.match(name)
            if match:
                return min(int(match.group(1)), 6) or 1
            if name.lower() == "title":
                return 1
            outline = child(properties, "outlineLvl") if properties is not None else None
            if outline is not None:
                value = attribute(outline, "val") or "9"
                return int(value) + 1 if value.isdigit() and int(value) < 6 else 0
        return 0

    def list_marker(self, paragraph: etree._Element) -> tuple[int, str] | None:
        """Depth from 0 and the marker ("-" or "3."), None for what is no list item."""
        for properties, name in self._chain(paragraph):
            numbering = child(properties, "numPr") if properties is not None else None
            if numbering is not None:
                return self._numbered(numbering)
            if name.lower().startswith(("list bullet", "list number")):
                return 0, "-" if "bullet" in name.lower() else self._count("style", 0, _Level("decimal", "%1.", 1))
        return None

    def _numbered(self, numbering: etree._Element) -> tuple[int, str] | None:
        number, level = child(numbering, "numId"), child(numbering, "ilvl")
        number_id = (attribute(number, "val") if number is not None else None) or "0"
        if number_id == "0":
            return None  # numbering switched off (17.9.18)
        raw = (attribute(level, "val") if level is not None else None) or "0"
        depth = min(int(raw), 8) if raw.isdigit() else 0
        kind = self.formats.get(number_id, {}).get(depth, _DEFAULT_LEVEL)
        counted = self.lists.get(number_id, number_id)
        return depth, "-" if kind.kind in ("bullet", "none") else self._count(counted, depth, kind)

    def _count(self, number_id: str, depth: int, level: _Level) -> str:
        """The next number; levels above it that had no item yet count as begun."""
        key = (number_id, depth)
        self._counters[key] = self._counters.get(key, level.start - 1) + 1
        for above in range(depth):
            self._counters.setdefault((number_id, above), 1)
        for deeper in range(depth + 1, 9):
            self._counters.pop((number_id, deeper), None)
        found = _PLACE.sub(lambda match: str(self._counters.get((number_id, int(match.group(1)) - 1), 1)), level.text)
        return found.strip() or f"{self._counters[key]}."

    def _chain(self, paragraph: etree._Element) -> list[tuple[etree._Element | None, str]]:
        """The paragraph's own properties, then its style's and those it is based on."""
        own = child(paragraph, "pPr")
        named = child(own, "pStyle") if own is not None else None
        current = attribute(named, "val") if named is not None else None
        chain: list[tuple[etree._Element | None, str]] = [(own, "")]
        while current and len(chain) < _MAX_CHAIN:
            style = self.styles.get(current)
            if style is None:
                chain.append((None, current))
                break
            chain.append((style.properties, style.name))
            current = style.parent
        return chain


def read_styles(styles: etree._Element | None, numbering: etree._Element | None) -> Styles:
    """From styles.xml and numbering.xml, either of which may be missing."""
    found = Styles()
    for item in styles if styles is not None else ():
        if local(item) == "style" and attribute(item, "styleId"):
            name, parent = child(item, "name"), child(item, "basedOn")
            found.styles[attribute(item, "styleId") or ""] = _Style(
                (attribute(name, "val") if name is not None else None) or "",
                attribute(parent, "val") if parent is not None else None,
                child(item, "pPr"),
            )
    if numbering is not None:
        found.formats = _formats(numbering)
        found.lists = _lists(numbering)
    return found


def _value(element: etree._Element, name: str, default: str) -> str:
    found = child(element, name)
    return (attribute(found, "val") if found is not None else None) or default


def _level(element: etree._Element) -> _Level:
    start = _value(element, "start", "1")
    text = _value(element, "lvlText", "")
    return _Level(_value(element, "numFmt", "bullet"), text, int(start) if start.isdigit() else 1)


def _formats(numbering: etree._Element) -> dict[str, dict[int, _Level]]:
    abstract: dict[str, dict[int, _Level]] = {}
    numbers: dict[str, dict[int, _Level]] = {}
    for item in numbering:
        if local(item) == "abstractNum":
            levels = {int(attribute(level, "ilvl") or 0): _level(level) for level in item if local(level) == "lvl"}
            abstract[attribute(item, "abstractNumId") or ""] = levels
        elif local(item) == "num":
            base = child(item, "abstractNumId")
            numbers[attribute(item, "numId") or ""] = abstract.get(
                (attribute(base, "val") if base is not None else None) or "", {}
            )
    return numbers


def _lists(numbering: etree._Element) -> dict[str, str]:
    """Lists of one definition count on from each other, unless one says where it begins (17.9.27)."""
    found: dict[str, str] = {}
    for item in numbering:
        if local(item) == "num" and child(item, "lvlOverride", "startOverride") is None:
            found[attribute(item, "numId") or ""] = f"definition {_value(item, 'abstractNumId', '')}"
    return found
