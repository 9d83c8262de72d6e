"""What an answer is taken for, the name it gets, and its bytes as a parser reads them."""

import gzip

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.content import MAX_NAME, SUFFIXES, Kind, Recognised, file_name, readable, recognised
from crawler.fetch import Answer

PAGE = b"<!doctype html><title>T</title><p>Text"
SITEMAP = b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>'
BOM = b"\xef\xbb\xbf"


def kind_of(body: bytes, content_type: str | None, path: str = "/name") -> Recognised:
    headers = {} if content_type is None else {"content-type": content_type}
    return recognised(Answer(f"https://example.com{path}", 200, httpx.Headers(headers), body, 0.1))


class TestPages:
    @pytest.mark.parametrize(
        "content_type", ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", " text/html "]
    )
    def test_by_type(self, content_type: str) -> None:
        assert kind_of(b"just text", content_type) == Recognised(Kind.PAGE, "name.html")

    @pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "", None])
    @pytest.mark.parametrize(
        "body",
        [
            PAGE,
            b"\n <HTML lang=en>",
            b"<!-- a --> <!-- b\n -->\n<!DOCTYPE  html SYSTEM>",
            b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">',
            b"<head>",
            b"<body class=a>",
        ],
    )
    def test_by_content_where_the_type_says_nothing(self, body: bytes, content_type: str | None) -> None:
        assert kind_of(body, content_type, "/name.pdf").kind is Kind.PAGE

    @pytest.mark.parametrize("body", [b"<htmlx>", b"Say <html>", b"<p>html", b"<header>"])
    def test_text_about_html_is_text(self, body: bytes) -> None:
        assert kind_of(body, "text/plain") == Recognised(Kind.FILE, "name.txt")

    def test_source_code_of_a_page_in_a_text_file_is_text(self) -> None:
        assert kind_of(PAGE, "text/plain", "/a.txt") == Recognised(Kind.FILE, "a.txt")

    @pytest.mark.parametrize("name", ["a.htm", "a.xhtml", "a.html", "a.HTM"])
    def test_by_name(self, name: str) -> None:
        assert kind_of(b"<p>Text", "application/octet-stream", f"/{name}").kind is Kind.PAGE


class TestFiles:
    @pytest.mark.parametrize("content_type", sorted(set(SUFFIXES) - {"text/html", "application/xhtml+xml"}))
    def test_by_type(self, content_type: str) -> None:
        assert kind_of(b"\x00", content_type) == Recognised(Kind.FILE, f"name{SUFFIXES[content_type]}")

    @pytest.mark.parametrize("content_type", ["application/octet-stream", "text/html", "image/png", "text/plain", None])
    def test_by_their_first_bytes_whatever_is_said(self, content_type: str | None) -> None:
        assert kind_of(b"%PDF-1.7 ...", content_type, "/get?id=4") == Recognised(Kind.FILE, "get.pdf")
        assert kind_of(b"{\\rtf1 ...", content_type, "/a.doc") == Recognised(Kind.FILE, "a.doc.rtf")

    @pytest.mark.parametrize(
        ("content_type", "path", "expected"),
        [
            ("application/octet-stream", "/a.docx", "a.docx"),
            ("binary/octet-stream", "/A.PPTX", "A.pptx"),
            ("application/download", "/a.epub?x=1", "a.epub"),
            ("text/plain", "/notes.md", "notes.md"),
            ("text/plain", "/notes.markdown", "notes.markdown"),
            ("text/plain", "/table.csv", "table.csv"),
            ("text/plain", "/plan.org", "plan.org"),
            ("text/plain", "/LICENSE", "LICENSE.txt"),
            ("text/plain", "/a.zip", "a.zip.txt"),
            (None, "/a.jsonl", "a.jsonl"),
        ],
    )
    def test_by_name_where_the_type_says_nothing(self, content_type: str | None, path: str, expected: str) -> None:
        assert kind_of(b"\x00\x01", content_type, path) == Recognised(Kind.FILE, expected)

    def test_a_telling_type_comes_before_the_name(self) -> None:
        assert kind_of(b"a,b", "text/csv", "/a.json") == Recognised(Kind.FILE, "a.json.csv")


class TestLists:
    @pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/xml", "application/pdf", None])
    @pytest.mark.parametrize(
        "body", [SITEMAP, gzip.compress(SITEMAP, mtime=0), BOM + SITEMAP, b"<rss version='2.0'><channel/>"]
    )
    def test_by_content(self, body: bytes, content_type: str | None) -> None:
        assert kind_of(body, content_type) == Recognised(Kind.LIST)

    @pytest.mark.parametrize(
        "content_type", ["application/rss+xml", "application/atom+xml; charset=utf-8", "application/feed+json"]
    )
    def test_feeds_by_type(self, content_type: str) -> None:
        assert kind_of(b"{}", content_type) == Recognised(Kind.LIST)

    def test_a_page_that_shows_a_feed_is_a_page(self) -> None:
        assert kind_of(PAGE + SITEMAP, "text/html").kind is Kind.PAGE


class TestOthers:
    @pytest.mark.parametrize(
        ("content_type", "path"),
        [
            ("image/png", "/a.png"),
            ("image/svg+xml", "/a.html"),
            ("video/mp4", "/a"),
            ("application/xml", "/a.xml"),
            ("application/zip", "/a.docx"),
            ("application/octet-stream", "/a"),
            ("application/octet-stream", "/a.bin"),
            (None, "/a"),
            ("text/css", "/a"),
            ("nonsense", "/a.pdf"),
        ],
    )
    def test_nothing_for_us(self, content_type: str | None, path: str) -> None:
        assert kind_of(b"\x89PNG\r\n", content_type, path) == Recognised(Kind.OTHER)


class TestFileName:
    @pytest.mark.parametrize(
        ("path", "suffix", "expected"),
        [
            ("/", ".html", "index.html"),
            ("", ".html", "index.html"),
            ("/docs/", ".html", "docs.html"),
            ("/docs/guide", ".html", "guide.html"),
            ("/docs/guide.html", ".html", "guide.html"),
            ("/docs/Guide.HTML", ".html", "Guide.html"),
            ("/guide.htm", ".html", "guide.htm.html"),
            ("/guide.php?id=1", ".html", "guide.php.html"),
            ("/Gr%C3%B6%C3%9Fe.pdf", ".pdf", "Größe.pdf"),
            ("/a%2Fb%5Cc%00d%0A.pdf", ".pdf", "a_b_c_d_.pdf"),
            ("/..%2F..%2Fetc%2Fpasswd", ".txt", "_.._etc_passwd.txt"),
            ("/%2E%2E", ".txt", "index.txt"),
            ("/.pdf", ".pdf", "pdf.pdf"),
            ("/%20a%20", ".txt", "a.txt"),
            ("/bad%FFbytes", ".txt", "bad�bytes.txt"),
        ],
    )
    def test_of_the_path(self, path: str, suffix: str, expected: str) -> None:
        assert file_name(f"https://example.com{path}", suffix) == expected

    def test_long_names_are_cut_before_the_suffix(self) -> None:
        assert file_name(f"https://example.com/{'a' * 500}.pdf", ".pdf") == "a" * MAX_NAME + ".pdf"

    @given(st.text(max_size=50))
    def test_is_one_part_of_a_path(self, rest: str) -> None:
        name = file_name(f"https://example.com/x/{rest}", ".pdf")
        assert name.endswith(".pdf")
        assert len(name) > 4
        assert not set(name) & set("/\\\0\n\r\x7f")


class TestReadable:
    @pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-1", "utf-16"])
    @pytest.mark.parametrize("body", [b"", PAGE, BOM + "ü".encode(), "\ufeffü".encode("utf-16-le"), b"\xfe\xff\x00a"])
    def test_what_every_parser_reads_is_left_alone(self, body: bytes, charset: str | None) -> None:
        assert readable(body, charset) == body

    @pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-1", "windows-1251", "nonsense"])
    def test_utf_8_is_marked_whatever_is_said(self, charset: str | None) -> None:
        assert readable("<meta charset=latin1>Größe".encode(), charset) == BOM + "<meta charset=latin1>Größe".encode()

    @pytest.mark.parametrize(
        ("charset", "written", "expected"),
        [
            ("windows-1251", "windows-1251", "Привет"),
            ("KOI8-R", "koi8-r", "Привет"),
            ("iso-8859-1", "windows-1252", "“Größe” – 5 €"),
            ("ISO-8859-1", "windows-1252", "“Größe” – 5 €"),
            ("latin1", "windows-1252", "5 €"),
            ("iso8859-1", "windows-1252", "5 €"),
            ("us-ascii", "windows-1252", "5 €"),
            ("iso-8859-9", "windows-1254", "ğ €"),
            ("shift_jis", "cp932", "①～髙"),
            ("gb2312", "gb18030", "镕"),
            ("gbk", "gb18030", "㐀"),
            ("euc-kr", "cp949", "똠방각하"),
            ("big5", "big5hkscs", "香港嘅"),
        ],
    )
    def test_the_header_s_charset_as_browsers_mean_it(self, charset: str, written: str, expected: str) -> None:
        body = b"<meta charset=utf-8>" + expected.encode(written)
        assert readable(body, charset) == BOM + b"<meta charset=utf-8>" + expected.encode()

    def test_utf_16_without_a_mark(self) -> None:
        assert readable("Größe €".encode("utf-16-le"), "utf-16le") == BOM + "Größe €".encode()

    @pytest.mark.parametrize("charset", [None, "utf-8", "UTF8", "utf_8", "nonsense", "hex", "undefined", ""])
    def test_without_a_usable_charset_the_page_s_own_word_stays(self, charset: str | None) -> None:
        body = b"<meta charset=iso-8859-1>Gr\xf6\xdfe"
        assert readable(body, charset) == body

    def test_what_cannot_be_decoded_is_marked_as_such(self) -> None:
        assert readable(b"\xff\xff Gr\x81", "shift_jis").decode("utf-8-sig").count("�") >= 1

    @given(st.binary(max_size=60), st.none() | st.sampled_from(["utf-7", "idna", "punycode", "utf-16", "rot13"]))
    def test_raises_nothing(self, body: bytes, charset: str | None) -> None:
        readable(body, charset)
