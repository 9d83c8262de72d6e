"""What a crawler reads in a page."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.page import Directives, Page, directives, link_header, read_page
from tests.support.effort import Effort

URL = "https://example.com/dir/page.html"
HTML = """<!doctype html><html lang="en-GB"><head><title> A
 title &amp; more</title>
<link rel="alternate stylesheet" href="/x.css"><link rel=alternate type="application/rss+xml" href="/feed">
<link rel=alternate type="application/atom+xml; charset=utf-8" href="/atom"><link rel=alternate type=text/html href=/de>
<link rel=Canonical href="/dir/page"><link rel=next href="?p=2"></head>
<body><nav>Menu <a href="/nav">Nav</a></nav><svg><title>Icon</title></svg><h1>Heading</h1>
<a href="a">A</a><a href="a#part">A again</a><a href="#top">Top</a><a>none</a><a href="">self</a>
<a rel="nofollow noopener" href="/ad">Ad</a><a href="mailto:x@example.com">Mail</a><a href="javascript:void(0)">J</a>
<a href=" https://other.example/ü ">O</a><map><area href="/area"></map><iframe src="/frame"></iframe>
<table><tr><td>one</td><td>two</td></tr></table><script>var text = "script";</script>
<noscript>Turn it on</noscript><template>T</template><form>Search</form><aside>More</aside><footer>Imprint</footer> end
<script src="x.js"></script></body></html>"""


def page(html: str, **kwargs: str) -> Page:
    return read_page(html.encode(), URL, **kwargs)


def head(html: str) -> Page:
    return page(f"<html><head>{html}</head><body><p>Text</p></body></html>")


class TestReadPage:
    def test_reads_everything(self) -> None:
        assert page(HTML) == Page(
            title="A title & more",
            links=(
                "https://example.com/dir/page.html?p=2",
                "https://example.com/nav",
                "https://example.com/dir/a",
                "https://other.example/%C3%BC",
                "https://example.com/area",
                "https://example.com/frame",
            ),
            feeds=("https://example.com/feed", "https://example.com/atom"),
            canonical="https://example.com/dir/page",
            directives=Directives(False, False),
            refresh=None,
            text="Heading A A again Top none self Ad Mail J O one two end",
            seen="Heading A A again Top none self Ad Mail J O one two More end",
            scripts=2,
            language="en-GB",
        )

    @pytest.mark.parametrize("body", [b"", b" \n", b"<!-- -->", b"<!doctype html>", b"\x00\x00", b"<?xml"])
    def test_of_nothing(self, body: bytes) -> None:
        assert read_page(body, URL) == Page(None, (), (), None, Directives(), None, "", "", 0, None)

    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            ('<base href="/other/">', "https://example.com/other/a"),
            ('<base target=_top><base href="//b.example"><base href=/no/>', "https://b.example/a"),
            ('<base href="data:,x">', "https://example.com/dir/a"),
        ],
    )
    def test_base(self, base: str, expected: str) -> None:
        assert head(f'{base}<link rel="prev" href="a">').links == (expected,)

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("0; url=/new", "https://example.com/new"),
            ("0;URL='/new'", "https://example.com/new"),
            (' 5 , url = "new" rest', "https://example.com/dir/new"),
            ("10.9; /new", "https://example.com/new"),
            ("0 /new", "https://example.com/new"),
            ("11; url=/new", None),
            ("5", None),
            ("0;", None),
            ("url=/new", None),
            ("0; url=javascript:x", None),
            ("-1; url=/new", None),
        ],
    )
    def test_refresh(self, content: str, expected: str | None) -> None:
        attribute = content.replace('"', "&quot;")
        assert head(f'<meta http-equiv="Refresh" content="{attribute}">').refresh == expected

    def test_refresh_in_noscript_is_for_others(self) -> None:
        assert head('<noscript><meta http-equiv="refresh" content="0;url=/nojs"></noscript>').refresh is None

    @pytest.mark.parametrize(
        ("meta", "expected"),
        [
            ('<meta name="robots" content="noindex">', Directives(True, False)),
            ('<meta name="ROBOTS" content="NoIndex, NOFOLLOW">', Directives(True, True)),
            ('<meta name="robots" content="none">', Directives(True, True)),
            ('<meta name="robots" content="index,follow,max-snippet:-1">', Directives()),
            ('<meta name="InsydrBot" content="nofollow"><meta name=robots content=noindex>', Directives(True, True)),
            ('<meta name="robots" content="all"><meta name=robots content=noindex>', Directives(True, False)),
            ('<meta name="googlebot" content="noindex">', Directives()),
            ('<meta name="description" content="noindex">', Directives()),
        ],
    )
    def test_meta_robots(self, meta: str, expected: Directives) -> None:
        assert head(meta).directives == expected

    def test_a_form_around_everything_is_the_page(self) -> None:
        form = f"<body><form><p>{'word ' * 50}</p></form></body>"
        assert page(form).text == ("word " * 50).strip()
        assert page(f"<p>{'word ' * 50}</p><form>Search here</form>").text == ("word " * 50).strip()

    def test_text_after_what_is_left_out_stays(self) -> None:
        assert page("<body>a<nav>x<aside>y</aside>z</nav>b<script>s</script>c<p>d</body>").text == "a b c d"

    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("<title></title>", None),
            ("<body><svg><title>Icon</title></svg>", None),
            ("<title>a<b>c</title>", "a<b>c"),
            (f"<title>{'x' * 5_000}</title>", "x" * 1_000),
        ],
    )
    def test_title(self, html: str, expected: str | None) -> None:
        assert page(html).title == expected

    def test_frames(self) -> None:
        html = "<html><frameset><frame src=a><frame src=b></frameset></html>"
        assert page(html).links == ("https://example.com/dir/a", "https://example.com/dir/b")

    def test_at_most_20_000_links(self) -> None:
        assert len(page("".join(f"<a href={i}>x</a>" for i in range(21_000))).links) == 20_000


class TestCharset:
    @pytest.mark.parametrize(
        ("body", "charset", "expected"),
        [
            ("ü".encode(), None, "ü"),
            ("ü€".encode("windows-1252"), None, "ü€"),
            ("ü".encode("iso-8859-1"), "iso-8859-1", "ü"),
            ("€".encode("windows-1252"), "ISO-8859-1", "€"),
            ("ж".encode("koi8-r"), "koi8-r", "ж"),
            ("ж".encode("koi8-r"), '"koi8-r"', "ж"),
            ("字".encode("gb18030"), "gb2312", "字"),
            ("①".encode("cp932"), "shift_jis", "①"),
            (b"<meta charset=koi8-r>" + "ж".encode("koi8-r"), None, "ж"),
            (b'<meta http-equiv=x content="text/html; charset=koi8-r">' + "ж".encode("koi8-r"), None, "ж"),
            (b"<meta charset=koi8-r>" + "ж".encode(), "utf-8", "ж"),
            (b"<meta charset=utf-16>" + "ж".encode(), None, "ж"),
            (b"<meta charset=nonsense>" + "ж".encode(), None, "ж"),
            (b"<meta charset=unicode>" + "ж".encode(), None, "ж"),
            ("똠".encode("cp949"), "csEUCKR", "똠"),
            (b"a\\x41", "unicode_escape", "a\\x41"),
            ("ж".encode("utf-8-sig"), "koi8-r", "ж"),
            ("ж".encode("utf-16"), None, "ж"),
            (b"\xfe\xff" + "ж".encode("utf-16-be"), "utf-8", "ж"),
            (b'<?xml version="1.0" encoding="koi8-r"?><p>' + "ж".encode(), "utf-8", "ж"),
        ],
    )
    def test_is_found(self, body: bytes, charset: str | None, expected: str) -> None:
        assert read_page(body, URL, charset).text == expected

    @pytest.mark.parametrize(
        "charset", ["", "nonsense", "utf-16", "utf-32", "idna", "punycode", "undefined", "hex", "zlib", "utf-7", "a\0b"]
    )
    def test_a_wrong_one_raises_nothing(self, charset: str) -> None:
        assert read_page(b"\xff<p>caf\xe9\x81</p>" * 3, URL, charset).scripts == 0


class TestDirectives:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([], Directives()),
            (["noindex"], Directives(True, False)),
            (["nofollow", "NOINDEX"], Directives(True, True)),
            (["none"], Directives(True, True)),
            (["noarchive, max-snippet: 20, noindex"], Directives(True, False)),
            (["insydrbot: noindex"], Directives(True, False)),
            (["InsydrBot : noindex, nofollow"], Directives(True, True)),
            (["otherbot: noindex, nofollow"], Directives()),
            (["otherbot: noindex", "nofollow"], Directives(False, True)),
            (["otherbot: noindex, insydrbot: nofollow"], Directives(False, True)),
            (["unavailable_after: 25 Jun 2010 15:00:00 PST"], Directives(True, False)),
            (["unavailable_after: Wed, 25-Jun-2010 15:00:00 GMT, nofollow"], Directives(True, True)),
            (["insydrbot: unavailable_after: 2010-06-25T15:00:00Z"], Directives(True, False)),
            (["otherbot: unavailable_after: 2010-06-25"], Directives()),
            (["unavailable_after: 2990-06-25"], Directives()),
            (["unavailable_after: someday"], Directives()),
            (["noindexed, xnofollow"], Directives()),
        ],
    )
    def test_are(self, values: list[str], expected: Directives) -> None:
        assert directives(values, "insydrbot") == expected

    @given(st.lists(st.text(max_size=50)))
    def test_raise_nothing(self, values: list[str]) -> None:
        assert directives([*values, "none"], "insydrbot") == Directives(True, True)


class TestLinkHeader:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ('<https://example.com/a>; rel="canonical"', "https://example.com/a"),
            ("</a>; rel=canonical", "https://example.com/a"),
            ('</n>; rel=next, </c>; title="x"; REL="alternate Canonical"', "https://example.com/c"),
            ('</n>; rel="canonicalised"', None),
            ("</n>; title=canonical", None),
            ("<mailto:a>; rel=canonical", None),
            ("nonsense", None),
            ("", None),
        ],
    )
    def test_canonical(self, value: str, expected: str | None) -> None:
        assert link_header(value, URL) == expected


class TestHostile:
    @given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "utf-16", "big5", "iso-2022-jp", "x"]))
    @example(b"<meta http-equiv=refresh content='9999999999999;url=x'>", None)
    @example(b"<html lang='\xff'><base href='//['><a href='//['>", None)
    def test_raises_nothing(self, body: bytes, charset: str | None) -> None:
        for data in (body, b"<html><body><a href='" + body, b"<meta name=robots content='" + body):
            assert read_page(data, URL, charset).canonical is None

    @pytest.mark.parametrize(
        "piece",
        [
            b"<div>", b"<b><i>", b"<p><b>", b"<a href=x>", b"<table><tr><td>", b"<form>", b"<nav>a</nav>b", b"<",
            b"<!--", b"&", b"<a href='", b"<a href=//[>x</a>", b"<meta charset", b"<meta http-equiv=refresh content=0>",
            b"<noscript><title>", b"<svg>", b" ", b"\x00", b"<script>", b"</p>", b"<option>x", b"<base href=x>",
        ],
    )  # fmt: skip
    def test_takes_no_time_over(self, piece: bytes) -> None:
        body = piece * (1_000_000 // len(piece))
        effort = Effort()
        read_page(body, URL)
        assert effort.spent_s() < 20

    def test_many_different_bad_links(self) -> None:
        body = "".join(f"<a href='//[{i}'>x</a>" for i in range(150_000)) + "<a href=/good>x</a>"
        effort = Effort()
        assert page(body).links == ()
        assert effort.spent_s() < 20

    def test_five_megabytes_in_seconds(self) -> None:
        item = (
            "<div class='c'><p>Some words of <b>text</b> that <a href='/page/{0}?a=b'>is linked</a> here.</p></div>\n"
        )
        body = "".join(item.format(i) for i in range(55_000)).encode()
        assert len(body) > 5_000_000
        effort = Effort()
        found = read_page(body, URL)
        assert effort.spent_s() < 20
        assert len(found.links) == 20_000
        assert len(found.text) > 2_000_000
