"""Files that are made to hurt: each ends with its text or with a code and a sentence, soon and within memory."""

import pytest

from core.errors import DocumentError
from ingest.parse import parse
from ingest.parsers import csv
from ingest.parsers.pdf import document, spans
from tests.support.pdf_bytes import Line, pdf

PAGE = [Line(72, 700, "A page that says something worth reading.")]


class TestPdf:
    def test_a_page_count_that_lies(self) -> None:
        data = pdf([PAGE]).replace(b"/Count 1 ", b"/Count 100000 ")
        _, parsed = parse(data, "lie.pdf")
        assert "worth reading" in parsed.text
        assert parsed.notes == [
            "Damaged and not read: pages 2 to 10,000.",
            "Only the first 10,000 of 100,000 pages were read: split the file.",
        ]

    def test_a_page_tree_that_names_itself(self) -> None:
        data = pdf([PAGE]).replace(b"/Kids [", b"/Kids [2 0 R ")
        _, parsed = parse(data, "cycle.pdf")
        assert "worth reading" in parsed.text

    def test_a_page_tree_that_shares_its_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One page named a thousand times over."""
        monkeypatch.setattr(document, "MAX_PAGES", 5)
        data = pdf([PAGE])
        kid = data[data.index(b"/Kids [") + 7 : data.index(b"]", data.index(b"/Kids ["))]
        data = data.replace(b"/Kids [" + kid, b"/Kids [" + b" ".join([kid] * 1_000)).replace(
            b"/Count 1 ", b"/Count 1000 "
        )
        _, parsed = parse(data, "shared.pdf")
        assert parsed.text.count("worth reading") <= 5
        assert "Only the first 5 of 1,000 pages were read: split the file." in parsed.notes

    def test_damaged_pages_are_named_in_spans(self) -> None:
        assert spans.spans([1, 2, 3, 7, 9, 10]) == ["pages 1 to 3", "page 7", "pages 9 to 10"]
        assert len(spans.spans(range(1, 1_000, 2))) == spans.MAX_SPANS + 1


class TestCsv:
    def test_one_endless_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(csv, "MAX_LINE_CHARACTERS", 10_000)
        with pytest.raises(DocumentError, match="line breaks") as refused:
            csv.parse_csv(b"a,b\n" + b"1,2," * 5_000, "wide.csv")
        assert refused.value.code == "CSV_LINE_TOO_LONG"

    def test_a_long_table_of_short_lines_is_fine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(csv, "MAX_LINE_CHARACTERS", 100)
        parsed = csv.parse_csv(b"a,b\n" + b"1,2\n" * 5_000, "long.csv")
        assert parsed.text.count("a: 1; b: 2") == 5_000


class TestPrograms:
    def test_renamed_to_a_document(self) -> None:
        program = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200) + b"PE\x00\x00"
        with pytest.raises(DocumentError) as refused:
            parse(program, "letter.docx")
        assert refused.value.code == "UNSUPPORTED_TYPE"
