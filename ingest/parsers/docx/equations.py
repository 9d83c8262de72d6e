"""Office Math (ECMA-376 part 1, 22.1) as one readable line: a fraction is `(a)/(b)`, a power `x^2`."""

from collections.abc import Callable

from lxml import etree

from ingest.parsers.xml import attribute, child, local


def linear(element: etree._Element) -> str:
    """One line of text."""
    return "".join(_one(item) for item in element).strip()


def _one(item: etree._Element) -> str:
    name = local(item)
    if name == "t":
        return item.text or ""
    if name.endswith("Pr"):
        return ""
    form = _FORMS.get(name)
    return form(item) if form else linear(item)


def _part(item: etree._Element, name: str) -> str:
    found = child(item, name)
    return linear(found) if found is not None else ""


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def _script(item: etree._Element) -> str:
    sub, sup = _part(item, "sub"), _part(item, "sup")
    return _part(item, "e") + (f"_{_grouped(sub)}" if sub else "") + (f"^{_grouped(sup)}" if sup else "")


def _fraction(item: etree._Element) -> str:
    return f"{_grouped(_part(item, 'num'))}/{_grouped(_part(item, 'den'))}"


def _root(item: etree._Element) -> str:
    degree = _part(item, "deg")
    return f"root[{degree}]({_part(item, 'e')})" if degree else f"sqrt({_part(item, 'e')})"


def _large_operator(item: etree._Element) -> str:
    sign = child(item, "naryPr", "chr")
    symbol = (attribute(sign, "val") if sign is not None else None) or "∫"
    sub, sup = _part(item, "sub"), _part(item, "sup")
    return symbol + (f"_{_grouped(sub)}" if sub else "") + (f"^{_grouped(sup)}" if sup else "") + f" {_part(item, 'e')}"


def _delimited(item: etree._Element) -> str:
    begin, end = child(item, "dPr", "begChr"), child(item, "dPr", "endChr")
    left = attribute(begin, "val") if begin is not None else "("
    right = attribute(end, "val") if end is not None else ")"
    return (left or "") + ", ".join(linear(part) for part in item if local(part) == "e") + (right or "")


def _matrix(item: etree._Element) -> str:
    rows = [[linear(cell) for cell in row if local(cell) == "e"] for row in item if local(row) == "mr"]
    return "[" + "; ".join(", ".join(row) for row in rows) + "]"


def _function(item: etree._Element) -> str:
    return f"{_part(item, 'fName')} {_part(item, 'e')}"


_FORMS: dict[str, Callable[[etree._Element], str]] = {
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "f": _fraction,
    "rad": _root,
    "nary": _large_operator,
    "d": _delimited,
    "m": _matrix,
    "func": _function,
}
