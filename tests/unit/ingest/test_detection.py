"""Types by content, encodings, archives: what comes in under whatever name."""

import io
import zipfile
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.archive import iter_archive
from ingest.detect import Format, detect
from ingest.encoding import decode
from ingest.limits import check_archive
from ingest.parse import parse

SAMPLES = Path(__file__).resolve().parents[3] / "insydr" / "demo_files"
EXPECTED = {
    ".pdf": Format.PDF, ".docx": Format.DOCX, ".pptx": Format.PPTX, ".xlsx": Format.XLSX, ".odt": Format.ODT,
    ".epub": Format.EPUB, ".rtf": Format.RTF, ".eml": Format.EML, ".html": Format.HTML, ".md": Format.MARKDOWN,
    ".csv": Format.CSV, ".json": Format.JSON, ".jsonl": Format.JSONL, ".txt": Format.TEXT,
}  # fmt: skip


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class TestDetect:
    @pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
    def test_every_sample_by_content_and_name(self, path: Path) -> None:
        assert detect(path.read_bytes(), path.name) is EXPECTED[path.suffix]

    @pytest.mark.parametrize("suffix", [".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".epub", ".rtf", ".html"])
    def test_a_lying_name_changes_nothing(self, suffix: str) -> None:
        path = next(SAMPLES.glob(f"*{suffix}"))
        assert detect(path.read_bytes(), "invoice.txt") is EXPECTED[suffix]

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "EMPTY_DOCUMENT"),
            (b" \n\x00 ", "EMPTY_DOCUMENT"),
            (b"\xef\xbb\xbf", "EMPTY_DOCUMENT"),
            (b"MZ\x90\x00" + b"\x00" * 100, "UNSUPPORTED_TYPE"),
            (b"\x7fELF" + b"\x01" * 100, "UNSUPPORTED_TYPE"),
            (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "UNSUPPORTED_TYPE"),
            (b"PK\x03\x04 broken", "ARCHIVE_BROKEN"),
            (zipped({"a.txt": b"a"}), "UNSUPPORTED_TYPE"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, data: bytes, code: str) -> None:
        with pytest.raises(DocumentError) as caught:
            detect(data, "report.docx")
        assert caught.value.code == code

    @pytest.mark.parametrize(
        "start", [b'<p align="center">Logo</p>', b"<!-- badges -->\n<div>x</div>", b"<h1>Insydr</h1>"]
    )
    def test_markdown_may_begin_with_a_tag(self, start: bytes) -> None:
        assert detect(start + b"\n\n## Install\n\n* one\n", "README.md") is Format.MARKDOWN

    def test_a_page_named_as_markdown_is_a_page(self) -> None:
        assert detect(b"<!DOCTYPE html><html><body>x</body></html>", "page.md") is Format.HTML


class TestDecode:
    TEXT = "Grüße aus Köln: 3 €, naïve façade — наука и жизнь"

    @pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
    def test_unicode_encodings(self, name: str) -> None:
        assert decode((self.TEXT * 3).encode(name)) == self.TEXT * 3

    def test_windows_western(self) -> None:
        text = "Die Straße führt über die Brücke nach Österreich und zurück. " * 5
        assert decode(text.encode("cp1252")) == text

    def test_shift_jis(self) -> None:
        text = "これは日本語のテキストです。名前,年齢\n佐藤,30\n" * 3
        assert decode(text.encode("cp932")) == text

    def test_latin_1_means_windows_western_as_in_browsers(self) -> None:
        text = "plain words " * 100 + "it’s “quoted” – done"
        assert decode(text.encode("cp1252"), "iso-8859-1") == text

    def test_declared_encoding_is_used(self) -> None:
        text = "Žluťoučký kůň úpěl ďábelské ódy"
        assert decode(text.encode("iso-8859-2"), "iso-8859-2") == text


class TestArchives:
    def test_members_without_junk_and_folders(self) -> None:
        data = zipped({"a/b.txt": b"b", "__MACOSX/a/._b.txt": b"x", ".DS_Store": b"x", "c.md": b"c"})
        assert [(member.name, member.data) for member in iter_archive(data)] == [("a/b.txt", b"b"), ("c.md", b"c")]

    def test_a_bomb_is_refused_before_it_is_unpacked(self) -> None:
        with pytest.raises(DocumentError) as caught:
            check_archive(zipped({"bomb": b"\x00" * (64 * 2**20)}))
        assert caught.value.code == "ARCHIVE_TOO_LARGE"

    def test_too_many_entries_are_refused(self) -> None:
        with pytest.raises(DocumentError) as caught:
            check_archive(zipped({str(n): b"" for n in range(10_001)}))
        assert caught.value.code == "ARCHIVE_TOO_LARGE"


class TestParse:
    @pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
    def test_every_sample_has_text_title_and_exact_elements(self, path: Path) -> None:
        _, document = parse(path.read_bytes(), path.name)
        assert document.title
        assert document.elements
        ends = [0]
        for element in document.elements:
            assert document.text[element.start : element.end].strip()
            assert element.start >= ends[-1]
            ends.append(element.end)

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("size-chart.pdf", "168 to 178 cm"),
            ("warranty.docx", "700 full charging cycles"),
            ("dealer-training.pptx", "back pain"),
            ("service-plan.xlsx", "Work: Full service with new cables"),
            ("recall-notice.eml", "FR-2603-4400"),
            ("touring-guide.epub", "32 kilograms"),
            ("workshop-rules.odt", "40 newton metres"),
            ("returns.rtf", "within 30 days"),
            ("leasing.html", "Apprentices after six months"),
            ("faq.md", "spray water"),
            ("spare-parts.csv", "Part number: MB-7715; Name: Charger 4 A"),
            ("store.json", "city: Oslo; phone: +47 22 555 013"),
            ("errors.jsonl", "code: ERR-42; meaning: The battery is too hot"),
            ("opening-hours.txt", "Closed on Sunday"),
        ],
    )
    def test_what_each_sample_says_is_in_its_text(self, name: str, wanted: str) -> None:
        _, document = parse((SAMPLES / name).read_bytes(), name)
        assert wanted in document.text

    def test_pages_of_a_pdf_are_kept(self) -> None:
        _, document = parse((SAMPLES / "size-chart.pdf").read_bytes(), "size-chart.pdf")
        weight = next(e for e in document.elements if "13.9 kilograms" in document.text[e.start : e.end])
        assert (weight.page, weight.heading_path[-1:]) == (2, ("Weights",))

    def test_navigation_of_a_page_is_left_out(self) -> None:
        _, document = parse((SAMPLES / "leasing.html").read_bytes(), "leasing.html")
        assert "Shop" not in document.text
