"""What becomes of one URL: every end that a visit can come to."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import pytest

from core.outbound.client import guarded_client
from crawler.fetch import Fetcher, FetchError
from crawler.frontier import Claimed, Content, Found, Outcome, Result, Validators, Via
from crawler.patterns import Glob
from crawler.rendering_contract import Rendered
from crawler.robots_cache import RobotsCache
from crawler.rules import Rules
from crawler.visit import Contact, Visited, Visitor
from tests.support.site import Answer, Site

TEXT = "<p>" + " ".join(f"word{number}" for number in range(40)) + "</p>"
SHELL = '<div id="root"></div><script src="/app.js"></script>'
LISTS = (Via.SITEMAP, Via.FEED)
NOW = datetime.now(UTC)
CONTENT, UNCHANGED, READ, REDIRECTED, SKIPPED, MISSING, FAILED, LATER = Result
See = Callable[..., Visited]
Visit = Callable[..., Outcome]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Site, httpx.Client]]:
    with Site() as site, guarded_client(["127.0.0.1"], timeout_s=5) as client:
        yield site, client


@pytest.fixture
def site(running: tuple[Site, httpx.Client]) -> Site:
    running[0].pages.clear()
    running[0].forget()
    return running[0]


@pytest.fixture
def see(running: tuple[Site, httpx.Client], site: Site) -> See:
    fetcher = Fetcher(running[1], agent="TestBot", max_bytes=50_000, site=site.url())

    def seen(path: str = "/a", via: Via = Via.LINK, depth: int = 1, *, visitor: dict[str, object] | None = None,
             include: str = "*", **known: object) -> Visited:  # fmt: skip
        rules = Rules(site.url(), include=(Glob.parse(include),), exclude=(Glob.parse("/private"),))
        with_robots = Visitor(fetcher, RobotsCache(fetcher, "testbot", lambda: 0), rules, "testbot")
        claimed = Claimed("key", site.url(path), via, depth, **known)  # type: ignore[arg-type]
        return replace(with_robots, **(visitor or {})).visit(claimed)  # type: ignore[arg-type]

    return seen


@pytest.fixture
def visit(see: See) -> Visit:
    return lambda *args, **known: see(*args, **known).outcome


def ended(outcome: Outcome) -> tuple[Result, str | None]:
    assert (outcome.code is None) == (outcome.reason is None)
    assert outcome.reason is None or outcome.reason.endswith(".")
    assert (outcome.content is not None) == (outcome.result is Result.CONTENT)
    return outcome.result, outcome.code


def asked(site: Site) -> list[str]:
    return [request.path for request in site.requests if request.path != "/robots.txt"]


def found(outcome: Outcome, via: Via = Via.LINK) -> list[str]:
    return [one.url.partition("/")[2].partition("/")[2].partition("/")[2] for one in outcome.found if one.via is via]


class TestBefore:
    @pytest.mark.parametrize(
        ("path", "depth", "code"), [("/private/x", 1, "EXCLUDED"), ("/a", 21, "TOO_DEEP"), ("/a.zip", 1, "NOT_TEXT")]
    )
    def test_rules_refuse(self, see: See, site: Site, path: str, depth: int, code: str) -> None:
        seen = see(path, depth=depth)
        assert ended(seen.outcome) == (SKIPPED, code)
        assert (seen.contact, site.requests) == (None, [])

    @pytest.mark.parametrize("via", Via)
    def test_robots_refuse(self, see: See, site: Site, via: Via) -> None:
        site.robots("User-agent: testbot\nDisallow: /a")
        seen = see(via=via, visitor={"sitemaps": False})
        assert (seen.outcome.result, seen.outcome.code, seen.contact, asked(site)) == (SKIPPED, "ROBOTS", None, [])
        assert "Disallow: /a" in (seen.outcome.reason or "")

    @pytest.mark.parametrize(("tries", "result"), [(0, LATER), (2, LATER), (3, FAILED)])
    def test_robots_cannot_be_reached(self, see: See, site: Site, tries: int, result: Result) -> None:
        site.pages["/robots.txt"] = Answer(status=503)
        seen = see(tries=tries)
        assert ended(seen.outcome) == (result, "ROBOTS_UNREACHABLE")
        assert "HTTP 503" in (seen.outcome.reason or "")
        assert (seen.outcome.delay_s > 0) is (result is LATER)
        assert (seen.contact, asked(site)) == (None, [])

    def test_what_the_host_shows_of_itself(self, see: See, site: Site) -> None:
        site.robots("User-agent: *\nCrawl-delay: 2.5")
        site.pages["/a"] = Answer(status=404, headers={"retry-after": "9"}, delay_s=0.05)
        contact = see().contact
        assert contact == Contact(max(0.05, contact.elapsed_s if contact else 0), 404, 9, 2.5)


class TestPages:
    def test_content(self, visit: Visit, site: Site) -> None:
        page = site.html("/dir/a", "Title", TEXT, links=["/b", "c?x=1", "https://other.example/", "#top", "mailto:x"])
        outcome = visit("/dir/a", depth=4)
        assert ended(outcome) == (CONTENT, None)
        assert outcome.found == tuple(Found(site.url(path), Via.LINK, 5) for path in ("/b", "/dir/c?x=1"))
        content = outcome.content
        assert content is not None
        assert content == Content(page.body, "a.html", sha256(page.body).hexdigest(), content.signature)
        assert None not in (content.signature, outcome.fingerprint, outcome.validators.etag)

    def test_a_file(self, visit: Visit, site: Site) -> None:
        site.put("/a", b"%PDF-1.7", "application/octet-stream")
        outcome = visit()
        assert outcome.content == Content(b"%PDF-1.7", "a.pdf", sha256(b"%PDF-1.7").hexdigest(), None)
        assert (ended(outcome), outcome.fingerprint, outcome.found) == ((CONTENT, None), None, ())
        site.pages["/a"].headers["x-robots-tag"] = "noindex"
        assert ended(visit()) == (SKIPPED, "NOINDEX")

    def test_in_another_charset(self, visit: Visit, site: Site) -> None:
        site.put("/a", "<p>Привет".encode("koi8-r"), "text/html; charset=koi8-r")
        content = visit().content
        assert content is not None
        assert content.body.decode("utf-8-sig") == "<p>Привет"

    @pytest.mark.parametrize(
        ("body", "content_type", "code"),
        [
            (b"", "text/html", "EMPTY"), (b" \n", "application/pdf", "EMPTY"),
            (b"\x89PNG", "image/png", "NOT_TEXT"), (b"\x00", "x/" + "y" * 500, "NOT_TEXT"),
        ],
    )  # fmt: skip
    def test_nothing_to_read(self, visit: Visit, site: Site, body: bytes, content_type: str, code: str) -> None:
        site.put("/a", body, content_type)
        outcome = visit()
        assert (ended(outcome), len(outcome.reason or "") < 200) == ((SKIPPED, code), True)

    @pytest.mark.parametrize(
        ("head", "header", "code", "links"),
        [
            ("<meta name=robots content=noindex>", "", "NOINDEX", ["b"]), ("", "noindex", "NOINDEX", ["b"]),
            ("<meta name=TestBot content=none>", "", "NOINDEX", []), ("", "testbot: noindex", "NOINDEX", ["b"]),
            ("<meta name=robots content=nofollow>", "", None, []), ("", "x: nofollow, testbot: none", "NOINDEX", []),
            ("<meta name=x content=none>", "x: noindex", None, ["b"]), ("", "nofollow", None, []),
        ],
    )  # fmt: skip
    def test_asks(self, visit: Visit, site: Site, head: str, header: str, code: str | None, links: list[str]) -> None:
        site.html("/a", "T", TEXT, links=["/b"], head=head, x_robots_tag=header)
        outcome = visit()
        assert (ended(outcome), found(outcome)) == ((SKIPPED if code else CONTENT, code), links)

    @pytest.mark.parametrize("content_type", ["text/html", "application/pdf"])
    def test_a_start_that_is_not_included(self, visit: Visit, site: Site, content_type: str) -> None:
        site.html("/a", "T", TEXT, links=["/b"]).headers["content-type"] = content_type
        outcome = visit(via=Via.START, include="/docs/*")
        links = ["b"] if content_type == "text/html" else []
        assert (ended(outcome), found(outcome)) == ((SKIPPED, "NOT_INCLUDED"), links)


class TestVisitedBefore:
    def test_not_modified(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", TEXT).headers["etag"] = '"1"'
        outcome = visit(validators=Validators('"1"', "then"))
        assert (ended(outcome), outcome.status) == ((UNCHANGED, None), 304)
        assert outcome.validators.last_modified not in (None, "then")
        site.pages["/a"] = Answer(status=304)
        assert visit(validators=Validators('"1"', "then")).validators == Validators('"1"', "then")

    def test_the_same_bytes(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", TEXT, links=["/b"])
        site.put("/f", b"%PDF-1.7", "application/pdf")
        for path in ("/a", "/f"):
            first = visit(path).content
            assert first is not None
            again = visit(path, content_hash=first.content_hash)
            links = ["b"] if path == "/a" else []
            assert (ended(again), bool(again.validators), found(again)) == ((UNCHANGED, None), True, links)

    def test_other_bytes_that_nobody_sees(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", TEXT + "<script nonce=1>var t = 1</script>")
        first = visit().content
        assert first is not None
        pages = [("T", "<script nonce=2>var t = 2</script>"), ("T", "<p>More</p>"), ("Other", "")]
        for (title, more), result in zip(pages, (UNCHANGED, CONTENT, CONTENT), strict=True):
            site.html("/a", title, TEXT + more)
            assert ended(visit(content_hash=first.content_hash, signature=first.signature)) == (result, None)

    DATED = {"content_hash": "x", "modified": NOW - timedelta(days=3), "fetched_at": NOW - timedelta(days=1)}

    @pytest.mark.parametrize(
        ("known", "is_trusted"),
        [
            ({}, True), ({"fetched_at": NOW - timedelta(days=2, hours=1)}, False),
            ({"fetched_at": NOW + timedelta(days=9)}, False), ({"fetched_at": None}, False),
            ({"modified": None}, False), ({"modified": NOW}, False), ({"content_hash": None}, False),
            ({"validators": Validators('"1"')}, False), ({"validators": Validators(None, "then")}, False),
        ],
    )  # fmt: skip
    def test_a_sitemap_s_date(self, see: See, site: Site, known: dict[str, object], is_trusted: bool) -> None:
        site.html("/a", "T", TEXT)
        seen = see(**(self.DATED | known))
        assert ended(seen.outcome) == (UNCHANGED if is_trusted else CONTENT, None)
        assert (seen.contact is None, asked(site)) == ((True, []) if is_trusted else (False, ["/a"]))


class TestRedirects:
    @pytest.mark.parametrize("to", ["{http}/a/", "{https}/a", "{https}/a/"])
    def test_the_same_page_under_another_address(self, visit: Visit, site: Site, to: str) -> None:
        target = to.format(http=site.url(""), https=site.url("").replace("http", "https"))
        site.redirect("/a", target)
        outcome = visit(hops=3)
        assert (ended(outcome), outcome.delay_s, outcome.found, outcome.url) == ((LATER, "MOVED"), 0, (), target)

    @pytest.mark.parametrize("via", Via)
    def test_another_page_of_the_site(self, visit: Visit, site: Site, via: Via) -> None:
        site.redirect("/a", "b?x#y", 302)
        outcome = visit(via=via, hops=2, depth=5)
        assert ended(outcome) == (REDIRECTED, None)
        assert (outcome.target, outcome.status, outcome.moved_site) == (site.url("/b?x"), 302, None)
        kept = via if via in (Via.START, *LISTS) else Via.REDIRECT
        assert outcome.found == (Found(site.url("/b?x"), kept, 5, 3),)

    def test_another_site(self, visit: Visit, site: Site) -> None:
        site.redirect("/a", "https://other.example/x")
        link, start, sitemap = visit(), visit(via=Via.START, depth=0), visit(via=Via.SITEMAP)
        assert (ended(link), link.found) == ((SKIPPED, "OTHER_SITE"), ())
        assert ended(start) == ended(sitemap) == (REDIRECTED, None)
        assert start.found == (Found("https://other.example/x", Via.START, 0, 1),)
        assert link.target == start.target == start.moved_site == "https://other.example/x"
        assert link.moved_site is sitemap.moved_site is None

    @pytest.mark.parametrize(
        ("to", "hops", "code"),
        [
            ("/a", 0, "TOO_MANY_REDIRECTS"), ("/a#top", 0, "TOO_MANY_REDIRECTS"), ("/a/", 10, "TOO_MANY_REDIRECTS"),
            ("/b", 10, "TOO_MANY_REDIRECTS"), ("", 0, "BAD_REDIRECT"), (None, 0, "BAD_REDIRECT"),
            ("ftp://127.0.0.1/a", 0, "BAD_REDIRECT"), ("javascript:alert(1)", 0, "BAD_REDIRECT"),
        ],
    )  # fmt: skip
    def test_to_nowhere(self, visit: Visit, site: Site, to: str | None, hops: int, code: str) -> None:
        site.pages["/a"] = Answer(status=302, headers={} if to is None else {"location": to})
        outcome = visit(hops=hops)
        assert (ended(outcome), outcome.found) == ((FAILED, code), ())

    def test_by_the_page_itself(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", TEXT, links=["/c"], head='<meta http-equiv="refresh" content="0; url=/b">')
        outcome = visit()
        assert (ended(outcome), found(outcome, Via.REDIRECT), found(outcome)) == ((REDIRECTED, None), ["b"], ["c"])
        site.html("/a", "T", TEXT, head='<meta http-equiv="refresh" content="5; url=/a/">')
        assert ended(visit()) == (CONTENT, None)


class TestCanonical:
    @pytest.mark.parametrize("how", ["element", "header"])
    def test_the_original_is_visited_instead(self, visit: Visit, site: Site, how: str) -> None:
        head, link = ("<link rel=canonical href=/b>", "") if how == "element" else ("", "</b>; rel=canonical")
        site.html("/a?x=1", "T", TEXT, links=["/c"], head=head, link=f"</s.css>; rel=preload, {link}")
        outcome = visit("/a?x=1", hops=2, depth=3)
        assert (ended(outcome), outcome.target) == ((SKIPPED, "CANONICAL"), site.url("/b"))
        assert outcome.found == (Found(site.url("/c"), Via.LINK, 4), Found(site.url("/b"), Via.CANONICAL, 3, 3))

    @pytest.mark.parametrize(
        ("to", "hops"), [("/a/", 0), ("/", 0), ("https://other.example/a", 0), ("mailto:x", 0), ("/b", 10)]
    )
    def test_or_not_believed(self, visit: Visit, site: Site, to: str, hops: int) -> None:
        site.pages["/"] = site.html("/a", "T", TEXT, head=f"<link rel=canonical href={to}>")
        assert ended(visit(hops=hops)) == (CONTENT, None)
        if to == "/":  # of the home page itself it is
            assert ended(visit("/?x")) == (SKIPPED, "CANONICAL")


class TestTrouble:
    @pytest.mark.parametrize(
        ("status", "result", "code"),
        [
            (404, MISSING, "MISSING"), (410, MISSING, "MISSING"), (401, FAILED, "ACCESS_DENIED"),
            (403, FAILED, "ACCESS_DENIED"), (407, FAILED, "ACCESS_DENIED"), (400, FAILED, "HTTP_ERROR"),
            (418, FAILED, "HTTP_ERROR"), (500, LATER, "SERVER_ERROR"), (599, LATER, "SERVER_ERROR"),
            (429, LATER, "SERVER_ERROR"), (503, LATER, "SERVER_ERROR"),
        ],
    )  # fmt: skip
    def test_statuses(self, visit: Visit, site: Site, status: int, result: Result, code: str) -> None:
        site.html("/a", "T", TEXT).status = status
        outcome = visit()
        assert (ended(outcome), outcome.status, str(status) in str(outcome.reason)) == ((result, code), status, True)

    @pytest.mark.parametrize(
        ("status", "asked_s", "delays_s"),
        [(500, "", [2, 10, 30]), (500, "90", [2, 10, 30]), (503, "", [2, 10, *[30] * 5]), (429, "90", [90] * 7)],
    )
    def test_tried_again(self, visit: Visit, site: Site, status: int, asked_s: str, delays_s: list[int]) -> None:
        site.pages["/a"] = Answer(status=status, headers={"retry-after": asked_s})
        outcomes = [visit(tries=tries) for tries in range(len(delays_s) + 1)]
        assert [one.result for one in outcomes] == [*[LATER] * len(delays_s), FAILED]
        assert [one.delay_s for one in outcomes[:-1]] == delays_s

    def test_no_answer_is_tried_again_unless_it_lasts(self, see: See, site: Site) -> None:
        def cut() -> Iterator[bytes]:
            yield b"half"
            raise ConnectionError

        site.pages["/a"] = Answer(stream=cut)
        assert see().contact == Contact(0, None)
        assert ended(see().outcome) == (LATER, "BAD_ANSWER")
        assert ended(see(tries=3).outcome) == (FAILED, "BAD_ANSWER")
        site.put("/a", bytes(50_001), "text/html")
        assert ended(see().outcome) == (FAILED, "TOO_LARGE")  # as often as one likes


class TestLists:
    INDEX = b"<sitemapindex><sitemap><loc>/1</loc></sitemap><sitemap><loc>https://b.x/2</loc></sitemap></sitemapindex>"
    ENTRIES = b"<urlset><url><loc>/p</loc><lastmod>2024-05-06</lastmod></url><url><loc>/q</loc></url></urlset>"

    def test_an_index(self, visit: Visit, site: Site) -> None:
        site.put("/a", self.INDEX, "text/xml")
        outcome = visit(via=Via.SITEMAP, depth=0, hops=1)
        expected = tuple(Found(url, Via.SITEMAP, 0, 2) for url in (site.url("/1"), "https://b.x/2"))
        assert (ended(outcome), outcome.found) == ((READ, None), expected)
        assert [len(visit(via=Via.SITEMAP, hops=hops).found) for hops in (9, 10)] == [2, 0]

    def test_entries(self, visit: Visit, site: Site) -> None:
        site.put("/a", self.ENTRIES, "text/xml")
        first = Found(site.url("/p"), Via.SITEMAP_ENTRY, 1, 0, datetime(2024, 5, 6, tzinfo=UTC))
        assert visit(via=Via.SITEMAP, depth=0, hops=5).found[0] == first
        assert visit(via=Via.FEED, depth=0).found[0] == replace(first, via=Via.FEED_ENTRY)
        assert visit(via=Via.LINK, depth=0).found[0] == first
        assert len(visit(via=Via.SITEMAP, visitor={"max_entries": 1}).found) == 1

    def test_are_read_whole_whatever_is_known(self, visit: Visit, site: Site) -> None:
        site.put("/a", self.ENTRIES + b" " * 60_000, "text/html").headers["etag"] = '"1"'
        outcome = visit(via=Via.SITEMAP, validators=Validators('"1"'), tries=3)
        assert (ended(outcome), len(outcome.found)) == ((READ, None), 2)

    @pytest.mark.parametrize("via", LISTS)
    @pytest.mark.parametrize("status", [404, 410, 401, 403, 400, 200])
    def test_none_is_no_failure(self, visit: Visit, site: Site, via: Via, status: int) -> None:
        site.html("/a", "Not found", TEXT, links=["/b"]).status = status
        outcome = visit(via=via)
        assert (ended(outcome), outcome.found) == ((READ, None if status == 200 else "NO_LIST"), ())


class TestStart:
    @pytest.mark.parametrize("lines", [[], ["Sitemap: {site}s1.xml", "Sitemap: /s2.xml", "Sitemap: mailto:x"]])
    def test_brings_the_sitemaps(self, visit: Visit, site: Site, lines: list[str]) -> None:
        site.robots("\n".join(lines).format(site=site.url()))
        site.html("/a", "T", TEXT, links=["/b"])
        outcome = visit(via=Via.START, depth=3)
        expected = ["/s1.xml", "/s2.xml"] if lines else ["/sitemap.xml"]
        assert (ended(outcome), found(outcome)) == ((CONTENT, None), ["b"])
        assert outcome.found[1:] == tuple(Found(site.url(path), Via.SITEMAP, 0) for path in expected)

    def test_whatever_becomes_of_it(self, visit: Visit, site: Site) -> None:
        for status, expected in [(404, ["sitemap.xml"]), (403, ["sitemap.xml"]), (500, []), (301, [])]:
            site.redirect("/a", "/b", status)
            assert found(visit(via=Via.START), Via.SITEMAP) == expected

    def test_brings_the_feeds(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", TEXT, head='<link rel="alternate" type="application/rss+xml" href="/feed">')
        assert found(visit(via=Via.START, depth=0), Via.FEED) == ["feed"]
        assert found(visit(), Via.FEED) == found(visit(), Via.SITEMAP) == []
        assert visit(via=Via.START, visitor={"sitemaps": False}).found == ()


class TestJavaScript:
    def test_without_a_browser(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", SHELL, head='<link rel="next" href="/b">')
        outcome = visit()
        assert (ended(outcome), found(outcome)) == ((SKIPPED, "NEEDS_JAVASCRIPT"), ["b"])

    def test_with_one(self, visit: Visit, site: Site) -> None:
        site.html("/a", "T", SHELL).headers["x-robots-tag"] = "all"
        shown = f"<html><body>Größe {TEXT}<a href=/b>b</a></body></html>".encode()
        outcome = visit(visitor={"render": lambda answer: Rendered(shown, 1, 0)})
        assert ended(outcome) == (CONTENT, None)
        assert outcome.content is not None
        assert (outcome.content.body, outcome.content.file_name, found(outcome)) == (shown, "a.html", ["b"])
        assert outcome.validators == Validators()  # the shell's, which says nothing of what its scripts fetch

    @pytest.mark.parametrize(("body", "result"), [(SHELL, REDIRECTED), (TEXT, CONTENT)])
    def test_a_script_that_leads_away(self, visit: Visit, site: Site, body: str, result: Result) -> None:
        site.html("/a", "T", body)  # where it is not needed no script is run
        outcome = visit(visitor={"render": lambda answer: Rendered(b"", 1, 0, "/b")})
        assert (ended(outcome), outcome.target) == ((result, None), site.url("/b") if body == SHELL else None)

    @pytest.mark.parametrize(("lasting", "result"), [(True, FAILED), (False, LATER)])
    def test_a_browser_that_fails(self, see: See, site: Site, lasting: bool, result: Result) -> None:
        def fails(answer: object) -> Rendered:
            raise FetchError("NOT_RENDERED", "It crashed.", lasting=lasting)

        site.html("/a", "T", SHELL)
        seen = see(visitor={"render": fails})
        assert (ended(seen.outcome), seen.outcome.status, bool(seen.contact)) == ((result, "NOT_RENDERED"), 200, True)


class TestOrigins:
    """Whose robots.txt cannot be had."""

    def at(self, running: tuple[Site, httpx.Client], url: str, tries: int = 0) -> Outcome:
        fetcher = Fetcher(running[1], agent="TestBot", max_bytes=50_000, site=running[0].url())
        visitor = Visitor(fetcher, RobotsCache(fetcher, "testbot", lambda: 0), Rules(running[0].url()), "testbot")
        return visitor.visit(Claimed("key", url, Via.START, 0, tries=tries)).outcome

    def test_that_may_not_be_called_are_told_at_once(self, running: tuple[Site, httpx.Client]) -> None:
        """Where a start redirects to: it ended as unreachable after a minute and a half of trying."""
        assert ended(self.at(running, "http://127.0.0.9/")) == (FAILED, "ADDRESS_NOT_ALLOWED")

    def test_that_are_silent_and_not_the_sites_own_are_asked_twice(self, running: tuple[Site, httpx.Client]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        assert ended(self.at(running, url)) == (LATER, "ROBOTS_UNREACHABLE")
        assert ended(self.at(running, url, tries=1)) == (FAILED, "ROBOTS_UNREACHABLE")
