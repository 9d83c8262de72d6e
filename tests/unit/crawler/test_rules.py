"""Which URLs a crawl fetches."""

import pytest

from crawler.frontier import Via
from crawler.patterns import Glob
from crawler.rules import Rules, has_no_text

SITE = "https://example.com/"
LISTS = (Via.SITEMAP, Via.FEED)


def globs(*texts: str) -> tuple[Glob, ...]:
    return tuple(map(Glob.parse, texts))


def code(rules: Rules, path: str, via: Via = Via.LINK, depth: int = 1) -> str | None:
    refusal = rules.refusal(f"https://example.com{path}", via, depth)
    if refusal is None:
        return None
    assert refusal[1].endswith(".")
    return refusal[0]


class TestRefusal:
    RULES = Rules(SITE, include=globs("/docs/*", "/help"), exclude=globs("/docs/old/*", "*print=1"), max_depth=3)

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/docs/a", None),
            ("/help", None),
            ("/help/b", None),
            ("/other", "NOT_INCLUDED"),
            ("/", "NOT_INCLUDED"),
            ("/docs/old/a", "EXCLUDED"),
            ("/docs/a?print=1", "EXCLUDED"),
            ("/docs/a.zip", "NOT_TEXT"),
            ("/other.zip", "NOT_TEXT"),
            ("/docs/old/a.zip", "EXCLUDED"),
        ],
    )
    def test_of_links(self, path: str, expected: str | None) -> None:
        assert code(self.RULES, path) == expected

    @pytest.mark.parametrize(("depth", "expected"), [(0, None), (3, None), (4, "TOO_DEEP"), (400, "TOO_DEEP")])
    def test_of_depth(self, depth: int, expected: str | None) -> None:
        assert code(self.RULES, "/docs/a", depth=depth) == expected

    def test_depth_is_named(self) -> None:
        assert "3 links" in (self.RULES.refusal(f"{SITE}docs/a", Via.LINK, 4) or ("", ""))[1]

    def test_only_the_start(self) -> None:
        rules = Rules(SITE, max_depth=0)
        assert (code(rules, "/", Via.START, 0), code(rules, "/a")) == (None, "TOO_DEEP")

    @pytest.mark.parametrize("via", sorted(set(Via) - {Via.START, *LISTS}))
    def test_however_it_was_found(self, via: Via) -> None:
        assert code(self.RULES, "/other", via) == "NOT_INCLUDED"
        assert code(self.RULES, "/docs/a.zip", via) == "NOT_TEXT"

    @pytest.mark.parametrize(
        ("path", "expected"), [("/", None), ("/other", None), ("/docs/old/", "EXCLUDED"), ("/a.zip", "NOT_TEXT")]
    )
    def test_the_start_need_not_be_included(self, path: str, expected: str | None) -> None:
        assert code(self.RULES, path, Via.START, 0) == expected

    @pytest.mark.parametrize("via", LISTS)
    @pytest.mark.parametrize("path", ["/other", "/docs/old/sitemap.xml", "/sitemap.gz", "/docs/a"])
    def test_lists_are_always_read(self, path: str, via: Via) -> None:
        assert code(self.RULES, path, via, depth=99) is None

    def test_without_patterns_all_is_wanted(self) -> None:
        assert Rules(SITE).is_included(f"{SITE}anything")
        assert code(Rules(SITE), "/anything", depth=20) is None


class TestSite:
    @pytest.mark.parametrize(
        ("url", "alone", "with_subdomains"),
        [
            ("https://example.com/a", True, True),
            ("http://www.example.com/a", True, True),
            ("https://docs.example.com/", False, True),
            ("https://a.b.example.com/", False, True),
            ("https://example.com:8443/", False, False),
            ("https://badexample.com/", False, False),
            ("https://example.com.evil.test/", False, False),
            ("https://com/", False, False),
        ],
    )
    def test_is_ours(self, url: str, alone: bool, with_subdomains: bool) -> None:
        assert Rules(SITE).is_ours(url) is alone
        assert Rules(SITE, subdomains=True).is_ours(url) is with_subdomains
        assert Rules("https://www.example.com/start", subdomains=True).is_ours(url) is with_subdomains


class TestWithoutText:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/a.zip", True),
            ("/A.JPG", True),
            ("/a.tar.gz", True),
            ("/a.css?v=1", True),
            ("/sitemap.xml.gz", False),
            ("/SITEMAP.XML.GZ", False),
            ("/xml.gz", True),
            ("/a.pdf", False),
            ("/a.html", False),
            ("/a", False),
            ("/zip", False),
            ("/", False),
            ("/file?name=a.zip", False),
            ("/a.zip/index", False),
            ("/v1.2", False),
        ],
    )
    def test_by_suffix(self, path: str, expected: bool) -> None:
        assert has_no_text(f"https://example.com{path}") is expected
