"""Slides and sheets."""

import datetime as dt
import io
from typing import Any

import pytest
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches

from core.errors import DocumentError
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers import xlsx
from ingest.parsers.pptx import parse_pptx
from ingest.parsers.xlsx import parse_xlsx
from tests.support import hostile_files as hostile


def saved(file: Any) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def texts(result: ParsedDocument, kind: ElementKind) -> list[str]:
    return [result.text[item.start : item.end] for item in result.elements if item.kind is kind]


class TestSlides:
    def deck(self) -> Any:
        deck = Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Plans"
        frame = slide.placeholders[1].text_frame
        frame.text = "first"
        deeper = frame.add_paragraph()
        deeper.text, deeper.level = "deeper", 1
        slide.notes_slide.notes_text_frame.text = "Say hello"
        return deck

    def test_a_slide_is_a_page_with_heading_points_and_notes(self) -> None:
        result = parse_pptx(saved(self.deck()), "a.pptx")
        assert [item.kind for item in result.elements] == [
            ElementKind.HEADING,
            ElementKind.LIST_ITEM,
            ElementKind.LIST_ITEM,
            ElementKind.NOTE,
        ]
        assert {item.page for item in result.elements} == {1}
        assert texts(result, ElementKind.LIST_ITEM) == ["- first", "  - deeper"]

    def test_a_table_stays_a_table(self) -> None:
        deck = self.deck()
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
        for row in range(2):
            for column in range(2):
                table.cell(row, column).text = f"r{row}c{column}"
        result = parse_pptx(saved(deck), "a.pptx")
        assert texts(result, ElementKind.TABLE) == ["| r0c0 | r0c1 |\n| r1c0 | r1c1 |"]
        assert result.elements[-1].page == 2

    def test_boxes_are_read_from_top_to_bottom(self) -> None:
        deck = Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        for text, top in (("below", 4), ("above", 1)):
            slide.shapes.add_textbox(Inches(1), Inches(top), Inches(3), Inches(1)).text_frame.text = text
        assert parse_pptx(saved(deck), "a.pptx").text == "above\n\nbelow"

    @pytest.mark.parametrize(("data", "code"), [(b"PK\x03\x04 broken", "PPTX_BROKEN"), (hostile.OLE, "PPTX_ENCRYPTED")])
    def test_what_cannot_be_opened_is_a_clear_error(self, data: bytes, code: str) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_pptx(data, "a.pptx")
        assert caught.value.code in (code, "ARCHIVE_BROKEN")


class TestSheets:
    def book(self) -> Workbook:
        book = Workbook()
        sheet = book.active
        sheet.title = "Costs"
        for row in (
            ["Report"],
            [],
            ["Name", "Date", "Share"],
            ["Ada", dt.date(2023, 1, 2), 0.125],
            ["Bob", None, 0.5],
        ):
            sheet.append(row)
        sheet["C4"].number_format = "0.0%"
        return book

    def test_each_row_names_its_columns(self) -> None:
        result = parse_xlsx(saved(self.book()), "a.xlsx")
        assert texts(result, ElementKind.ROW) == [
            "Name: Ada; Date: 2023-01-02; Share: 12.5%",
            "Name: Bob; Share: 0.5",
        ]

    def test_a_sheet_is_a_page_under_its_name(self) -> None:
        book = self.book()
        book.create_sheet("Second").append(["x", 1])
        result = parse_xlsx(saved(book), "a.xlsx")
        assert result.elements[-1].page == 2
        assert result.elements[-1].heading_path == ("Second",)

    def test_a_second_table_has_its_own_header(self) -> None:
        book = self.book()
        for row in ([], ["City", "People"], ["Oslo", 700_000]):
            book.active.append(row)
        assert texts(parse_xlsx(saved(book), "a.xlsx"), ElementKind.ROW)[-1] == "City: Oslo; People: 700000"

    def test_rows_beyond_the_budget_leave_a_note(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
        result = parse_xlsx(saved(self.book()), "a.xlsx")
        assert len(texts(result, ElementKind.ROW)) == 1
        assert result.notes == ['Sheet "Costs" was read in part: the limit is 3 rows a workbook.']

    def test_an_empty_workbook_is_an_error(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_xlsx(saved(Workbook()), "a.xlsx")
        assert caught.value.code == "EMPTY_DOCUMENT"
