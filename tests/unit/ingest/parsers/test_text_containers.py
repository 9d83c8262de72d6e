"""Mail, books, OpenDocument and RTF."""

import io
import zipfile
from email.message import EmailMessage

import pytest

from core.errors import DocumentError
from ingest.elements import ElementKind, ParsedDocument
from ingest.parsers.email import parse_email
from ingest.parsers.epub import parse_epub
from ingest.parsers.odt import parse_odt
from ingest.parsers.rtf import parse_rtf


def texts(result: ParsedDocument, kind: ElementKind) -> list[str]:
    return [result.text[item.start : item.end] for item in result.elements if item.kind is kind]


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()


class TestMail:
    def mail(self, plain: str | None, markup: str | None = None) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = (
            "Grüße aus Köln",
            "Ada <ada@example.org>",
            "bob@example.org",
        )
        message.set_content(plain or "-")
        if markup:
            message.add_alternative(markup, subtype="html")
        return message

    def test_subject_headers_and_quoted_text_are_kept(self) -> None:
        result = parse_email(bytes(self.mail("Yes.\n\n> Is it so?\n")), "a.eml")
        assert result.title == "Grüße aus Köln"
        assert result.metadata["from"] == "Ada <ada@example.org>"
        assert "> Is it so?" in result.text
        assert result.elements[1].heading_path == ("Grüße aus Köln",)

    def test_html_wins_over_a_stub_of_plain_text(self) -> None:
        markup = f"<p>{'The whole story. ' * 20}</p><table><tr><th>A<th>B<tr><td>1<td>2</table>"
        result = parse_email(bytes(self.mail("See HTML", markup)), "a.eml")
        assert texts(result, ElementKind.TABLE) == ["| A | B |\n| 1 | 2 |"]

    def test_attachments_are_named_in_a_note(self) -> None:
        message = self.mail("text")
        message.add_attachment(b"x", maintype="application", subtype="pdf", filename="bill.pdf")
        assert "bill.pdf" in parse_email(bytes(message), "a.eml").notes[0]

    def test_an_unknown_charset_is_survived(self) -> None:
        data = b"Subject: s\r\nContent-Type: text/plain; charset=x-nope\r\n\r\nhello there"
        assert "hello there" in parse_email(data, "a.eml").text

    def test_what_has_no_headers_is_no_mail(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_email(b"\n\njust text", "a.eml")
        assert caught.value.code == "EMAIL_BROKEN"


class TestBook:
    CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    PACKAGE = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Book</dc:title>'
        "<dc:creator>Ada</dc:creator><dc:language>de-AT</dc:language></metadata><manifest>"
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="b" href="b%20b.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
    )

    def book(self) -> bytes:
        return archive(
            {
                "META-INF/container.xml": self.CONTAINER,
                "OPS/book.opf": self.PACKAGE,
                "OPS/a.xhtml": "<html><body><h1>Zweites</h1><p>Ende.</p></body></html>",
                "OPS/b b.xhtml": "<html><body><h1>Erstes</h1><p>Straße <b>fett</b>.</p></body></html>",
            }
        )

    def test_chapters_follow_the_spine(self) -> None:
        result = parse_epub(self.book(), "a.epub")
        assert texts(result, ElementKind.HEADING) == ["Erstes", "Zweites"]
        assert "Straße fett." in result.text

    def test_title_author_and_language_are_read(self) -> None:
        result = parse_epub(self.book(), "a.epub")
        assert (result.title, result.metadata["author"], result.language) == ("The Book", "Ada", "de")

    def test_a_doctype_with_declarations_is_no_text(self) -> None:
        subset = "<!DOCTYPE html [ <!ATTLIST p x CDATA #IMPLIED> <!ELEMENT z ANY> ]>"
        markup = f"<?xml version='1.0'?>{subset}<html><body><p>Alone &amp; here.</p></body></html>"
        files = {"META-INF/container.xml": self.CONTAINER, "OPS/book.opf": self.PACKAGE, "OPS/a.xhtml": markup,
                 "OPS/b b.xhtml": markup}  # fmt: skip
        assert parse_epub(archive(files), "a.epub").text == "Alone & here.\n\nAlone & here."

    def test_an_archive_without_a_book_is_broken(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_epub(archive({"a.txt": "x"}), "a.epub")
        assert caught.value.code == "EPUB_BROKEN"


class TestOpenDocument:
    def odt(self, body: str) -> bytes:
        names = ("office", "text", "table", "draw")
        spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
        root = "office:document-content"
        content = f"<{root} {spaces}><office:body><office:text>{body}</office:text></office:body></{root}>"
        return archive({"content.xml": content})

    def test_headings_lists_and_tables_in_order(self) -> None:
        body = (
            '<text:h text:outline-level="2">Head</text:h><text:p>a<text:s text:c="2"/>b</text:p>'
            "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deep</text:p>"
            "</text:list-item></text:list></text:list-item></text:list><table:table><table:table-row>"
            "<table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p>"
            "</table:table-cell></table:table-row></table:table>"
        )
        result = parse_odt(self.odt(body), "a.odt")
        assert result.text == "Head\n\na  b\n\n- one\n  - deep\n\n| x | y |"
        assert result.elements[0].level == 2

    def test_a_footnote_is_a_note_with_its_mark(self) -> None:
        body = "<text:note-body><text:p>why</text:p></text:note-body>"
        note = f"<text:note><text:note-citation>1</text:note-citation>{body}</text:note>"
        result = parse_odt(self.odt(f"<text:p>claim{note}.</text:p>"), "a.odt")
        assert result.text == "claim[1].\n\n[1] why"

    def test_text_after_an_entity_is_read(self) -> None:
        """XML knows five; writers of templates know HTML's."""
        body = "<text:p>before&nbsp;after &unknown; end <text:span>in &eacute; it</text:span> last</text:p>"
        assert parse_odt(self.odt(body), "a.odt").text == "before\u00a0after &unknown; end in é it last"

    def test_deleted_text_of_tracked_changes_is_dropped(self) -> None:
        region = "<text:changed-region><text:p>old</text:p></text:changed-region>"
        changes = f"<text:tracked-changes>{region}</text:tracked-changes>"
        assert parse_odt(self.odt(f"{changes}<text:p>new</text:p>"), "a.odt").text == "new"

    def test_a_broken_file_is_a_clear_error(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_odt(archive({"a.txt": "x"}), "a.odt")
        assert caught.value.code == "ODT_BROKEN"


class TestRichText:
    def test_unicode_escapes_and_code_pages_read_right(self) -> None:
        data = rb"{\rtf1\ansi\ansicpg1252{\info{\title Trip report}}\pard Stra\'dfe \u20013?\u25991?\par Two\par}"
        result = parse_rtf(data, "a.rtf")
        assert result.text == "Straße 中文\n\nTwo"
        assert result.title == "Trip report"

    def test_a_table_stays_a_table(self) -> None:
        row = rb"\trowd\cellx1000\cellx2000\intbl %s\cell %s\cell\row"
        data = rb"{\rtf1\ansi " + row % (b"A", b"B") + row % (b"1", b"2") + rb"\pard end\par}"
        assert texts(parse_rtf(data, "a.rtf"), ElementKind.TABLE) == ["| A | B |\n| 1 | 2 |"]

    def test_a_footnote_is_a_note_with_its_mark(self) -> None:
        data = rb"{\rtf1 Body text{\super\chftn}{\footnote\pard\chftn The note itself.} and more.\par Second.}"
        result = parse_rtf(data, "a.rtf")
        assert result.text == "Body text[1] and more.\n\nSecond.\n\n[1] The note itself."
        assert texts(result, ElementKind.NOTE) == ["[1] The note itself."]

    def test_what_is_no_rtf_is_broken(self) -> None:
        with pytest.raises(DocumentError) as caught:
            parse_rtf(b"plain", "a.rtf")
        assert caught.value.code == "RTF_BROKEN"
