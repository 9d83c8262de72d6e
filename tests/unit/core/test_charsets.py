"""Labels of charsets: as browsers read them, then as Python does, and none that is no charset."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charsets import codec_of


class TestCodecOf:
    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("UTF-8", "utf-8"),
            (' "utf8" ', "utf-8"),
            ("unicode-1-1-utf-8", "utf-8"),
            ("iso-8859-1", "cp1252"),
            ("us-ascii", "cp1252"),
            ("ISO-8859-9", "cp1254"),
            ("tis-620", "cp874"),
            ("dos-874", "cp874"),
            ("logical", "iso8859-8"),
            ("x-mac-cyrillic", "mac-cyrillic"),
            ("gb2312", "gb18030"),
            ("x-gbk", "gb18030"),
            ("big5", "big5hkscs"),
            ("x-sjis", "cp932"),
            ("ks_c_5601-1987", "cp949"),
            ("utf-16", "utf-16-le"),
            ("unicodefffe", "utf-16-be"),
        ],
    )
    def test_means_what_browsers_mean(self, label: str, expected: str) -> None:
        assert codec_of(label) == expected

    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("latin-1", "cp1252"),
            ("euc_kr", "cp949"),
            ("shift_jis_2004", "shift_jis_2004"),
            ("cp437", "cp437"),
            ("utf-32", "utf-32"),
            ("hz-gb-2312", "hz"),
            ("iso-2022-kr", "iso2022_kr"),
        ],
    )
    def test_means_what_python_means_where_the_standard_has_no_text_for_it(self, label: str, expected: str) -> None:
        assert codec_of(label) == expected

    @pytest.mark.parametrize(
        "label", ["", "nonsense", "replacement", "x-user-defined", "é", "a\0b", "\ud800", "a" * 99]
    )
    def test_is_none_for_no_label(self, label: str) -> None:
        assert codec_of(label) is None

    @pytest.mark.parametrize(
        "label",
        ["utf-7", "U7", "idna", "punycode", "unicode_escape", "Unicode-Escape", "raw_unicode_escape", "undefined",
         "hex", "zlib", "rot13", "uu"],
    )  # fmt: skip
    def test_is_none_for_codecs_that_are_no_charsets(self, label: str) -> None:
        assert codec_of(label) is None

    @given(st.text(max_size=70) | st.sampled_from(["utf-16", "cp037", "hz"]), st.binary(max_size=40))
    def test_a_codec_decodes_whatever_there_is(self, label: str, data: bytes) -> None:
        name = codec_of(label)
        if name is not None:
            data.decode(name, "replace")
            assert codecs.lookup(name)
