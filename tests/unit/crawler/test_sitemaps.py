"""Sitemaps, feeds and lists of URLs, well formed, odd and hostile."""

import gzip
import itertools
import json
import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.sitemaps import Entry, entries, is_feed_type, looks_like_sitemap, moment
from tests.support.effort import Effort

URL = "https://example.com/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
SITEMAP = f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="x.xsl"?>
<!-- made by hand -->
<urlset {NAMESPACE} xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc> https://example.com/a </loc><lastmod>2024-05-06</lastmod></url>
  <url><image:image><image:loc>https://example.com/a.png</image:loc></image:image><loc>/b?x=1&amp;y=2</loc></url>
  <url><loc><![CDATA[https://example.com/c]]></loc><lastmod>yesterday</lastmod></url>
  <url><loc>mailto:a@example.com</loc></url>
  <url><lastmod>2024-05-06</lastmod></url>
  <url><loc>https://example.com/a#again</loc></url>
</urlset>""".encode()
INDEX = f"""<sitemapindex {NAMESPACE}>
<sitemap><loc>https://example.com/1.xml.gz</loc><lastmod>2024-05-06T07:08:09+02:00</lastmod></sitemap>
<sitemap><loc>2.xml</loc></sitemap></sitemapindex>""".encode()
RSS = b"""<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>
<link>https://example.com/</link><atom:link href="https://example.com/feed" rel="self"/>
<item><title>A</title><atom:link rel="self" href="/self"/><link>https://example.com/a</link>
<pubDate>Mon, 06 May 2024 07:08:09 GMT</pubDate></item>
<item><guid>https://example.com/b</guid></item>
<item><guid isPermaLink="false">https://example.com/c</guid></item>
<item><guid>urn:x</guid></item></channel></rss>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel/><item><link>https://example.com/a</link>
<dc:date>2024-05-06</dc:date></item></rdf:RDF>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://example.com/"/>
<entry><link rel="edit" href="/edit"/><link href="/a"/><published>2023-01-01</published><updated>2024-05-06</updated>
<source><link href="/source"/></source></entry>
<entry><link rel="alternate" href="https://example.com/b"/></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"url": "/a", "date_published": "2024-05-06"}, {"id": 1}, 7, {"url": 5}],
    }
).encode()
MAY = datetime(2024, 5, 6, tzinfo=UTC)


def read(body: bytes) -> list[Entry]:
    return list(entries([body], URL))


def paths(body: bytes) -> list[str]:
    return [entry.url.removeprefix("https://example.com") for entry in read(body)]


def endless() -> Iterator[bytes]:
    yield f"<urlset {NAMESPACE}>".encode()
    for number in itertools.count():
        yield b"<url><loc>https://example.com/%d</loc></url>" % number


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class TestEntries:
    def test_of_a_sitemap(self) -> None:
        assert read(SITEMAP) == [
            Entry("https://example.com/a", MAY, False),
            Entry("https://example.com/b?x=1&y=2", None, False),
            Entry("https://example.com/c", None, False),
        ]

    def test_of_an_index(self) -> None:
        assert read(INDEX) == [
            Entry("https://example.com/1.xml.gz", datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC), True),
            Entry("https://example.com/2.xml", None, True),
        ]

    def test_of_rss(self) -> None:
        assert read(RSS) == [
            Entry("https://example.com/a", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), False),
            Entry("https://example.com/b", None, False),
        ]

    def test_of_rss_1(self) -> None:
        assert read(RDF) == [Entry("https://example.com/a", MAY, False)]

    def test_of_atom(self) -> None:
        assert read(ATOM) == [
            Entry("https://example.com/a", MAY, False),
            Entry("https://example.com/b", None, False),
        ]

    def test_of_a_json_feed(self) -> None:
        assert read(JSON) == [
            Entry("https://example.com/a", MAY, False),
            Entry("https://example.com/5", None, False),
        ]

    def test_of_text(self) -> None:
        body = b"\xef\xbb\xbfhttps://example.com/a\r\nHTTP://example.com/b\n\n# no\nc\nhttps://" + b"x" * 5_000
        assert read(body + b"\nhttps://example.com/d") == [
            Entry("https://example.com/a", None, False),
            Entry("http://example.com/b", None, False),
            Entry("https://example.com/d", None, False),
        ]

    @pytest.mark.parametrize("body", [SITEMAP, INDEX, RSS, ATOM, JSON, b"https://example.com/a\nhttps://example.com/b"])
    def test_bytes_may_come_in_any_pieces(self, body: bytes) -> None:
        whole = read(body)
        assert len(whole) >= 2
        for data in (body, gzip.compress(body, mtime=0)):
            assert list(entries([data[at : at + 1] for at in range(len(data))], URL)) == whole
            assert list(entries([b"", data[:7], b"", data[7:]], URL)) == whole

    def test_gzip_in_members(self) -> None:
        body = (
            gzip.compress(SITEMAP[:300], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(SITEMAP[300:], mtime=0)
        )
        assert read(body) == read(SITEMAP)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
    def test_encodings(self, encoding: str) -> None:
        name = "utf-8" if encoding == "utf-8-sig" else encoding
        text = f'<?xml version="1.0" encoding="{name}"?><urlset><url><loc>/ü</loc></url></urlset>'
        assert paths(text.encode(encoding)) == ["/%C3%BC"]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"\n \n" + SITEMAP, ["/a", "/b?x=1&y=2", "/c"]),
            (SITEMAP[:-150], ["/a", "/b?x=1&y=2", "/c"]),
            (SITEMAP[: SITEMAP.index(b"/b?x")], ["/a"]),
            (SITEMAP.replace(b"</image:image>", b"</img>"), ["/a"]),
            (SITEMAP.replace(b"&amp;", b"&"), ["/a"]),
            (gzip.compress(SITEMAP, mtime=0)[:-9], None),
            (gzip.compress(SITEMAP, mtime=0) + b"garbage", ["/a", "/b?x=1&y=2", "/c"]),
            (b"\x1f\x8bgarbage", []),
            (b"", []),
            (b"<html><body><item><link>/a</link></item></body></html>", []),
            (b"Not found", []),
            (b"{", []),
            (b"{}", []),
            (b'{"version": 1, "items": [{"url": "/a"}]}', []),
            (b'{"version": "https://jsonfeed.org/version/1", "items": {"url": "/a"}}', []),
            (b"<urlset><url/><url><loc/></url></urlset>", []),
        ],
    )
    def test_of_what_is_odd(self, body: bytes, expected: list[str] | None) -> None:
        found = paths(body)
        assert found == expected if expected is not None else set(found) <= {"/a", "/b?x=1&y=2", "/c"}

    @given(st.binary(max_size=200))
    @example(b"<rss>" * 400)
    @example(b'{"a":' * 5_000)
    @example(b"\x1f")
    def test_raises_nothing(self, body: bytes) -> None:
        for data in (body, b"<urlset><url>" + body, gzip.compress(b"<rss><item><link>" + body, mtime=0)):
            assert all(entry.url.startswith("http") for entry in entries([data], URL))


class TestBounds:
    def test_a_million_entries_end_at_50_000(self) -> None:
        effort = Effort()
        found = sum(1 for _ in entries(itertools.islice(endless(), 1_000_000), URL))
        assert found == 50_000
        assert effort.spent_s() < 10

    @pytest.mark.parametrize("junk", [b"<x><y>%s</y></x>", b"<url><x>%s</x></url>", b"<!--%s-->", b"%s"])
    def test_memory_does_not_grow_with_what_is_passed_over(self, junk: bytes) -> None:
        grown = []

        def stream() -> Iterator[bytes]:
            yield b"<urlset>"
            yield junk % (b"z" * 1_000) * 10
            before = resident_bytes()
            for _ in range(4_000):
                yield junk % (b"z" * 1_000) * 10
            grown.append(resident_bytes() - before)

        assert list(entries(stream(), URL)) == []
        assert not grown or grown[0] < 12 * 2**20

    def test_a_gzip_bomb_ends(self) -> None:
        body = gzip.compress(b"<urlset><url><loc>/a</loc></url>" + b" " * (60 * 2**20), mtime=0)
        effort = Effort()
        assert paths(body) == ["/a"]
        assert effort.spent_s() < 5

    def test_an_xml_bomb_is_harmless(self) -> None:
        levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 100}">' for i in range(1, 9))
        body = f'<!DOCTYPE u [<!ENTITY e0 "boom">{levels}]><urlset><url><loc>/a</loc></url><url><loc>&e8;</loc></url>'
        effort = Effort()
        assert paths(body.encode()) in ([], ["/a"])
        assert effort.spent_s() < 4

    def test_an_external_entity_is_not_read(self) -> None:
        body = b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/hostname">]><urlset><url><loc>/a&x;</loc></url></urlset>'
        assert paths(body) in ([], ["/a"])


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
            ("2024-05", datetime(2024, 5, 1, tzinfo=UTC)),
            (" 2024-05-06\n", MAY),
            ("2024-05-06T07:08Z", datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
            ("2024-05-06T07:08:09.123+02:00", datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)),
            ("2024-05-06t07:08:60z", datetime(2024, 5, 6, 7, 8, 59, tzinfo=UTC)),
            ("2024-05-06 07:08:09 -0130", datetime(2024, 5, 6, 8, 38, 9, tzinfo=UTC)),
            ("2024-05-06T07:08:09", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
            ("Mon, 06 May 2024 07:08:09 GMT", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
            ("6 May 2024 07:08:09 PST", datetime(2024, 5, 6, 15, 8, 9, tzinfo=UTC)),
            ("Mon, 06 May 2024 07:08:09 -0000", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
            ("", None),
            ("yesterday", None),
            ("0000-01-01", None),
            ("2024-13-01", None),
            ("2024-05-06T25:00", None),
            ("0001-01-01T00:00+05:00", None),
            ("9999-12-31T23:59-05:00", None),
            ("٢٠٢٤-05-06", None),
            ("Mon, 99 May 2024 07:08:09 GMT", None),
            ("1" * 10_000, None),
        ],
    )
    def test_is(self, text: str, expected: datetime | None) -> None:
        assert moment(text) == expected

    @given(st.text(max_size=70))
    def test_raises_nothing(self, text: str) -> None:
        found = moment(text)
        assert found is None or found.tzinfo is UTC


class TestRecognising:
    @pytest.mark.parametrize(
        ("head", "expected"),
        [
            (SITEMAP[:1_024], True),
            (INDEX, True),
            (RSS, True),
            (RDF, True),
            (ATOM, True),
            (b"\xef\xbb\xbf\n<urlset>", True),
            (b"<!DOCTYPE x><rss version='2'>", True),
            (gzip.compress(SITEMAP, mtime=0), True),
            (gzip.compress(SITEMAP, mtime=0)[:200], True),
            (gzip.compress(b"<html>", mtime=0), False),
            (b"\x1f\x8bx", False),
            (b"<!doctype html><html><body><feed>", False),
            (b"<feedback>", False),
            (b"<html>", False),
            (b"<svg>", False),
            (b"the <rss> element", False),
            (b"", False),
            (JSON, False),
        ],
    )
    def test_looks_like_sitemap(self, head: bytes, expected: bool) -> None:
        assert looks_like_sitemap(head) is expected

    @pytest.mark.parametrize(
        ("content_type", "expected"),
        [
            ("application/rss+xml", True),
            ("Application/Atom+XML; charset=utf-8", True),
            ("application/feed+json", True),
            ("application/xml", False),
            ("text/html", False),
            ("", False),
        ],
    )
    def test_is_feed_type(self, content_type: str, expected: bool) -> None:
        assert is_feed_type(content_type) is expected
