"""Encodings of files that others wrote, hostile archives, formats of the optional part."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentError
from ingest.archive import iter_archive
from ingest.compound import top_names
from ingest.detect import Format, detect
from ingest.encoding import decode
from ingest.parse import PARSERS, parse, parser_of
from tests.support import hostile_files as hostile
from tests.support.effort import Effort
from tests.support.services import module


def compound(entry: str) -> bytes:
    return hostile.OLE + b"\x00" * 504 + f"{entry}\0".encode("utf-16-le") + b"\x00" * 64


class TestForeignEncodings:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("This is a test document to use for unit tests.", "utf-16"),
            ("This is a test document to use for unit tests.", "utf-16-le"),
            ("This is a test document to use for unit tests.", "utf-16-be"),
            ("This is a test document to use for unit tests.", "utf-32"),
            ("Team,Location,Stanley Cups\nBlues,STL,1\nFlyers,PHI,2\nMaple Leafs,TOR,13\n", "utf-16"),
            ("# Umlauts\n\n## können\n\nkönnen\n\näöüß\n", "latin-1"),
            ("名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n髙橋淳,35,名古屋\n", "cp932"),
        ],
    )
    def test_text_reads_right(self, text: str, encoding: str) -> None:
        assert decode(text.encode(encoding)).lstrip("\ufeff") == text

    @pytest.mark.parametrize(
        ("label", "encoding", "text"),
        [
            ("gb2312", "gb18030", "镕"),
            ("shift_jis", "cp932", "①"),
            ("windows-31j", "cp932", "①"),
            ("ks_c_5601-1987", "cp949", "똠"),
            ("iso-8859-1", "cp1252", "“Größe” €"),
            ("x-mac-ukrainian", "mac_cyrillic", "Київ"),
        ],
    )
    def test_a_declaration_means_what_browsers_mean(self, label: str, encoding: str, text: str) -> None:
        assert decode(text.encode(encoding), label) == text

    @pytest.mark.parametrize("label", ["unicode", "utf-16", "utf-32", "unicode_escape", "punycode", "hex", "nonsense"])
    def test_a_declaration_that_cannot_be_is_passed_over(self, label: str) -> None:
        assert decode("Größen: \\x41".encode("cp1252"), label) == "Größen: \\x41"


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

    def test_the_directory_of_a_large_file_is_found(self) -> None:
        assert detect(hostile.large_compound("Workbook", "WordDocument"), "a.xls") is Format.XLS

    def test_a_table_that_leads_to_itself_takes_no_time(self) -> None:
        effort = Effort()
        assert detect(hostile.looping_compound("Workbook"), "a.xls") is Format.XLS
        assert effort.spent_s() < 4

    @given(st.lists(st.tuples(st.integers(0, 1_535), st.integers(0, 255)), max_size=20), st.integers(8, 5_632))
    def test_damage_raises_nothing_else(self, changes: list[tuple[int, int]], size: int) -> None:
        data = bytearray(hostile.compound("Workbook", b"x", "WordDocument"))
        for at, value in changes:
            data[at] = value
        assert isinstance(top_names(bytes(data[:size])), frozenset)


class TestFormats:
    @pytest.mark.parametrize("found", list(Format))
    def test_every_format_has_a_parser(self, found: Format) -> None:
        assert found in PARSERS
        assert callable(parser_of(found))

    def test_marked_up_text_is_told_by_its_suffix(self) -> None:
        module("unstructured")
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
