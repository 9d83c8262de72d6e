"""What a DOCX keeps in parts of its own: charts, diagrams, alternative text, embedded files."""

import io
import zipfile

import pytest

from ingest.elements import ParsedDocument
from ingest.parsers.docx import parse_docx

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPACES = f'xmlns:w="{W}" xmlns:r="{R}" xmlns:c="{C}" xmlns:a="{A}"'
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PART = ("part.xml", "application/xml")


def docx(body: str, kind: str = "", part: bytes = b"", name: tuple[str, str] = PART) -> bytes:
    """A document of one body and one related part, as small as python-docx takes it."""
    related = f'<Relationship Id="r1" Type="{R}/{kind}" Target="{name[0]}"/>' if kind else ""
    links = f'<Relationships xmlns="{PACKAGE}/relationships">'
    types = f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/>'
    types += f'<Override PartName="/word/{name[0]}" ContentType="{name[1]}"/>' if kind else ""
    members = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        "_rels/.rels": f'{links}<Relationship Id="m" Type="{R}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f"<w:document {SPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f"{links}{related}</Relationships>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in members.items():
            archive.writestr(path, text)
        if kind:
            archive.writestr(f"word/{name[0]}", part)
    return buffer.getvalue()


def drawn(inner: str) -> str:
    return f"<w:p><w:r><w:t>Before.</w:t></w:r><w:r><w:drawing>{inner}</w:drawing></w:r></w:p>"


def read(body: str, kind: str = "", part: str = "", name: tuple[str, str] = PART) -> ParsedDocument:
    return parse_docx(docx(body, kind, part.encode(), name), "a.docx")


def cached(tag: str, *values: str) -> str:
    points = "".join(f'<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>' for index, value in enumerate(values))
    return f"<c:{tag}><c:strRef><c:strCache>{points}</c:strCache></c:strRef></c:{tag}>"


class TestCharts:
    FIGURES = cached("val", "4.4000000000000004", "2")
    SERIES = f"<c:ser>{cached('tx', 'Sales')}{cached('cat', 'May', 'June')}{FIGURES}</c:ser>"

    def chart(self, title: str = "") -> str:
        plot = f"<c:plotArea><c:bar3DChart>{self.SERIES}</c:bar3DChart></c:plotArea>"
        return f"<c:chartSpace {SPACES}><c:chart>{title}{plot}</c:chart></c:chartSpace>"

    def test_figures_are_a_table(self) -> None:
        text = read(drawn('<c:chart r:id="r1"/>'), "chart", self.chart()).text
        assert text == "Before.\n\nBar chart\n\n|  | Sales |\n| May | 4.4 |\n| June | 2 |"

    def test_the_title_stands_above(self) -> None:
        words = "<a:p><a:r><a:t>Sales by </a:t></a:r><a:r><a:t>month</a:t></a:r></a:p>"
        title = f"<c:title><c:tx><c:rich>{words}</c:rich></c:tx></c:title>"
        assert "Sales by month\n\n|" in read(drawn('<c:chart r:id="r1"/>'), "chart", self.chart(title)).text

    @pytest.mark.parametrize("part", ["", "<broken", "<c:chartSpace/>", '<c:pt idx="99999999999"/>'])
    def test_a_damaged_chart_costs_only_itself(self, part: str) -> None:
        assert read(drawn('<c:chart r:id="r1"/>'), "chart", part).text == "Before."


def test_the_words_of_a_diagram() -> None:
    points = "".join(
        f"<dgm:pt><dgm:t><a:p><a:r><a:t>{word}</a:t></a:r></a:p></dgm:t></dgm:pt>" for word in ("Plan", "Do")
    )
    part = f'<dgm:dataModel xmlns:dgm="d" {SPACES}><dgm:ptLst>{points}</dgm:ptLst></dgm:dataModel>'
    text = read(drawn('<dgm:relIds xmlns:dgm="d" r:dm="r1"/>'), "diagramData", part).text
    assert text == "Before.\n\n- Plan\n- Do"


def test_alternative_text_once_and_only_where_it_says_something() -> None:
    inner = "".join(
        f'<p:docPr xmlns:p="p" descr="{said}"/>'
        for said in ("A pump in section", "A pump in section", "logo", "my img.png")
    )
    assert read(drawn(inner)).text == "Before.\n\nA pump in section"


class TestEmbeddedFiles:
    BODY = '<w:p><w:r><w:t>Before.</w:t></w:r></w:p><w:altChunk r:id="r1"/><w:p><w:r><w:t>After.</w:t></w:r></w:p>'

    def test_a_page(self) -> None:
        page = "<html><body><h2>Part</h2><p>Ünder it</p><table><tr><th>a<th>b<tr><td>1<td>2</table></body></html>"
        parsed = read(self.BODY, "aFChunk", page, ("chunk.html", "text/html"))
        assert parsed.text == "Before.\n\nPart\n\nÜnder it\n\n| a | b |\n| 1 | 2 |\n\nAfter."
        table = parsed.elements[3]
        assert table.header_end is not None
        assert parsed.text[table.start : table.header_end] == "| a | b |\n"

    def test_a_web_archive(self) -> None:
        head = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n"
        part = f"{head}--x\nContent-Type: text/html\n\n<p>Inside</p>\n--x--"
        assert "Inside" in read(self.BODY, "aFChunk", part, ("chunk.mht", "message/rfc822")).text

    def test_a_document_but_none_within_it(self) -> None:
        name = ("chunk.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml")
        data = docx("<w:p><w:r><w:t>Innermost.</w:t></w:r></w:p>")
        for depth in range(3):
            body = f'<w:p><w:r><w:t>Depth {depth}.</w:t></w:r></w:p><w:altChunk r:id="r1"/>'
            data = docx(body, "aFChunk", data, name)
        assert parse_docx(data, "a.docx").text == "Depth 2.\n\nDepth 1."

    def test_an_unknown_file_is_named(self) -> None:
        parsed = read(self.BODY, "aFChunk", "x", ("chunk.bin", "application/x-odd"))
        assert parsed.text == "Before.\n\nAfter."
        assert "application/x-odd" in parsed.notes[0]


def test_check_boxes_say_whether_they_are_checked() -> None:
    boxes = "".join(
        f'<w:sdt><w:sdtPr><w14:checkbox xmlns:w14="x"><w14:checked w14:val="{state}"/></w14:checkbox></w:sdtPr>'
        f"<w:sdtContent><w:r><w:t>?</w:t></w:r></w:sdtContent></w:sdt><w:r><w:t> {label} </w:t></w:r>"
        for state, label in ((1, "Tea"), (0, "Milk"))
    )
    assert read(f"<w:p>{boxes}</w:p>").text == "[x] Tea [ ] Milk"
