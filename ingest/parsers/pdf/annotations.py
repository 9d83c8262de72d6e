"""What people added on top of pages: filled form fields, free text, comments."""

import ctypes

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_KINDS = (pdfium_c.FPDF_ANNOT_TEXT, pdfium_c.FPDF_ANNOT_FREETEXT, pdfium_c.FPDF_ANNOT_HIGHLIGHT)
_MAX_ANNOTATIONS = 2_000
_MAX_BYTES = 100_000


def annotation_texts(page: pdfium.PdfPage) -> list[str]:
    """Comments as written; form fields as "name: value"."""
    found: list[str] = []
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        if kind in _KINDS:
            found.append(_string(annotation, b"Contents"))
        elif kind == pdfium_c.FPDF_ANNOT_WIDGET:
            value, name = _string(annotation, b"V"), _string(annotation, b"TU") or _string(annotation, b"T")
            found.append(f"{name}: {value}" if value and name else value)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
    return [text for text in dict.fromkeys(found) if text]


def _string(annotation: pdfium_c.FPDF_ANNOTATION, key: bytes) -> str:
    size = pdfium_c.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not 2 < size <= _MAX_BYTES:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium_c.FPDFAnnot_GetStringValue(annotation, key, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace").strip()
