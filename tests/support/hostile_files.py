"""Files that are made to hurt, built here: none of them is worth keeping, each is a few lines."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.support.pdf_bytes import Line, pdf

WORDS = "A pump needs oil every second week, whoever looks after it."
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
OPEN = "application/vnd.openxmlformats-officedocument"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _office(main: str, kind: str, parts: Mapping[str, str], links: str = "") -> bytes:
    overrides = f'<Override PartName="/{main}" ContentType="{OPEN}.{kind}.main+xml"/>'
    defaults = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    folder, name = main.split("/")
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{TYPES}">{defaults}{overrides}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{LINKS}"><Relationship Id="m" Type="{R}/officeDocument" '
            f'Target="{main}"/></Relationships>',
            f"{folder}/_rels/{name}.rels": f'<Relationships xmlns="{LINKS}">{links}</Relationships>',
            **parts,
        }
    )


def docx(text: str, prolog: str = "") -> bytes:
    body = f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'
    return _office("word/document.xml", "wordprocessingml.document", {"word/document.xml": prolog + body})


def xlsx(text: str, prolog: str = "") -> bytes:
    row = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row>'
    links = f'<Relationship Id="s" Type="{R}/worksheet" Target="worksheets/sheet1.xml"/>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets><sheet name="A" sheetId="1" r:id="s"/>'
        "</sheets></workbook>",
        "xl/worksheets/sheet1.xml": f'{prolog}<worksheet xmlns="{S}"><sheetData>{row}</sheetData></worksheet>',
    }
    return _office("xl/workbook.xml", "spreadsheetml.sheet", parts, links)


def pptx(text: str, prolog: str = "") -> bytes:
    """A deck by python-pptx whose slide is written anew."""
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "REPLACED"
    buffer = io.BytesIO()
    deck.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
        markup = archive.read("ppt/slides/slide1.xml").decode()
    members["ppt/slides/slide1.xml"] = prolog + markup[markup.index("?>") + 2 :].replace("REPLACED", text)
    return zipped(members)


def odt(text: str, prolog: str = "") -> bytes:
    spaces = f'xmlns:office="{OASIS}:office:1.0" xmlns:text="{OASIS}:text:1.0"'
    body = f"<office:body><office:text><text:p>{text}</text:p></office:text></office:body>"
    content = f"{prolog}<office:document-content {spaces}>{body}</office:document-content>"
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def epub(text: str, prolog: str = "") -> bytes:
    container = '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>'
    item = '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>'
    package = f"{prolog}<package><manifest>{item}</manifest><spine><itemref idref='c'/></spine></package>"
    chapter = f"{prolog}<html><body><p>{text}</p></body></html>"
    members = {"META-INF/container.xml": container, "a.opf": package, "c.xhtml": chapter}
    return zipped({"mimetype": "application/epub+zip", **members})


def html(text: str, prolog: str = "") -> bytes:
    return f'<?xml version="1.0"?>{prolog}<html><body><p>{text}</p></body></html>'.encode()


def xml(text: str, prolog: str = "") -> bytes:
    return f'<?xml version="1.0"?>{prolog}<note>{text}</note>'.encode()


def svg(text: str, prolog: str = "") -> bytes:
    return f'<?xml version="1.0"?>{prolog}<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'.encode()


XML_FORMATS: dict[str, Callable[[str, str], bytes]] = {
    "docx": docx, "xlsx": xlsx, "pptx": pptx, "odt": odt, "epub": epub, "html": html, "xml": xml, "svg": svg,
}  # fmt: skip


def laughs() -> tuple[str, str]:
    """Prolog and text of ten entities, each ten of the one before: 10 GB."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY e0 "laughlaugh">{entities}]>', "&e9;"


def blow_up() -> tuple[str, str]:
    """One entity of 50 KB, used 50,000 times: 2.5 GB."""
    return f'<!DOCTYPE x [<!ENTITY a "{"blow" * 12_500}">]>', "&a;" * 50_000


def external(address: str) -> tuple[str, str]:
    return f'<!DOCTYPE x [<!ENTITY a SYSTEM "{address}"><!ENTITY % b SYSTEM "{address}"> %b;]>', "&a;"


def compound(stream: str, content: bytes, inside: str = "") -> bytes:
    """An OLE file with one stream (MS-CFB): header, FAT, directory, then the stream in sectors of 512 bytes.

    What is `inside` stands a level below, as an object that is embedded in a document does.
    """
    content += bytes(max(4_096 - len(content), 0))
    sectors = -(-len(content) // 512)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    head = (
        OLE + bytes(16) + struct.pack("<5H6x9I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4_096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    )
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int, right: int = 0xFFFFFFFF) -> bytes:
        raw = name.encode("utf-16-le") + b"\x00\x00"
        links = struct.pack("<H2B3I", len(raw), kind, 1, 0xFFFFFFFF, right, child)
        return raw.ljust(64, b"\x00") + links + bytes(36) + struct.pack("<2I4x", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    directory += entry(stream, 2, 0xFFFFFFFF, 2, len(content), 2 if inside else 0xFFFFFFFF)
    if inside:
        directory += entry("MBD0001", 1, 3, 0, 0) + entry(inside, 2, 0xFFFFFFFF, 0xFFFFFFFE, 0)
    return head + fat + directory.ljust(512, b"\x00") + content.ljust(sectors * 512, b"\x00")


def large_compound(stream: str, inside: str) -> bytes:
    """As `compound`, with the directory in the last sector: the header alone does not lead to it (MS-CFB 2.5)."""
    sectors, tables = 14_500, 114
    small = compound(stream, b"", inside)
    head, directory = bytearray(small[:512]), small[1_024:1_536]
    struct.pack_into("<2I", head, 44, tables, sectors - 1)
    struct.pack_into("<2I", head, 68, tables, 1)
    struct.pack_into("<109I", head, 76, *range(109))
    table = [0xFFFFFFFD] * tables + [0xFFFFFFFC] + [0xFFFFFFFF] * (tables * 128 - tables - 1)
    table[sectors - 1] = 0xFFFFFFFE
    more = struct.pack("<128I", *range(109, tables), *[0xFFFFFFFF] * (127 - tables + 109), 0xFFFFFFFE)
    body = struct.pack(f"<{len(table)}I", *table) + more
    return bytes(head) + body.ljust((sectors - 1) * 512, b"\x00") + directory


def looping_compound(stream: str, rounds: int = 1_000) -> bytes:
    """A table that leads to itself and claims to be `rounds` sectors of 127 sectors long."""
    data = bytearray(compound(stream, b"x"))
    here = len(data) // 512 - 1
    struct.pack_into("<I", data, 44, 109 + 127 * rounds)
    struct.pack_into("<2I", data, 68, here, rounds)
    return bytes(data) + struct.pack("<128I", *[0] * 127, here)


def picture_pdf(width: int, height: int) -> bytes:
    """A page that claims to be one picture of `width` by `height`, of which a few bytes are there."""
    data = zlib.compress(bytes(1_000))
    image = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(data), data)
    )
    page = pdf([[Line(72, 700, "x")]])
    return (
        page.replace(b"/Font <<", b"/XObject << /I 99 0 R >> /Font <<")
        .replace(b"(x) Tj ET\n", b"() Tj ET q 600 0 0 700 0 0 cm /I Do Q\n")
        .replace(b"xref\n0", b"99 0 obj\n" + image + b"\nendobj\nxref\n0")
    )
