"""DOCX: structure, tables, notes, tracked changes, equations, and what cannot be read."""

import io
import zipfile
from typing import Any

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from core.errors import DocumentError
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.docx import parse_docx
from tests.support import hostile_files as hostile

MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def parsed(document: Any) -> ParsedDocument:
    return parse_docx(saved(document), "a.docx")


def texts(result: ParsedDocument, kind: ElementKind) -> list[str]:
    return [result.text[item.start : item.end] for item in result.elements if item.kind is kind]


def paragraph(inner: str) -> Any:
    return parse_xml(f"<w:p {nsdecls('w')} {MATH}>{inner}</w:p>")


class TestStructure:
    def test_headings_nest_by_their_styles(self) -> None:
        document = Document()
        document.add_heading("Leave", 1)
        document.add_heading("Sick leave", 2)
        document.add_paragraph("Call before nine.")
        result = parsed(document)
        assert result.elements[2].heading_path == ("Leave", "Sick leave")
        assert [item.level for item in result.elements] == [1, 2, 0]

    def test_an_outline_level_makes_a_heading(self) -> None:
        document = Document()
        document.element.body.insert(0, paragraph('<w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Deep</w:t></w:r>'))
        assert parsed(document).elements[0].level == 2

    def test_bullets_and_numbers_keep_their_markers(self) -> None:
        document = Document()
        document.add_paragraph("dot", style="List Bullet")
        document.add_paragraph("one", style="List Number")
        document.add_paragraph("two", style="List Number")
        assert texts(parsed(document), ElementKind.LIST_ITEM) == ["- dot", "1. one", "2. two"]

    def test_title_and_author_come_from_the_properties(self) -> None:
        document = Document()
        document.core_properties.title, document.core_properties.author = "Travel policy", "Ada"
        document.add_paragraph("text")
        result = parsed(document)
        assert (result.title, result.metadata["author"]) == ("Travel policy", "Ada")


class TestTables:
    def test_a_merged_cell_is_written_once(self) -> None:
        document = Document()
        table = document.add_table(rows=2, cols=3)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(0, 2).text = "end"
        for column, text in enumerate("abc"):
            table.cell(1, column).text = text
        assert texts(parsed(document), ElementKind.TABLE) == ["| wide |  | end |\n| a | b | c |"]

    def test_a_cell_over_two_rows_is_written_once(self) -> None:
        document = Document()
        table = document.add_table(rows=2, cols=2)
        table.cell(0, 0).merge(table.cell(1, 0)).text = "tall"
        table.cell(0, 1).text, table.cell(1, 1).text = "up", "down"
        assert texts(parsed(document), ElementKind.TABLE) == ["| tall | up |\n|  | down |"]

    def test_a_nested_table_stands_in_its_cell(self) -> None:
        document = Document()
        table = document.add_table(rows=1, cols=2)
        table.cell(0, 0).text = "outer"
        inner = table.cell(0, 1).add_table(rows=1, cols=2)
        inner.cell(0, 0).text, inner.cell(0, 1).text = "x", "y"
        assert texts(parsed(document), ElementKind.TABLE) == ["| outer | x; y |"]

    def test_tables_stand_where_they_are_written(self) -> None:
        document = Document()
        document.add_paragraph("before")
        document.add_table(rows=1, cols=2).cell(0, 0).text = "cell"
        document.add_paragraph("after")
        assert parsed(document).text.split("\n\n") == ["before", "| cell |  |", "after"]


class TestInlineContent:
    def test_insertions_are_kept_and_deletions_dropped(self) -> None:
        document = Document()
        inserted = '<w:ins w:id="1"><w:r><w:t>new</w:t></w:r></w:ins>'
        deleted = '<w:del w:id="2"><w:r><w:delText>old</w:delText></w:r></w:del>'
        document.element.body.insert(0, paragraph(inserted + deleted))
        assert parsed(document).text == "new"

    def test_a_link_keeps_its_text(self) -> None:
        document = Document()
        document.element.body.insert(0, paragraph("<w:hyperlink><w:r><w:t>our site</w:t></w:r></w:hyperlink>"))
        assert parsed(document).text == "our site"

    def test_a_fraction_and_a_power_read_in_one_line(self) -> None:
        fraction = "<m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f>"
        power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
        document = Document()
        document.element.body.insert(0, paragraph(f"<m:oMath>{fraction}<m:r><m:t>+</m:t></m:r>{power}</m:oMath>"))
        assert parsed(document).text == "a/b+x^2"

    def test_a_text_box_follows_its_paragraph(self) -> None:
        box = "<w:p><w:r><w:t>boxed</w:t></w:r></w:p>"
        document = Document()
        document.element.body.insert(
            0, paragraph(f"<w:r><w:t>anchor</w:t><w:pict><w:txbxContent>{box}</w:txbxContent></w:pict></w:r>")
        )
        assert parsed(document).text == "anchor\n\nboxed"


class TestAsides:
    def test_a_comment_is_a_note_with_its_author(self) -> None:
        document = Document()
        run = document.add_paragraph().add_run("disputed")
        document.add_comment(run, text="Is this so?", author="Bob")
        assert texts(parsed(document), ElementKind.NOTE) == ["Comment by Bob: Is this so?"]

    def test_a_running_header_is_written_once(self) -> None:
        document = Document()
        document.sections[0].header.paragraphs[0].text = "ACME internal"
        document.add_paragraph("text")
        assert texts(parsed(document), ElementKind.NOTE) == ["ACME internal"]


class TestUnreadable:
    def test_an_empty_document_is_an_error(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parsed(Document())
        assert caught.value.code == "EMPTY_DOCUMENT"

    def test_an_encrypted_file_says_so(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_docx(hostile.OLE + b"\x00" * 600, "a.docx")
        assert caught.value.code == "DOCX_ENCRYPTED"

    def test_a_zip_without_a_document_is_broken(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.txt", "x")
        with pytest.raises(DocumentError) as caught:
            parse_docx(out.getvalue(), "a.docx")
        assert caught.value.code == "DOCX_BROKEN"

    def test_a_lost_index_still_gives_the_text(self) -> None:
        document = Document()
        document.add_paragraph("text that survives")
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(saved(document))) as source, zipfile.ZipFile(out, "w") as target:
            target.writestr("word/document.xml", source.read("word/document.xml"))
        assert parse_docx(out.getvalue(), "a.docx").text == "text that survives"

    def test_an_entity_is_not_resolved(self) -> None:
        bomb = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        hidden = f"<!-- {' ' * 10_000} -->"  # where nobody looks for declarations
        body = f"<w:document {nsdecls('w')}><w:body><w:p><w:r><w:t>a&e;b</w:t></w:r></w:p></w:body></w:document>"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("word/document.xml", hidden + bomb + body)
        assert parse_docx(out.getvalue(), "a.docx").text == "a&e;b"


class TestEntities:
    def test_text_after_an_undefined_one_is_read(self) -> None:
        """The file was COMPLETED without it."""
        document = Document()
        document.add_paragraph("before MARK after")
        data = io.BytesIO(saved(document))
        out = io.BytesIO()
        with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b"MARK", b"&nbsp;and &unknown;"))
        assert parse_docx(out.getvalue(), "a.docx").text.replace("\u00a0", " ") == "before  and &unknown; after"
