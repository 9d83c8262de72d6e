"""A table of files that are made to hurt, read as the worker reads them: in a child with 10 seconds and 1 GiB.

Each ends with its text or with a code and a sentence of advice; none crashes the child, hangs it or fills its memory.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from core.errors import DocumentError
from ingest.archive import iter_archive
from ingest.children.pool import ParsePool
from ingest.children.protocol import Failed, Parsed, ParseTask
from ingest.limits import MAX_ENTRIES
from tests.support import hostile_files as hostile
from tests.support.pdf_bytes import Line, pdf
from tests.support.services import module

PAGE = [[Line(72, 700, hostile.WORDS)]]
SECRET = "TOP-SECRET-CONTENT"
DEEP = 100_000
TAGS = (b"<div>", b"<span>", b"<table><tr><td>", b"<ul><li>")


class Reader:
    """The pool, a folder for its files."""

    def __init__(self, pool: ParsePool, folder: Path) -> None:
        self._pool, self._folder = pool, folder

    def read(self, data: bytes, name: str) -> Parsed | Failed:
        path = self._folder / name
        path.write_bytes(data)
        (result,) = self._pool.run([ParseTask(str(path), 0, len(data), name)])
        assert not isinstance(result, Failed) or result.code not in (
            "PARSER_CRASHED",
            "PARSER_TIMEOUT",
            "PARSER_MEMORY",
        )
        return result

    def code(self, data: bytes, name: str) -> str:
        """The failure's; COMPLETED for none."""
        result = self.read(data, name)
        if isinstance(result, Parsed):
            return "COMPLETED"
        assert result.message.endswith(".")
        assert len(result.message.split()) > 4
        return result.code


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    pool = ParsePool(1, wall_s=60, cpu_s=10, memory_bytes=2**30, max_tasks=1_000)
    yield Reader(pool, tmp_path_factory.mktemp("hostile"))
    pool.close()


class TestEntities:
    """Formats of XML; as plain text (.xml, .svg) nothing is resolved either."""

    @pytest.mark.parametrize("kind", hostile.XML_FORMATS)
    def test_the_harmless_file_is_read(self, reader: Reader, kind: str) -> None:
        result = reader.read(hostile.XML_FORMATS[kind](hostile.WORDS, ""), f"a.{kind}")
        assert isinstance(result, Parsed)
        assert hostile.WORDS in result.document.text

    @pytest.mark.parametrize("bomb", [hostile.laughs, hostile.blow_up])
    @pytest.mark.parametrize("kind", hostile.XML_FORMATS)
    def test_bombs(self, reader: Reader, kind: str, bomb: Callable[[], tuple[str, str]]) -> None:
        prolog, text = bomb()
        data = hostile.XML_FORMATS[kind](f"Before {text}", prolog)
        if kind in ("xml", "svg"):
            result = reader.read(data, f"a.{kind}")
            assert isinstance(result, Parsed)
            assert len(result.document.text) <= len(data)
        else:
            assert reader.code(data, f"a.{kind}") == "XML_ENTITIES"

    @pytest.mark.parametrize("kind", hostile.XML_FORMATS)
    def test_files_and_addresses_are_not_opened(self, reader: Reader, kind: str, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text(SECRET)
        asked: list[str] = []

        class Server(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)

        server = HTTPServer(("127.0.0.1", 0), Server)
        Thread(target=server.serve_forever, daemon=True).start()
        for address in ((tmp_path / "secret").as_uri(), f"http://127.0.0.1:{server.server_port}/a"):
            prolog, text = hostile.external(address)
            result = reader.read(hostile.XML_FORMATS[kind](f"Before {text}", prolog), f"a.{kind}")
            assert SECRET not in (result.document.text if isinstance(result, Parsed) else result.message)
            assert isinstance(result, Parsed) == (kind in ("xml", "svg"))
        server.shutdown()
        server.server_close()
        assert not asked


def stuffed(data: bytes, members: dict[str, bytes]) -> bytes:
    """A document with more in its archive."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class TestArchives:
    KINDS = ("docx", "xlsx", "pptx", "odt", "epub")

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_member_that_unpacks_to_a_thousand_times_its_size(self, reader: Reader, kind: str) -> None:
        data = stuffed(hostile.XML_FORMATS[kind](hostile.WORDS, ""), {"media/zero.bin": bytes(64 * 2**20)})
        assert reader.code(data, f"a.{kind}") == "ARCHIVE_TOO_LARGE"

    @pytest.mark.parametrize("kind", KINDS)
    def test_more_members_than_any_document_has(self, reader: Reader, kind: str) -> None:
        members = {f"media/{number}": b"" for number in range(MAX_ENTRIES)}
        assert (
            reader.code(stuffed(hostile.XML_FORMATS[kind](hostile.WORDS, ""), members), f"a.{kind}")
            == "ARCHIVE_TOO_LARGE"
        )

    def test_archives_within_archives_are_not_opened(self, reader: Reader) -> None:
        inner = hostile.zipped({"zero.bin": bytes(16 * 2**20)})
        for _ in range(30):
            inner = hostile.zipped({f"{number}.zip": inner for number in range(2)})
            inner = inner if len(inner) < 2**20 else hostile.zipped({"a.zip": inner[:1000]})
        result = reader.read(stuffed(hostile.docx(hostile.WORDS), {"word/inner.zip": inner}), "a.docx")
        assert isinstance(result, Parsed)
        assert all(len(member.read()) <= len(inner) for member in iter_archive(io.BytesIO(inner)))

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_password_of_the_archive(self, reader: Reader, kind: str) -> None:
        data = bytearray(hostile.XML_FORMATS[kind](hostile.WORDS, ""))
        data[data.index(b"PK\x01\x02") + 8] |= 1
        assert reader.code(bytes(data), f"a.{kind}") == "ARCHIVE_ENCRYPTED"

    def test_a_batch_with_a_password(self) -> None:
        data = bytearray(hostile.zipped({"a.txt": b"words"}))
        data[data.index(b"PK\x01\x02") + 8] |= 1
        with pytest.raises(DocumentError, match="password") as refused:
            list(iter_archive(bytes(data)))
        assert refused.value.code == "ARCHIVE_ENCRYPTED"


class TestPasswords:
    def test_pdf(self, reader: Reader) -> None:
        from pypdf import PdfReader, PdfWriter

        writer, buffer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(PAGE)))), io.BytesIO()
        writer.encrypt("open sesame", algorithm="AES-256")
        writer.write(buffer)
        assert reader.code(buffer.getvalue(), "a.pdf") == "PDF_ENCRYPTED"

    @pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
    def test_office(self, reader: Reader, kind: str) -> None:
        assert reader.code(hostile.compound("EncryptedPackage", b"\x01" * 5_000), f"a.{kind}") == "OFFICE_ENCRYPTED"

    def test_old_sheet(self, reader: Reader) -> None:
        """A workbook whose second record is FILEPASS (MS-XLS 2.4.117)."""
        module("unstructured")
        start = bytes.fromhex("0908100000060500bb0dcc07c100000006040000")
        data = hostile.compound("Workbook", start + bytes.fromhex("2f000600000001020304"))
        assert reader.code(data, "a.xls") == "OFFICE_ENCRYPTED"

    def test_old_text(self, reader: Reader) -> None:
        assert reader.code(hostile.compound("WordDocument", b"\xec\xa5" * 99), "a.doc") == "UNSUPPORTED_TYPE"

    def test_open_document(self, reader: Reader) -> None:
        data = stuffed(hostile.odt(hostile.WORDS), {"META-INF/manifest.xml": b"<m><encryption-data/></m>"})
        assert reader.code(data, "a.odt") == "ODT_ENCRYPTED"


def mail_of_parts(count: int) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@example.com", "Many parts"
    message.set_content("The body says this.")
    head = b"".join(b"--b\nContent-Type: text/plain\n\nPart %d\n" % number for number in range(count))
    raw = message.as_bytes().replace(b"Content-Type: text/plain", b'Content-Type: multipart/mixed; boundary="b"', 1)
    return raw.partition(b"\n\n")[0] + b"\n\n--b\nContent-Type: text/plain\n\nThe body says this.\n" + head + b"--b--"


def mail_of_levels(count: int) -> bytes:
    head = b"From: a@example.com\nSubject: Deep\nMIME-Version: 1.0\n"
    levels = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(count))
    return head + b"".join(levels) + b"Content-Type: text/plain\n\nInnermost"


DISGUISED = [
    (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200) + b"PE\x00\x00", "a.docx", "UNSUPPORTED_TYPE"),
    (b"\x7fELF\x02\x01\x01" + bytes(100), "a.pdf", "UNSUPPORTED_TYPE"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.txt", "UNSUPPORTED_TYPE"),
    (pdf(PAGE), "a.docx", "COMPLETED"),
    (hostile.docx(hostile.WORDS), "a.pdf", "COMPLETED"),
    (hostile.xlsx(hostile.WORDS), "a.docx", "COMPLETED"),
    (b"{\\rtf1 " + hostile.WORDS.encode() + b"}", "a.doc", "COMPLETED"),
    (hostile.html(hostile.WORDS), "a.doc", "COMPLETED"),
    (hostile.zipped({"a.txt": b"words"}), "a.docx", "UNSUPPORTED_TYPE"),
]
NESTED = [
    *(
        (b"<html><body>" + tag * DEEP + b"words", "a.html")
        for tag in (b"<div>", b"<span>", b"<table><tr><td>", b"<ul><li>")
    ),
    (b"[" * DEEP + b"]" * DEEP, "a.json"),
    (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "a.json"),
    (mail_of_levels(10_000), "a.eml"),
    (b"From: a@example.com\nSubject: s\n" + b"Content-Type: message/rfc822\n\n" * 10_000 + b"words", "a.eml"),
]


@pytest.mark.parametrize(("data", "name", "code"), DISGUISED)
def test_the_content_tells_the_type_not_the_name(reader: Reader, data: bytes, name: str, code: str) -> None:
    assert reader.code(data, name) == code


@pytest.mark.parametrize(("data", "name"), NESTED)
def test_endless_nesting(reader: Reader, data: bytes, name: str) -> None:
    assert reader.code(data, name) == "NESTED_TOO_DEEP"


def test_ten_thousand_parts_of_a_mail_are_named_in_a_short_note(reader: Reader) -> None:
    result = reader.read(mail_of_parts(10_000), "a.eml")
    assert isinstance(result, Parsed)
    assert "The body says this." in result.document.text
    assert result.document.notes[0].endswith("and 9,980 more. Upload them as files of their own.")


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (2_000_000_000, 2), (30_000, 30_000)])
def test_a_picture_of_absurd_size(reader: Reader, width: int, height: int) -> None:
    assert reader.code(hostile.picture_pdf(width, height), "a.pdf") == "PDF_NO_TEXT"


WHOLE = {
    **{f"a.{kind}": build(hostile.WORDS * 40, "") for kind, build in hostile.XML_FORMATS.items()},
    "a.pdf": pdf(PAGE),
    "a.rtf": b"{\\rtf1 " + hostile.WORDS.encode() * 40 + b"}",
    "a.eml": mail_of_parts(3),
    "a.json": b'{"a": "' + hostile.WORDS.encode() * 40 + b'"}',
    "a.csv": b"a,b\n" + b'"1","2"\n' * 99,
    "a.xls": hostile.compound("Workbook", b"\x09\x08\x10\x00" * 99),
    "a.msg": hostile.compound("__properties_version1.0", b"\x01" * 99),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_short_ends_with_its_text_or_a_reason(reader: Reader, name: str) -> None:
    data = WHOLE[name]
    for share in (0.02, 0.3, 0.6, 0.9, 0.99):
        assert reader.code(data[: int(len(data) * share) or 1], name) != ""


class TestText:
    def test_nul_bytes_are_no_part_of_it(self, reader: Reader) -> None:
        result = reader.read(hostile.WORDS.encode() * 9 + b"\x00 and more.", "a.txt")
        assert isinstance(result, Parsed)
        assert result.document.text.endswith(" and more.")
        assert "\x00" not in result.document.text

    def test_mostly_nul_bytes_are_no_text(self, reader: Reader) -> None:
        assert reader.code(b"He\x00l\x00\x00lo" * 99, "a.txt") == "UNKNOWN_ENCODING"

    def test_controls_of_direction_cannot_show_other_words(self, reader: Reader) -> None:
        result = reader.read("Rechnung \u202efdp.exe\u202c, مرحبا بالعالم, שלום".encode(), "a.txt")
        assert isinstance(result, Parsed)
        assert result.document.text == "Rechnung fdp.exe, مرحبا بالعالم, שלום"
