"""Text of one paragraph: runs, links, tracked insertions, symbols, note references and equations."""

from lxml import etree

from ingest.parsers.docx.equations import linear
from ingest.parsers.xml import attribute, child, local

# Deleted text, field codes, fallbacks of drawings, phonetic guides; text boxes are blocks of their own.
_SKIPPED = frozenset({"del", "moveFrom", "instrText", "delText", "Fallback", "rt", "txbxContent", "pPr", "rPr", "tbl"})
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTES = {"footnoteReference": "", "endnoteReference": "e"}


def paragraph_text(element: etree._Element) -> str:
    """Text as it reads when all tracked changes are accepted."""
    parts: list[str] = []
    _collect(element, parts)
    return "".join(parts).strip()


def text_boxes(element: etree._Element) -> list[etree._Element]:
    """Contents of the text boxes anchored in a paragraph, each once (Word writes a fallback copy too)."""
    found: list[etree._Element] = []
    for item in element.iter():
        if local(item) == "txbxContent" and not any(local(parent) == "Fallback" for parent in item.iterancestors()):
            found.append(item)
    return [box for box in found if not any(parent in found for parent in box.iterancestors())]


def _collect(element: etree._Element, parts: list[str]) -> None:
    for item in element:
        name = local(item)
        if name in _SKIPPED:
            continue
        if name == "t":
            parts.append(item.text or "")
        elif name in _BREAKS:
            parts.append(_BREAKS[name])
        elif name in ("oMath", "oMathPara"):
            parts.append(f" {linear(item)} ")
        elif name in _NOTES:
            parts.append(f"[{_NOTES[name]}{attribute(item, 'id') or ''}]")
        elif name == "sdt" and (box := child(item, "sdtPr", "checkbox")) is not None:
            parts.append("[x]" if _checked(box) else "[ ]")
        elif name == "sym":
            parts.append(_symbol(item))
        else:
            _collect(item, parts)


def _checked(box: etree._Element) -> bool:
    state = child(box, "checked")
    return state is not None and attribute(state, "val") in ("1", "true", "on")


def _symbol(item: etree._Element) -> str:
    """Symbol fonts keep their characters in the private area F000 to F0FF (ECMA-376 part 1, 17.3.3.30)."""
    try:
        code = int(attribute(item, "char") or "", 16)
    except ValueError:
        return ""
    return chr(code - 0xF000 if 0xF020 <= code <= 0xF07E else code) if 0x20 <= code < 0xD800 or code >= 0xF020 else ""
