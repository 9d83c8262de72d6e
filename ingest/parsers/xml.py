"""XML of documents, read without entities, network or huge trees (OWASP: XML external entities)."""

import html

from lxml import etree


def recover_xml(data: bytes) -> etree._Element | None:
    """The root of what can be read of damaged XML, None where nothing can."""
    if not data:
        return None
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        return None
    return None if root is None else spelled_out(root)


def spelled_out(root: etree._Element) -> etree._Element:
    """The tree with its entity references as text: the characters that HTML gives them, else as they are written.

    lxml keeps them as nodes, and what follows one is that node's, so that readers of an element's text would lose it.
    """
    for node in list(root.iter(etree.Entity)):
        parent, before = node.getparent(), node.getprevious()
        text = html.unescape(node.text or "") + (node.tail or "")
        if parent is None:
            continue
        if before is None:
            parent.text = (parent.text or "") + text
        else:
            before.tail = (before.tail or "") + text
        node.tail = None
        parent.remove(node)
    return root


def local(element: etree._Element) -> str:
    """The tag without its namespace, empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str) -> str | None:
    """An attribute by local name: transitional and strict OOXML differ only in namespaces (ISO/IEC 29500)."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def child(element: etree._Element, *path: str) -> etree._Element | None:
    """The first descendant along a path of local names."""
    found: etree._Element | None = element
    for name in path:
        found = next((item for item in found if local(item) == name), None) if found is not None else None
    return found


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True, remove_comments=True
    )
