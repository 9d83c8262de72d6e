"""The normal form of addresses (RFC 3986 §6.2, WHATWG URL)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import (
    UrlError,
    host_of,
    normal_form,
    origin_of,
    page_key,
    path_of,
    same_site,
)
from tests.support.effort import Effort

HOST = "https://example.com"
BASE = "http://a.example/b/c/d;p?q"  # RFC 3986 §5.4
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


class TestNormalForm:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("HTTP://EXAMPLE.com", "http://example.com/"),
            ("  https://example.com/a \n", f"{HOST}/a"),
            ("https://exa\tmple.com/a\nb\rc", f"{HOST}/abc"),
            ("\x00\x1fhttps://example.com/\ufeff", f"{HOST}/"),
            ("https:\\\\example.com\\a\\b?c\\d", f"{HOST}/a/b?c%5Cd"),
            ("https://example.com./a", f"{HOST}/a"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
            ("https://faß.de/", "https://xn--fa-hia.de/"),
            ("https://日本語。jp/", "https://xn--wgv71a119e.jp/"),
            ("https://ｅｘａｍｐｌｅ.com/", f"{HOST}/"),
            ("https://ex%61mple.com/", f"{HOST}/"),
            ("https://my_host.example/", "https://my_host.example/"),
            ("http://example.com:80/", "http://example.com/"),
            ("https://example.com:443/", f"{HOST}/"),
            ("https://example.com:/", f"{HOST}/"),
            ("http://example.com:443/", "http://example.com:443/"),
            ("https://example.com:08443/", f"{HOST}:8443/"),
            ("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/"),
            ("http://[::1]:8080/x", "http://[::1]:8080/x"),
            ("http://127.1/", "http://127.0.0.1/"),
            ("http://0x7f.0.0.01/", "http://127.0.0.1/"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("https://example.com/a/./b/../c", f"{HOST}/a/c"),
            ("https://example.com/a/..", f"{HOST}/"),
            ("https://example.com/../../a", f"{HOST}/a"),
            ("https://example.com/a/.", f"{HOST}/a/"),
            ("https://example.com/a/%2e%2E/b", f"{HOST}/b"),
            ("https://example.com//a//b/", f"{HOST}//a//b/"),
            ("https://example.com/a//../b", f"{HOST}/a/b"),
            ("https://example.com/%7euser/%c3%bc", f"{HOST}/~user/%C3%BC"),
            ("https://example.com/ü b", f"{HOST}/%C3%BC%20b"),
            ("https://example.com/a%2fb", f"{HOST}/a%2Fb"),
            ("https://example.com/100%/x%zz", f"{HOST}/100%25/x%25zz"),
            ("https://example.com/a[1]|{b}", f"{HOST}/a%5B1%5D%7C%7Bb%7D"),
            ("https://example.com/\ud800", f"{HOST}/%EF%BF%BD"),
            ("https://example.com/a#b?c", f"{HOST}/a"),
            ("https://example.com?", f"{HOST}/"),
            ("https://example.com?b=2&a=1&b=1", f"{HOST}/?b=2&a=1&b=1"),
            ("https://example.com/?q=a+b%20c&x", f"{HOST}/?q=a+b%20c&x"),
            ("https://example.com/?a=1&&b=2&", f"{HOST}/?a=1&b=2"),
        ],
    )
    def test_is(self, url: str, expected: str) -> None:
        assert normal_form(url) == expected

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("/?utm_source=x&a=1&UTM_Campaign=y", "/?a=1"),
            ("/?gclid=1", "/"),
            ("/?fbclid=1&msclkid=2&mc_cid=3&mc_eid=4&yclid=5&igshid=6&_ga=7&_gl=8&ref_src=9&spm=0", "/"),
            ("/?utm%5Fsource=1&b=2", "/?b=2"),
            ("/?ref=x&utm=1&source=y", "/?ref=x&utm=1&source=y"),
            ("/a;jsessionid=AB.12:3/b;v=1", "/a/b;v=1"),
            ("/a.do;JSESSIONID=1!2?x=1", "/a.do?x=1"),
            ("/?PHPSESSID=0123456789abcdef&a=1", "/?a=1"),
            (f"/?session_id={UUID}", "/"),
            ("/?sid=42", "/?sid=42"),
            ("/?sid=123456789012345", "/?sid=123456789012345"),
            ("/?sid=1234567890123456", "/"),
            ("/?sid=a-story-about-something", "/?sid=a-story-about-something"),
            ("/?id=1234567890123456", "/?id=1234567890123456"),
        ],
    )
    def test_drops_what_is_the_visitors_own(self, url: str, expected: str) -> None:
        assert normal_form(HOST + url) == HOST + expected

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g;x=1/../y", "/b/c/y"),
            (";x", "/b/c/;x"),
            (".", "/b/c/"),
            ("..", "/b/"),
            ("../g", "/b/g"),
            ("../../../../g", "/g"),
            ("..g", "/b/c/..g"),
            ("g?y/../x", "/b/c/g?y/../x"),
            ("http:g", "/b/c/g"),
            ("\\g", "/g"),
        ],
    )
    def test_resolves_references(self, reference: str, expected: str) -> None:
        assert normal_form(reference, BASE) == f"http://a.example{expected}"

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("//g", "http://g/"),
            ("\\\\g\\h", "http://g/h"),
            ("//g?y", "http://g/?y"),
            ("https://g/../h", "https://g/h"),
        ],
    )
    def test_resolves_references_to_other_hosts(self, reference: str, expected: str) -> None:
        assert normal_form(reference, BASE) == expected

    @pytest.mark.parametrize(
        ("url", "word"),
        [
            ("", "empty"),
            (" \n\t", "empty"),
            ("example.com/a", "https://"),
            ("/a", "host"),
            ("//example.com/a", "host"),
            ("ftp://example.com/", "ftp"),
            ("file:///etc/passwd", "file"),
            ("javascript:alert(1)", "javascript"),
            ("java\nscript:alert(1)", "javascript"),
            ("mailto:a@example.com", "mailto"),
            ("data:text/html,x", "data"),
            ("localhost:8000/", "https://"),
            ("https:///a", "host"),
            ("https://?a", "host"),
            ("https://:80/", "host"),
            ("https:example.com", "host"),
            ("https://user:secret@example.com/", "user name"),
            ("https://user@example.com/", "user name"),
            ("https://example.com\\@evil.example/@", None),
            ("https://example.com:0/", "port"),
            ("https://example.com:65536/", "port"),
            ("https://example.com:8a/", "port"),
            ("https://example.com:-1/", "port"),
            ("https://example.com:١/", "port"),
            ("https://a:1:2/", "port"),
            ("https://exa mple.com/", "host name"),
            ("https://exa%20mple.com/", "host name"),
            ("https://exa%2Fmple.com/", "host name"),
            ("https://%ff.example/", "host name"),
            ("https://a..b/", "host name"),
            ("https://./", "host name"),
            ("https://<b>/", "host name"),
            ("https://[::1/", "host name"),
            ("https://::1]/", "host name"),
            ("https://[::1]x/", "host name"),
            ("https://[fe80::1%25eth0]/", "host name"),
            ("https://[127.0.0.1]/", "host name"),
            ("https://1.2.3.4.5/", "host name"),
            ("https://256.1.1.1/", "host name"),
            ("https://a.09/", "host name"),
            (f"https://{'a' * 64}.com/", "host name"),
            (f"https://{'a.' * 130}com/", "host name"),
            (f"https://{'ü' * 10_000}.com/", "longer"),
            (f"{HOST}/{'a' * 2_048}", "longer"),
            (f"{HOST}/{'ü' * 1_000}", "longer"),
        ],
    )
    def test_refuses(self, url: str, word: str | None) -> None:
        if word is None:  # the backslash ends the authority, as in browsers: no user name
            assert normal_form(url) == f"{HOST}/@evil.example/@"
            return
        with pytest.raises(UrlError) as caught:
            normal_form(url)
        assert word in caught.value.reason
        assert caught.value.reason.endswith(".")

    @pytest.mark.parametrize("base", ["", "nonsense", "ftp://a/"])
    def test_refuses_a_bad_base(self, base: str) -> None:
        with pytest.raises(UrlError):
            normal_form("a", base)

    def test_longest_allowed(self) -> None:
        url = f"{HOST}/{'a' * (2_048 - len(HOST) - 1)}"
        assert normal_form(url) == url

    def test_says_no_password_in_its_reason(self) -> None:
        with pytest.raises(UrlError) as caught:
            normal_form("https://user:secret@example.com/")
        assert "secret" not in caught.value.reason

    def test_a_huge_address_is_refused_at_once(self) -> None:
        effort = Effort()
        for text in ("a" * 10_000_000, "\t" * 10_000_000, "%" * 10_000_000, HOST + "/" + "../" * 3_000_000):
            with pytest.raises(UrlError):
                normal_form(text, HOST)
        assert effort.spent_s() < 4

    @given(st.text(max_size=80), st.sampled_from([None, BASE, HOST]))
    @example("http://x/%2%35", None)
    @example("http://x/;jsessionid=1;jsessionid=2", None)
    @example("//\u2100", BASE)
    @example("http://xn--/", None)
    def test_raises_nothing_else_and_is_stable(self, url: str, base: str | None) -> None:
        try:
            form = normal_form(url, base)
        except UrlError:
            return
        assert normal_form(form) == form
        assert form.isascii()

    @given(st.text(alphabet="/.%25eE;=?&#\\:@[]aü \n*jsessionidutm_", max_size=60))
    def test_is_idempotent(self, rest: str) -> None:
        form = normal_form(f"{HOST}/{rest}")
        assert normal_form(form) == form


class TestPageKey:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://h/", "h"),
            ("http://h/a", "h/a"),
            ("https://h/a/", "h/a"),
            ("https://h/a//", "h/a/"),
            ("https://h/a/?q=/", "h/a?q=/"),
            ("https://h:8080/?q", "h:8080?q"),
        ],
    )
    def test_is(self, url: str, expected: str) -> None:
        assert page_key(url) == expected


class TestParts:
    @pytest.mark.parametrize(
        ("url", "host", "origin", "path"),
        [
            ("https://h.example/", "h.example", "https://h.example", "/"),
            ("http://h.example:81/a?b=c", "h.example:81", "http://h.example:81", "/a?b=c"),
            ("http://[::1]:81/?b", "[::1]:81", "http://[::1]:81", "/?b"),
        ],
    )
    def test_are(self, url: str, host: str, origin: str, path: str) -> None:
        assert (host_of(url), origin_of(url), path_of(url)) == (host, origin, path)

    def test_refuse_what_is_no_address(self) -> None:
        with pytest.raises(UrlError):
            host_of("nonsense")


class TestSameSite:
    @pytest.mark.parametrize(
        ("url", "root", "same", "below"),
        [
            ("https://a.example/x", "https://a.example/", True, True),
            ("http://a.example/", "https://a.example/", True, True),
            ("https://www.a.example/", "https://a.example/", True, True),
            ("https://a.example/", "https://www.a.example/", True, True),
            ("https://docs.a.example/", "https://www.a.example/", False, True),
            ("https://nota.example/", "https://a.example/", False, False),
            ("https://a.example.evil/", "https://a.example/", False, False),
            ("https://a.example/", "https://docs.a.example/", False, False),
            ("https://a.example:8443/", "https://a.example/", False, False),
            ("http://a.example:8443/", "https://a.example:8443/", True, True),
            ("http://[::1]/", "https://[::1]/", True, True),
            ("http://[::1]/", "http://[::2]/", False, False),
            ("https://x.com/", "https://www.com/", False, False),
        ],
    )
    def test_is(self, url: str, root: str, same: bool, below: bool) -> None:
        assert same_site(url, root) is same
        assert same_site(url, root, subdomains=True) is below
