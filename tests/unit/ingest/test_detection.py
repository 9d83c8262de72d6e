"""Types by content, encodings, archives: what comes in under whatever name."""

import hashlib
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

    @pytest.mark.parametrize(
        "start",
        ["ID3 tags", "MZ-7715 spare part", "BZh files", "BMW dealers", "GIF89 is old", "RIFF stands for", "II*: two",
         "OggS means", "Rar! it said", "We write %PDF-2.0 and", "SQLite format 3 files",
         "7z archives", "fLaC: lossless", "abcdftyp is"],
    )  # fmt: skip
    def test_text_that_begins_like_a_program_is_text(self, start: str) -> None:
        text = start + " are described here.\nThey stand on a second line.\n"
        assert detect(text.encode(), "notes.txt") is Format.TEXT

    @pytest.mark.parametrize(
        "data",
        [b"MZ\x90\x00\x03" + b"\x00" * 60 + b"PE\x00\x00", b"ID3\x03\x00\x00\x00\x00\x0fTIT2", b"BZh91AY&SY\x8a\x01",
         b"GIF89a\x01\x00", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"\x00\x00\x00\x18ftypmp42", b"Rar!\x1a\x07\x01\x00",
         b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36", b"II*\x00\x08\x00", b"%!PS-Adobe-3.0\n/x {moveto} def\n"],
    )  # fmt: skip
    def test_binary_files_are_refused_under_any_name(self, data: bytes) -> None:
        with pytest.raises(DocumentError, match="Supported are") as caught:
            detect(data, "report.docx")
        assert caught.value.code == "UNSUPPORTED_TYPE"

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

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1255", "שלום עולם"),
            ("iso8859_8", "זה טקסט קצר בעברית"),
            ("cp1256", "مرحبا بالعالم"),
            ("iso8859_6", "هذا نص قصير باللغة العربية"),
            ("cp1254", "Şirketin ürünleri çok güzel"),
            ("iso8859_9", "Türkçe kısa bir metin: çığ"),
            ("cp874", "สวัสดีชาวโลก"),
            ("cp1253", "Γειά σου κόσμε"),
            ("iso8859_7", "Καλημέρα, αυτό είναι ένα κείμενο"),
            ("cp1251", "Привет, мир"),
            ("koi8_r", "Короткий текст на русском языке"),
            ("koi8_u", "Їжак є їжак"),
            ("cp866", "Привет, это текст"),
            ("cp1250", "Příliš žluťoučký kůň"),
            ("iso8859_2", "Zażółć gęślą jaźń"),
            ("cp1257", "Šiandien gražus oras, ačiū už pagalbą"),
            ("cp1252", "Voilà, ça marche déjà"),
            ("cp1252", "Mit einem Budget von 207.000 €"),
            ("cp850", "Die Straße führt nach Österreich"),
            ("big5", "繁體中文的短文"),
            ("gb18030", "简体中文的短文本"),
            ("euc_kr", "안녕하세요 세계"),
            ("euc_jp", "これは短い文です"),
            ("iso2022_jp", "これは日本語です"),
            ("cp500", "This report comes from a mainframe and is plain."),
        ],
    )
    def test_a_line_in_a_legacy_encoding_reads_right(self, encoding: str, text: str) -> None:
        assert decode(text.encode(encoding)) == text

    @pytest.mark.parametrize("label", ["iso-8859-8-i", "ISO-8859-8-E", "logical"])
    def test_labels_that_only_the_web_knows_are_understood(self, label: str) -> None:
        text = "בדיקה"
        assert decode(text.encode("iso8859_8"), label) == text

    def test_noise_is_not_called_text(self) -> None:
        noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(64))
        with pytest.raises(DocumentError) as caught:
            decode(noise)
        assert caught.value.code == "UNKNOWN_ENCODING"

    def test_latin_1_means_windows_western_as_in_browsers(self) -> None:
        text = "plain words " * 100 + "it’s “quoted” – done"
        assert decode(text.encode("cp1252"), "iso-8859-1") == text

    def test_declared_encoding_is_used(self) -> None:
        text = "Žluťoučký kůň úpěl ďábelské ódy"
        assert decode(text.encode("iso-8859-2"), "iso-8859-2") == text


class TestArchives:
    def test_members_without_junk_and_folders(self) -> None:
        data = zipped({"a/b.txt": b"b", "__MACOSX/a/._b.txt": b"x", ".DS_Store": b"x", "c.md": b"c"})
        members = [(member.name, member.read()) for member in iter_archive(io.BytesIO(data))]
        assert members == [("a/b.txt", b"b"), ("c.md", b"c")]

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


def test_utf8_with_stray_bytes_stays_utf8() -> None:
    text = "Größe, Höhe, Länge, Fläche, Gehäuse, Schlüssel, Prüfung, Öl, für, Geräte. " * 3
    assert decode(text.encode() + "Tür".encode("cp1252")) == text + "Tür"
    assert decode("Tür und Größe: é".encode("cp1252")) == "Tür und Größe: é"


GERMAN = "Die Größe der Tür über dem Fluß, schöne Grüße."
CHINESE = "冬季之前必须检查轴承和过滤器 pump 每两个星期加油一次"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (GERMAN.encode("utf-7"), GERMAN),
        ("Здравствуйте, это письмо о насосе.".encode("utf-7"), "Здравствуйте, это письмо о насосе."),
        (b"+/v8-Only a mark +APw-ber", "Only a mark über"),
        (CHINESE.encode("hz"), CHINESE),
        (
            "今日は、ポンプ oil です。".encode("iso2022_jp") + b" plain" * 99,
            "今日は、ポンプ oil です。" + " plain" * 99,
        ),
        ("El niño comió mañana; ¿dónde está?".encode("mac_roman"), "El niño comió mañana; ¿dónde está?"),
        *(
            (plain.encode(), plain)
            for plain in (
                "a+b-c, x+abc-1, C++ and g++-12, 1+1=2, +abcd- +efgh- +ijkl-",
                "if [ $a = ~{b~} ]; then ~{VPND~}; fi",
                "key=MIIB+Qab/cdE+fghIJKL+mnopQRST+uvwx==",
                "call +4512345678 or +4923456789 or +1800555019",
            )
        ),
    ],
)
def test_letters_hidden_in_ascii(data: bytes, text: str) -> None:
    assert decode(data) == text


def test_seven_bits_that_are_declared_need_no_proof() -> None:
    assert decode(b"Hi +AOQ- there", "utf-7") == "Hi ä there"
    assert decode(b"Hi +AOQ- there") == "Hi +AOQ- there"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_line_above_a_table_is_its_title(mark: str) -> None:
    rows = [["Name", "Amount"], ["Oslo", "3"], ["Bergen", "4"]]
    for title in ("Sales 2024\n", "Sales 2024\n\n", f"Sales 2024{mark}\n"):
        text = title + "".join(mark.join(row) + "\n" for row in rows)
        parsed = parse(text.encode(), "a.csv")[1]
        assert parsed.text == "Sales 2024\n\nName: Oslo; Amount: 3\nName: Bergen; Amount: 4"
        assert parsed.title == "Sales 2024"


def test_one_column_has_no_title() -> None:
    assert parse(b"Name\nOslo\nBergen\n", "a.csv")[1].text == "Name: Oslo\nName: Bergen"
