"""PDF: reading order, structure, tables, furniture, and what cannot be read."""

import io
import itertools
from typing import Any

import pypdfium2 as pdfium
import pytest
from pypdf import PdfReader, PdfWriter

from core.errors import DocumentError
from ingest.builder import DocumentBuilder
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers import ocr
from ingest.parsers.pdf import parse_pdf
from ingest.parsers.pdf.scans import ScanReader
from tests.support.pdf_bytes import Line, pdf
from tests.support.services import need_tesseract


def texts(parsed: ParsedDocument, kind: ElementKind) -> list[str]:
    return [parsed.text[item.start : item.end] for item in parsed.elements if item.kind is kind]


def column(x: float, words: str, count: int = 20) -> list[Line]:
    return [Line(x, 700 - 14 * row, f"{words} line {row} fills the whole of its column") for row in range(count)]


class TestStructure:
    def test_a_larger_line_is_a_heading_above_its_paragraph(self) -> None:
        body = [Line(72, 700 - 12 * row, "Body text of the page that runs on for a while") for row in range(5)]
        parsed = parse_pdf(pdf([[Line(72, 740, "The great heading", 18), *body]]), "a.pdf")
        assert texts(parsed, ElementKind.HEADING) == ["The great heading"]
        assert parsed.elements[1].heading_path == ("The great heading",)
        assert parsed.title == "The great heading"

    def test_a_bold_line_is_a_heading_too(self) -> None:
        body = [Line(72, 700 - 12 * row, "Body text of the page that runs on for a while") for row in range(5)]
        parsed = parse_pdf(pdf([[Line(72, 716, "Overview", bold=True), *body]]), "a.pdf")
        assert texts(parsed, ElementKind.HEADING) == ["Overview"]

    def test_lines_of_a_paragraph_are_joined_and_a_gap_begins_another(self) -> None:
        lines = [Line(72, 700, "first line of one"), Line(72, 688, "second line of one"), Line(72, 650, "another")]
        parsed = parse_pdf(pdf([lines]), "a.pdf")
        assert texts(parsed, ElementKind.PARAGRAPH) == ["first line of one second line of one", "another"]

    def test_bullets_are_list_items(self) -> None:
        lines = [Line(72, 700, "• one thing"), Line(72, 686, "• another thing")]
        assert texts(parse_pdf(pdf([lines]), "a.pdf"), ElementKind.LIST_ITEM) == ["- one thing", "- another thing"]

    def test_pages_count_from_one(self) -> None:
        parsed = parse_pdf(pdf([[Line(72, 700, "first page")], [Line(72, 700, "second page")]]), "a.pdf")
        assert [item.page for item in parsed.elements] == [1, 2]
        assert parsed.page_count == 2

    def test_a_title_written_by_a_program_is_cleaned(self) -> None:
        parsed = parse_pdf(pdf([[Line(72, 700, "text of the page")]], title="Microsoft Word - Travel policy"), "a.pdf")
        assert parsed.title == "Travel policy"

    def test_a_file_name_is_no_title(self) -> None:
        parsed = parse_pdf(pdf([[Line(72, 700, "text of the page")]], title="Microsoft Word - foo.doc"), "a.pdf")
        assert parsed.title is None


class TestHyphens:
    def test_a_word_cut_at_the_line_end_is_whole(self) -> None:
        parsed = parse_pdf(pdf([[Line(72, 700, "we know about informa-"), Line(72, 688, "tion and more")]]), "a.pdf")
        assert "information and more" in parsed.text

    def test_a_compound_keeps_its_hyphen_where_the_document_writes_one(self) -> None:
        lines = [Line(72, 700, "a well-known fact"), Line(72, 660, "it is well-"), Line(72, 648, "known to all")]
        assert "it is well-known to all" in parse_pdf(pdf([lines]), "a.pdf").text


class TestReadingOrder:
    def test_the_left_column_is_read_before_the_right(self) -> None:
        left, right = column(50, "left"), column(320, "right")
        mixed = list(itertools.chain.from_iterable(zip(left, right, strict=True)))
        text = parse_pdf(pdf([mixed]), "a.pdf").text
        assert text.index("left line 19") < text.index("right line 0")

    def test_a_line_across_both_columns_comes_first(self) -> None:
        across = Line(50, 740, "A title that stands over both of the columns and crosses the gutter", 14)
        text = parse_pdf(pdf([[*column(50, "left"), *column(320, "right"), across]]), "a.pdf").text
        assert text.startswith("A title that stands")


class TestTables:
    ROWS = (("", "2023", "2022"), ("Revenue", "$1,234", "$987"), ("Cost of sales", "(500)", "(400)"))

    def page(self) -> list[Line]:
        return [
            Line(x, 700 - 14 * index, cell)
            for index, row in enumerate(self.ROWS)
            for x, cell in zip((72, 300, 400), row, strict=True)
            if cell
        ]

    def test_label_and_figures_stand_on_one_line_under_their_years(self) -> None:
        parsed = parse_pdf(pdf([self.page()]), "a.pdf")
        assert texts(parsed, ElementKind.TABLE) == [
            "|  | 2023 | 2022 |\n| Revenue | $1,234 | $987 |\n| Cost of sales | (500) | (400) |"
        ]

    def test_the_years_are_the_header(self) -> None:
        parsed = parse_pdf(pdf([self.page()]), "a.pdf")
        table = parsed.elements[0]
        assert parsed.text[table.start : table.header_end] == "|  | 2023 | 2022 |\n"

    def test_a_currency_sign_apart_belongs_to_its_figure(self) -> None:
        lines = [*self.page(), Line(72, 650, "Net"), Line(292, 650, "$"), Line(310, 650, "77"), Line(400, 650, "66")]
        assert "| Net | $77 | 66 |" in parse_pdf(pdf([lines]), "a.pdf").text

    def test_a_label_over_two_lines_is_one_row(self) -> None:
        wrapped = [Line(72, 658, "Net cash provided by"), Line(72, 644, "operating activities"), Line(300, 644, "12")]
        lines = [*self.page(), *wrapped, Line(400, 644, "13")]
        assert "| Net cash provided by operating activities | 12 | 13 |" in parse_pdf(pdf([lines]), "a.pdf").text


class TestFurniture:
    def test_running_headers_and_page_numbers_are_dropped(self) -> None:
        pages = [
            [Line(72, 770, "Annual report"), Line(72, 600, f"Body {word} stays"), Line(300, 30, f"Page {number}")]
            for number, word in enumerate(("alpha", "beta", "gamma", "delta"), start=1)
        ]
        parsed = parse_pdf(pdf(pages), "a.pdf")
        assert texts(parsed, ElementKind.PARAGRAPH) == [
            f"Body {word} stays" for word in ["alpha", "beta", "gamma", "delta"]
        ]

    def test_a_line_that_stands_once_is_kept(self) -> None:
        pages = [[Line(72, 770, f"{word} opens"), Line(72, 600, "Body")] for word in ("Alpha", "Beta", "Gamma")]
        assert "Beta opens" in parse_pdf(pdf(pages), "a.pdf").text


class TestUnreadable:
    def encrypted(self, password: str) -> bytes:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[Line(72, 700, "a secret text")]]))))
        writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def test_an_empty_password_opens(self) -> None:
        assert "a secret text" in parse_pdf(self.encrypted(""), "a.pdf").text

    def test_a_password_is_a_clear_error(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_pdf(self.encrypted("secret"), "a.pdf")
        assert caught.value.code == "PDF_ENCRYPTED"

    @pytest.mark.parametrize("data", [b"", b"%PDF-1.4\nnothing", b"\x00" * 500])
    def test_rubbish_is_broken(self, data: bytes) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_pdf(data, "a.pdf")
        assert caught.value.code == "PDF_BROKEN"

    def test_a_lost_cross_reference_table_is_rebuilt(self) -> None:
        data = pdf([[Line(72, 700, "text of a cut file")]])
        cut = data[: data.index(b"xref")] + data[data.index(b"trailer") :]
        assert "text of a cut file" in parse_pdf(cut, "a.pdf").text

    def test_empty_pages_have_no_text(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_pdf(pdf([[]]), "a.pdf")
        assert caught.value.code == "PDF_NO_TEXT"


def scanned(*lines: Line) -> bytes:
    """A PDF of one page that is a picture of `lines`, with a second page of text."""
    picture = pdfium.PdfDocument(pdf([list(lines)]))[0].render(scale=3, grayscale=True)
    document = pdfium.PdfDocument.new()
    page = document.new_page(612, 792)
    image = pdfium.PdfImage.new(document)
    image.set_bitmap(picture)
    image.set_matrix(pdfium.PdfMatrix().scale(612, 792))
    page.insert_obj(image)
    page.gen_content()
    document.import_pages(pdfium.PdfDocument(pdf([[Line(72, 700, "A page that has text of its own")]])))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


class TestScans:
    def test_a_picture_of_text_is_recognised(self) -> None:
        need_tesseract()
        parsed = parse_pdf(scanned(Line(72, 700, "The quick brown fox jumps", 24)), "a.pdf")
        assert "quick brown fox" in parsed.text

    def test_without_tesseract_each_scan_has_a_note(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ingest.parsers.pdf.scans.tesseract", lambda: None)
        parsed = parse_pdf(scanned(Line(72, 700, "The quick brown fox", 24)), "a.pdf")
        assert parsed.notes == [
            "Scanned and not read: page 1. Install tesseract on the server and process the document again."
        ]
        assert "text of its own" in parsed.text

    def test_pages_beyond_the_budget_have_a_note(self) -> None:
        need_tesseract()
        options = ocr.OcrOptions(max_pages=0)
        parsed = parse_pdf(scanned(Line(72, 700, "The quick brown fox", 24)), "a.pdf", options)
        assert "Only 0 pages" in parsed.notes[0]

    def test_recognition_stops_when_its_time_is_spent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By a clock of the test: each page takes 40 s of the 100 s, and no page is given more than what is left."""
        now, given = [0.0], list[float]()

        def recognise(*arguments: Any) -> str:
            given.append(arguments[-1])
            now[0] += 40
            return "words"

        monkeypatch.setattr("ingest.parsers.pdf.scans.tesseract", lambda: "tesseract")
        monkeypatch.setattr("ingest.parsers.pdf.scans.recognise", recognise)
        builder = DocumentBuilder()
        reader = ScanReader(builder, ocr.OcrOptions(timeout_s=50, document_s=100), clock=lambda: now[0])
        page = pdfium.PdfDocument(pdf([[]]))[0]
        read = [reader.read(page, number, why="Scanned") for number in range(1, 7)]
        reader.say()
        assert read == ["words"] * 3 + [""] * 3
        assert given == [50, 50, 20]
        assert builder.notes == [
            "Scanned and not read: pages 4 to 6. Recognition stops after 100 s a document: split the file."
        ]


class TestAdditions:
    def test_a_filled_field_and_a_comment_are_notes_of_their_page(self) -> None:
        from pypdf.annotations import FreeText
        from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject

        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[Line(72, 700, "an ordinary form to fill")]]))))
        writer.add_annotation(0, FreeText(text="Please check", rect=(50, 550, 200, 650)))
        widget = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject("Name"),
                NameObject("/V"): TextStringObject("Ada"),
                NameObject("/Rect"): ArrayObject([FloatObject(value) for value in (50, 400, 200, 420)]),
            }
        )
        writer.add_annotation(0, widget)
        out = io.BytesIO()
        writer.write(out)
        assert texts(parse_pdf(out.getvalue(), "a.pdf"), ElementKind.NOTE) == ["Please check", "Name: Ada"]
