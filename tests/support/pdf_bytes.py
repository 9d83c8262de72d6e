"""Small PDFs written by hand: lines of text at a place, in Helvetica or Helvetica-Bold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    x: float
    y: float  # from the bottom of a page of 612 by 792 points
    text: str
    size: float = 10
    bold: bool = False


def pdf(pages: list[list[Line]], *, title: str = "") -> bytes:
    """A PDF 1.4 file of `pages`."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({title}) >>".encode("latin-1"),
    ]
    kids = []
    for lines in pages:
        content = "".join(_draw(line) for line in lines).encode("cp1252")
        objects.append(b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
        page = f"/MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {page} >>".encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    return _file(objects)


def _draw(line: Line) -> str:
    text = line.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F{2 if line.bold else 1} {line.size} Tf {line.x} {line.y} Td ({text}) Tj ET\n"


def _file(objects: list[bytes]) -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def mapped_pdf(codes: list[bytes], to_unicode: dict[int, str] | None, *, wide: bool = False) -> bytes:
    """One page of lines whose font says itself what its codes mean; without a map, nothing does.

    A `wide` font has codes of two bytes that are numbers of glyphs, as embedded subsets have.
    """
    shown = "".join(f"BT /F1 12 Tf 72 {700 - 20 * row} Td <{line.hex()}> Tj ET\n" for row, line in enumerate(codes))
    unicode_map = b"/ToUnicode 7 0 R " if to_unicode is not None else b""
    if wide:
        font = b"<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Own /Encoding /Identity-H /DescendantFonts [8 0 R] "
    else:
        font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R "
    page += b"/Resources << /Font << /F1 4 0 R >> >> >>"
    digits = 4 if wide else 2
    lines = "".join(
        f"<{code:0{digits}x}> <{text.encode('utf-16-be').hex()}>\n" for code, text in (to_unicode or {}).items()
    )
    count = len(to_unicode or {})
    ranges = f"1 begincodespacerange <{'00' * (digits // 2)}> <{'ff' * (digits // 2)}> endcodespacerange"
    cmap = f"begincmap\n{ranges}\n{count} beginbfchar\n{lines}endbfchar\nendcmap"
    descendant = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Own /CIDToGIDMap /Identity /DW 600 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor << /Type "
        b"/FontDescriptor /FontName /ABCDEF+Own /Flags 4 /FontBBox [0 0 600 900] /ItalicAngle 0 /Ascent 800 "
        b"/Descent -200 /CapHeight 700 /StemV 80 >> >>"
    )
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page]
    objects += [font + unicode_map + b">>", b"<< >>", _stream(shown), _stream(cmap), descendant]
    return _file(objects)


def _stream(content: str) -> bytes:
    return b"<< /Length %d >>\nstream\n" % len(content) + content.encode() + b"\nendstream"
