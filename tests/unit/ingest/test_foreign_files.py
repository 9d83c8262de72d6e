"""Encodings of files that others wrote, hostile archives, formats of the optional part."""

import io
import zipfile
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.archive import iter_archive
from ingest.detect import Format, detect
from ingest.encoding import decode
from ingest.parse import PARSERS, parse, parser_of
from tests.unit.ingest import hostile

FILES = Path(__file__).parents[4] / "shared" / "data" / "files"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def compound(entry: str) -> bytes:
    return OLE + b"\x00" * 504 + f"{entry}\0".encode("utf-16-le") + b"\x00" * 64


@pytest.mark.skipif(not FILES.is_dir(), reason="the shared data are not on this machine")
class TestForeignEncodings:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("unstructured/fake-text-utf-16.txt", "This is a test document to use for unit tests."),
            ("unstructured/fake-text-utf-16-le.txt", "This is a test document to use for unit tests."),
            ("unstructured/fake-text-utf-16-be.txt", "This is a test document to use for unit tests."),
            ("unstructured/fake-text-utf-32.txt", "This is a test document to use for unit tests."),
            ("unstructured/stanley-cups-utf-16.csv", "Maple Leafs,TOR,13"),
            ("unstructured/umlauts-non-utf8.md", "## können\n\nkönnen\n\näöüß"),
            ("markitdown/test_files/test_mskanji.csv", "髙橋淳,35,名古屋"),
        ],
    )
    def test_text_reads_right(self, name: str, wanted: str) -> None:
        assert wanted in decode((FILES / name).read_bytes())


class TestCompoundFiles:
    @pytest.mark.parametrize(
        ("entry", "expected"), [("Workbook", Format.XLS), ("Book", Format.XLS), ("__properties_version1.0", Format.MSG)]
    )
    def test_old_sheets_and_outlook_messages_are_known_by_their_entries(self, entry: str, expected: Format) -> None:
        assert detect(compound(entry), "letter.txt") is expected

    @pytest.mark.parametrize(
        ("entry", "code", "hint"),
        [
            ("WordDocument", "UNSUPPORTED_TYPE", ".docx"),
            ("EncryptedPackage", "OFFICE_ENCRYPTED", "password"),
            ("Other", "UNSUPPORTED_TYPE", "Supported are"),
        ],
    )
    def test_others_say_what_to_do(self, entry: str, code: str, hint: str) -> None:
        with pytest.raises(DocumentError, match=hint) as caught:
            detect(compound(entry), "a.xls")
        assert caught.value.code == code

    @pytest.mark.parametrize("inside", ["WordDocument", "PowerPoint Document", "EncryptedPackage"])
    def test_an_object_within_a_sheet_does_not_make_it_another_type(self, inside: str) -> None:
        assert detect(hostile.compound("Workbook", b"x", inside), "a.xls") is Format.XLS

    def test_a_directory_that_runs_in_a_circle_ends(self) -> None:
        data = bytearray(hostile.compound("Workbook", b"x"))
        data[512 + 4 : 512 + 8] = (1).to_bytes(4, "little")
        assert detect(bytes(data), "a.xls") is Format.XLS


class TestFormats:
    @pytest.mark.parametrize("found", list(Format))
    def test_every_format_has_a_parser(self, found: Format) -> None:
        assert found in PARSERS
        assert callable(parser_of(found))

    def test_marked_up_text_is_told_by_its_suffix(self) -> None:
        pytest.importorskip("unstructured")
        found, document = parse(b"Title here\n==========\n\nA paragraph of plain words.\n", "a.rst")
        assert found is Format.RST
        assert document.title == "Title here"


class TestHostileArchives:
    def zipped(self, name: str, data: bytes = b"x") -> bytearray:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, data)
        return bytearray(buffer.getvalue())

    def test_an_encrypted_member_is_refused(self) -> None:
        data = self.zipped("a.txt")
        data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
        with pytest.raises(DocumentError) as caught:
            [member.read() for member in iter_archive(io.BytesIO(data))]
        assert caught.value.code == "ARCHIVE_ENCRYPTED"

    def test_archives_inside_are_handed_over_unopened(self) -> None:
        inner = bytes(self.zipped("deep.txt"))
        (member,) = iter_archive(io.BytesIO(self.zipped("inner.zip", inner)))
        assert member.size == len(inner)

    def test_a_damaged_member_is_a_clear_error(self) -> None:
        data = self.zipped("a.txt", b"hello world")
        at = data.index(b"hello")
        data[at] ^= 0xFF
        with pytest.raises(DocumentError) as caught:
            [member.read() for member in iter_archive(io.BytesIO(data))]
        assert caught.value.code == "ARCHIVE_BROKEN"
