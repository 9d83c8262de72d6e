"""robots.txt: the examples of RFC 9309 and Google's documentation, and what sites write in earnest."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.robots import Robots
from crawler.urls import normal_form
from tests.support.effort import Effort

SITE = "https://example.com"
# RFC 9309 §5.1
RFC = b"""
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""


def parsed(text: str | bytes, product: str = "insydrbot") -> Robots:
    return Robots.parse(text.encode() if isinstance(text, str) else text, product)


def allows(text: str | bytes, path: str, product: str = "insydrbot") -> bool:
    return parsed(text, product).refusal(normal_form(SITE + path)) is None


class TestExamplesOfTheStandard:
    @pytest.mark.parametrize(
        ("product", "path", "expected"),
        [
            ("anybot", "/a.gif", False),
            ("anybot", "/a.gif?x", True),
            ("anybot", "/example/x", False),
            ("anybot", "/publications/x", True),
            ("anybot", "/publications/x.gif", True),
            ("foobot", "/", False),
            ("foobot", "/example/page.html", True),
            ("foobot", "/example/allowed.gif", True),
            ("foobot", "/publications/", False),
            ("FooBot", "/example/", False),
            ("barbot", "/example/page.html", False),
            ("bazbot", "/example/page.html", False),
            ("bazbot", "/a.gif", True),
            ("quxbot", "/example/x", True),
        ],
    )
    def test_simple_example(self, product: str, path: str, expected: bool) -> None:
        assert allows(RFC, path, product) is expected

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("/example/page/", True), ("/example/page/disallowed.gif", False), ("/example/page/x", True), ("/x", True)],
    )
    def test_longest_match(self, path: str, expected: bool) -> None:
        text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\nDisallow: /example/"
        assert allows(text, path, "foobot") is expected

    @pytest.mark.parametrize(
        ("rule", "path"),
        [
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
            ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar"),
            ("/foo/bar/\U0001f33a", "/foo/bar/%F0%9F%8C%BA"),
            ("/foo/bar/%f0%9f%8c%ba", "/foo/bar/\U0001f33a"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
            ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html"),
            ("/path/foo-%24", "/path/foo-$"),
        ],
    )
    def test_escapes(self, rule: str, path: str) -> None:
        assert not allows(f"User-agent: *\nDisallow: {rule}", path)
        assert allows(f"User-agent: *\nDisallow: {rule}", "/path/other")

    def test_escaped_star_is_no_wildcard(self) -> None:
        assert allows("User-agent: *\nDisallow: /a%2Ab", "/axb")


class TestMatching:
    # developers.google.com/search/docs/crawling-indexing/robots/robots_txt, “URL matching based on path values”
    @pytest.mark.parametrize(
        ("rule", "matching", "other"),
        [
            ("/", ["/", "/anything"], []),
            ("/*", ["/", "/anything"], []),
            ("/$", ["/"], ["/anything"]),
            (
                "/fish",
                ["/fish", "/fish.html", "/fish/salmon.html", "/fishheads", "/fish.php?id=anything"],
                ["/Fish.asp", "/catfish", "/?id=fish", "/desert/fish"],
            ),
            (
                "/fish*",
                ["/fish", "/fish.html", "/fish/salmon.html", "/fishheads/yummy.html"],
                ["/Fish.asp", "/catfish", "/?id=fish"],
            ),
            (
                "/fish/",
                ["/fish/", "/fish/?id=anything", "/fish/salmon.htm"],
                ["/fish", "/fish.html", "/animals/fish/", "/Fish/Salmon.asp"],
            ),
            (
                "/*.php",
                ["/index.php", "/folder/filename.php?parameters", "/folder/any.php.file.html", "/filename.php/"],
                ["/", "/windows.PHP"],
            ),
            (
                "/*.php$",
                ["/filename.php", "/folder/filename.php"],
                ["/filename.php?parameters", "/filename.php/", "/filename.php5", "/windows.PHP"],
            ),
            ("/fish*.php", ["/fish.php", "/fishheads/catfish.php?parameters"], ["/Fish.PHP"]),
            ("/a$b", ["/a$b", "/a$bc"], ["/a"]),
            ("/a**b", ["/ab", "/axb"], ["/a"]),
            ("*.pdf$", ["/x/a.pdf"], ["/x/a.pdf?x"]),
        ],
    )
    def test_paths(self, rule: str, matching: list[str], other: list[str]) -> None:
        text = f"User-agent: *\nDisallow: {rule}"
        assert {path: allows(text, path) for path in matching} == dict.fromkeys(matching, False)
        assert {path: allows(text, path) for path in other} == dict.fromkeys(other, True)

    # the same page, “Order of precedence for rules”
    @pytest.mark.parametrize(
        ("allow", "disallow", "path", "expected"),
        [
            ("/p", "/", "/page", True),
            ("/folder", "/folder", "/folder/page", True),
            ("/page", "/*.htm", "/page.htm", False),
            ("/page", "/*.ph", "/page.php5", True),
            ("/$", "/", "/", True),
            ("/$", "/", "/page.htm", False),
        ],
    )
    def test_precedence(self, allow: str, disallow: str, path: str, expected: bool) -> None:
        lines = [f"Allow: {allow}", f"Disallow: {disallow}"]
        assert allows("User-agent: *\n" + "\n".join(lines), path) is expected
        assert allows("User-agent: *\n" + "\n".join(reversed(lines)), path) is expected

    def test_robots_itself_is_always_allowed(self) -> None:
        assert allows("User-agent: *\nDisallow: /", "/robots.txt")
        assert Robots.unreachable("It is down.").refusal(f"{SITE}/robots.txt") is None

    def test_refusal_is_the_line(self) -> None:
        assert parsed("user-agent: *\nDISALLOW:  /private # no\n").refusal(f"{SITE}/private/a") == "Disallow: /private"


class TestGroups:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("User-agent: insydrbot\nDisallow: /", False),
            ("User-agent: InsydrBot/2.0 (+https://x)\nDisallow: /", False),
            ("User-agent: insydr\nDisallow: /", True),
            ("User-agent: insydrbots\nDisallow: /", True),
            ("User-agent: *\nDisallow: /\nUser-agent: insydrbot\nDisallow:", True),
            ("User-agent: *\nDisallow: /\n\nUser-agent: insydrbot", True),
            ("User-agent: insydrbot\nDisallow: /b\n\nUser-agent: *\nDisallow: /", True),
            (
                "User-agent: insydrbot\nDisallow: /b\nUser-agent: x\nDisallow:\nUser-agent: insydrbot\nDisallow: /a",
                False,
            ),
            ("User-agent: x\nUser-agent: insydrbot\n\nDisallow: /", False),
            ("User-agent: insydrbot\nSitemap: https://x/\nUser-agent: x\nDisallow: /", False),
            ("User-agent: insydrbot\nCrawl-delay: 1\nFoo: bar\nDisallow: /", False),
            ("User-agent: *\nDisallow:\n\nUser-agent: x\nDisallow: /", True),
            ("Disallow: /", True),
            ("User-agent: *\nDisallow: a", True),
            ("User-agent: * \nDisallow: /", False),
            ("User-agent:\nDisallow: /", True),
            ("\ufeffUser-agent: *\nDisallow: /", False),
            ("User-agent: *\r\nDisallow: /\r\n", False),
            ("User-agent: *\rDisallow: /\r", False),
            ("user-agent : *\n\tdisallow : /", False),
            ("<html><body>User-agent: nobody</body></html>", True),
        ],
    )
    def test_apply(self, text: str, expected: bool) -> None:
        assert allows(text, "/a") is expected

    @pytest.mark.parametrize(
        ("product", "expected"), [("insydrbot", False), ("insydrbot-news", True), ("insydrbot-images", False)]
    )
    def test_most_specific_token(self, product: str, expected: bool) -> None:
        text = "User-agent: insydrbot\nDisallow: /\nUser-agent: insydrbot-news\nAllow: /"
        assert allows(text, "/a", product) is expected

    def test_only_the_first_500_kib_are_read(self) -> None:
        head = b"User-agent: *\nDisallow: /a\n"
        filler = b"#" * (500 * 1_024 - len(head) - 12)
        text = head + filler + b"\nDisallow: /bcd\nDisallow: /c"
        assert not allows(text, "/a")
        assert allows(text, "/b")  # “Disallow: /b” is where the cut falls: half a line is no line
        assert allows(text, "/c")

    def test_latin_1_raises_nothing(self) -> None:
        assert not allows(b"User-agent: *\nDisallow: /b\xfcro\nDisallow: /a", "/a")


class TestOtherLines:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("5", 5.0),
            ("0.5", 0.5),
            ("0", 0.0),
            ("9999", 120.0),
            ("-1", None),
            ("nan", None),
            ("inf", None),
            ("x", None),
        ],
    )
    def test_crawl_delay(self, value: str, expected: float | None) -> None:
        assert parsed(f"User-agent: *\nCrawl-delay: {value}").delay_s == expected

    def test_crawl_delay_of_others(self) -> None:
        text = "User-agent: x\nCrawl-delay: 9\nDisallow:\n\nUser-agent: insydrbot\nCrawl-delay: 2\nDisallow:"
        assert parsed(text).delay_s == 2
        assert parsed("User-agent: *\nDisallow: /").delay_s is None

    def test_sitemaps(self) -> None:
        text = "Sitemap: https://example.com/a.xml\nUser-agent: x\nsitemap: /b.xml\nSITEMAP: https://example.com/a.xml"
        assert parsed(text).sitemaps == ("https://example.com/a.xml", "/b.xml")


class TestAnswered:
    @pytest.mark.parametrize(
        ("status", "refusal", "unreachable"),
        [
            (200, "Disallow: /", False),
            (204, "Disallow: /", False),
            (301, None, False),
            (401, None, False),
            (403, None, False),
            (404, None, False),
            (410, None, False),
            (429, "robots.txt cannot be reached", True),
            (500, "robots.txt cannot be reached", True),
            (503, "robots.txt cannot be reached", True),
        ],
    )
    def test_by_status(self, status: int, refusal: str | None, unreachable: bool) -> None:
        robots = Robots.answered(status, b"User-agent: *\nDisallow: /", "insydrbot")
        assert robots.refusal(f"{SITE}/a") == refusal
        assert robots.unreachable_now is unreachable

    def test_nothing_forbidden(self) -> None:
        assert Robots.allow_all().refusal(f"{SITE}/a") is None
        assert not Robots.allow_all().unreachable_now


class TestHostile:
    @given(st.binary(max_size=300))
    @example(b"User-agent: *\nDisallow: /%\xff*$*$$\nCrawl-delay: 1e999")
    def test_raises_nothing(self, body: bytes) -> None:
        robots = Robots.parse(body, "insydrbot")
        assert robots.refusal(f"{SITE}/robots.txt") is None
        robots.refusal(f"{SITE}/a?b")

    @given(st.text("Userag-nt:* \nDislow/$%a2", max_size=200))
    def test_raises_nothing_on_what_looks_right(self, text: str) -> None:
        robots = parsed("User-agent: *\nDisallow: /x\n" + text)
        assert robots.refusal(f"{SITE}/robots.txt") is None

    def test_many_stars_take_no_time(self) -> None:
        body = b"User-agent: *\n" + b"Disallow: /" + b"*a" * 5_000 + b"b\nAllow: /" + b"*aa" * 50_000 + b"\n"
        robots = Robots.parse(body, "insydrbot")
        effort = Effort()
        for _ in range(100):
            assert robots.refusal(f"{SITE}/{'a' * 2_000}") is None
        assert effort.spent_s() < 4

    def test_many_groups_take_no_time(self) -> None:
        effort = Effort()
        many = "".join(f"User-agent: bot{i}\n" for i in range(20_000))
        assert allows(many + "Disallow: /\n" * 1_000, "/a")
        assert effort.spent_s() < 4
