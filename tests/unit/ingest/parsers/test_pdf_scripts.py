"""Letters of a PDF: what runs from the right, and fonts that lie about what they draw."""

import pytest

from core.errors import DocumentError
from ingest.parsers.pdf import parse_pdf
from ingest.parsers.pdf.garbled import is_garbled
from tests.support.pdf_bytes import mapped_pdf
from tests.support.services import need_tesseract

PROSE = (
    "This document says what the pump needs in winter and how it is kept.",
    "Oil the bearings every second week, and check the filter for dirt.",
    "The valve must be closed before the motor is started, or it breaks.",
    "Whoever works at the machine wears gloves and goggles at all times.",
)
LETTERS = sorted({ord(letter) for line in PROSE for letter in line})


def glyphs(line: str) -> bytes:
    """Numbers of glyphs as TrueType subsets have them: the alphabet without its first 29 codes."""
    return b"".join((ord(letter) - 29).to_bytes(2, "big") for letter in line)


class TestFontsWithoutLetters:
    @pytest.fixture(autouse=True)
    def without_recognition(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ingest.parsers.pdf.scans.tesseract", lambda: None)

    @pytest.mark.parametrize(
        "meant",
        [
            None,  # then a reader can only guess
            {code - 29: chr(0xF000 + code) for code in LETTERS},  # the private area
            {code - 29: "\ufffd" for code in LETTERS},
            {code - 29: chr(code - 29) for code in LETTERS if code > 60},  # its own number
            {code - 29: chr(0x6E00 + code * 7) for code in LETTERS},  # any ideographs
        ],
    )
    def test_glyphs_without_a_meaning_are_refused(self, meant: dict[int, str] | None) -> None:
        data = mapped_pdf([glyphs(line) for line in PROSE], meant, wide=True)
        with pytest.raises(DocumentError, match="Upload the file it was made from") as refused:
            parse_pdf(data, "a.pdf")
        assert refused.value.code == "GARBLED_TEXT"

    def test_letters_that_are_others_are_refused(self) -> None:
        turned = {code: chr((code - 97 + 7) % 26 + 97) if chr(code).islower() else chr(code) for code in LETTERS}
        with pytest.raises(DocumentError) as refused:
            parse_pdf(mapped_pdf([line.encode() for line in PROSE], turned), "a.pdf")
        assert refused.value.code == "GARBLED_TEXT"

    def test_a_right_map_is_read(self) -> None:
        data = mapped_pdf([glyphs(line) for line in PROSE], {code - 29: chr(code) for code in LETTERS}, wide=True)
        assert "Oil the bearings every second week" in parse_pdf(data, "a.pdf").text


def test_garbage_is_recognised_from_its_picture() -> None:
    """Helvetica is drawn right, whatever the map says."""
    need_tesseract()
    turned = {code: chr((code - 97 + 7) % 26 + 97) if chr(code).islower() else chr(code) for code in LETTERS}
    text = parse_pdf(mapped_pdf([line.encode() for line in PROSE], turned), "a.pdf").text
    assert "bearings every second week" in text


@pytest.mark.parametrize(
    "text",
    [
        "Bolt M6 DIN 931 8.8 zinc; Nut M6 DIN 934; Washer A6 DIN 125; Screw TX20 4x40; Plug 8 mm nylon; Hinge 80x80"
        " left; Hinge 80x80 right; Lock 55 mm brass; Handle steel; Spring 1.2x10x40; Gasket EPDM; Valve 1/2",
        "Anna Kowalska, Jürgen Müller, Nguyễn Văn An, Søren Kierkegaard, José García, Zoë van Dijk, "
        "Ömer Yılmaz, Łukasz Nowak, Élodie Dupont, Matti Virtanen, Katarína Horváthová, Ivan Petrov, Maria Rossi",
        "ketika hujan turun kami duduk bersama dan membaca buku tentang sejarah kota lama di tepi sungai besar itu" * 2,
        "ATGCGTACGTTAGC" * 10,
        "第一章 水泵保养 冬季之前必须检查轴承和过滤器 每两个星期加油一次 启动电机之前关闭阀门 "
        "工作人员应当戴手套和护目镜 否则机器可能损坏 请仔细阅读",
    ],
)
def test_lists_names_and_other_languages_are_no_garbage(text: str) -> None:
    assert not is_garbled(text)


class TestRightToLeft:
    def test_a_ligature_keeps_the_order_of_its_letters(self) -> None:
        """The page shows, from the left: a full stop, noon, lam with alef as one glyph, alef."""
        assert parse_pdf(mapped_pdf([b"DABC"], {65: "ن", 66: "لإ", 67: "ا", 68: "."}), "a.pdf").text == "الإن."

    def test_lines_stay_in_order_and_words_of_two_scripts_apart(self) -> None:
        letters = {65: "ا", 66: "ب", 67: "ت", 68: "ث", **{code: chr(code) for code in b"Python "}}
        text = parse_pdf(mapped_pdf([b"ABC DAC PythonAB", b"CAB BAC", b"DAD CDC"], letters), "a.pdf").text
        assert text.split() == ["با", "Python", "تاث", "تبا", "تاب", "بات", "تثت", "ثاث"]
