"""Whole crawls of small sites: what is fetched, in which order, how politely, and what becomes of trouble."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from core.outbound.client import guarded_client
from crawler.crawl import Crawl, Memory
from crawler.fetch import Fetcher
from crawler.fingerprints import fingerprint
from crawler.frontier import Found, Lost, Outcome, Remaining, Result, Via
from crawler.memory import MemoryFrontier
from crawler.page import read_page
from crawler.patterns import Glob
from crawler.politeness import Pace
from crawler.robots import Robots
from crawler.robots_cache import RobotsCache
from crawler.rules import Rules
from crawler.visit import Visitor
from tests.support.site import Answer, Site

NAMES = ("a.test", "b.a.test", "c.test")
HOUR = {"retry-after": "3600"}


def text(name: str) -> str:
    """Enough words of its own to be like no other page."""
    return "<p>" + " ".join(f"{name}{number}" for number in range(40)) + "</p>"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host in NAMES else []

    with guarded_client(["127.0.0.1", "127.0.0.2", *NAMES], timeout_s=5, resolver=resolve) as client:
        yield client


@dataclass
class Crawler:
    """A crawl of the site at `start`; `run` again goes on with the same frontier."""

    client: httpx.Client
    start: str
    places: int = 4
    max_rate: float = 1e6
    max_pages: int = 1_000
    sitemaps: bool = False
    subdomains: bool = False
    max_depth: int = 20
    exclude: tuple[Glob, ...] = ()
    clock: Callable[[], float] = time.monotonic
    memory: Memory = field(default_factory=Memory)
    robots: RobotsCache | None = None
    frontier: MemoryFrontier = field(init=False)
    crawl: Crawl = field(init=False)

    def __post_init__(self) -> None:
        seeds = [Found(self.start, Via.START, 0)]
        self.frontier = MemoryFrontier(seeds, max_pages=self.max_pages, clock=self.clock)

    def run(self, until_s: float = 30, should_stop: Callable[[], bool] = lambda: False) -> Remaining:
        fetcher = Fetcher(self.client, agent="TestBot", max_bytes=100_000, site=self.start)
        robots = self.robots or RobotsCache(fetcher, "testbot", time.monotonic)
        rules = Rules(self.start, self.subdomains, (), self.exclude, self.max_depth)
        visitor = Visitor(fetcher, robots, rules, "testbot", sitemaps=self.sitemaps)
        self.crawl = Crawl(self.frontier, visitor, self.memory, Pace(self.places, self.max_rate), self.clock)
        return self.crawl.run(until_s, should_stop)

    def ended(self, path: str) -> Outcome:
        key = self.start.partition("://")[2].removesuffix("/") + path
        return self.frontier.outcomes[key]

    def results(self) -> dict[str, str]:
        outcomes = self.frontier.outcomes.values()
        return {one.claimed.url.partition("://")[2].partition("/")[2]: one.code or one.result for one in outcomes}


Make = Callable[..., Crawler]


@pytest.fixture
def made(client: httpx.Client, site: Site) -> Make:
    def crawler(host: str = "127.0.0.1", **options: object) -> Crawler:
        return Crawler(client, f"http://{host}:{site.port}/", **options)  # type: ignore[arg-type]

    return crawler


def tree(site: Site, children: dict[str, list[str]]) -> None:
    for path in {*children, *itertools.chain(*children.values())}:
        site.html(path, path, text(path), links=children.get(path, []))


def star(site: Site, count: int, delay_s: float = 0.0) -> list[str]:
    """A start with so many pages behind it."""
    leaves = [f"/{number}" for number in range(count)]
    tree(site, {"/": leaves})
    for leaf in leaves:
        site.pages[leaf].delay_s = delay_s
    return leaves


def paths(site: Site) -> list[str]:
    return [request.path for request in site.requests if request.path != "/robots.txt"]


class TestWhatIsFetched:
    def test_breadth_first(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a", "/b"], "/a": ["/a1", "/a2"], "/b": ["/b1", "/a1"], "/a1": ["/deep"], "/b1": ["/a"]})
        left = made(places=1).run()
        assert paths(site) == ["/", "/a", "/b", "/a1", "/a2", "/b1", "/deep"]
        assert (left.queued, left.due_in_s) == (0, 0)

    @pytest.mark.parametrize("places", [1, 8])
    def test_nothing_twice(self, made: Make, site: Site, places: int) -> None:
        names = [f"/p{number}" for number in range(60)]
        links = [*names, "/", "/p1#x", "/p2/", "/p3?utm_source=x", site.url("/../p4").upper().replace("P4", "p4")]
        tree(site, dict.fromkeys(["/", *names], links))
        crawler = made(places=places)
        crawler.run()
        assert sorted(paths(site)) == sorted(["/", *names])
        assert set(crawler.results().values()) == {Result.CONTENT}

    def test_several_at_once_but_not_more_than_the_places(self, made: Make, site: Site) -> None:
        star(site, 40, delay_s=0.02)
        made(places=3).run()
        assert len(paths(site)) == 41
        assert 2 <= site.most_at_once <= 3

    def test_not_other_sites(self, made: Make, site: Site) -> None:
        with Site("127.0.0.2") as other:
            tree(site, {"/": ["/a", other.url("/x"), "http://c.test/"]})
            other.html("/x", "X", text("x"))
            crawler = made()
            crawler.run()
            assert other.requests == []
        assert set(crawler.results()) == {"", "a"}
        assert crawler.frontier.refused == {}

    def test_what_is_refused_is_listed(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a", "/x/x/x/x", "/private", "/a.zip"], "/a": ["/b"], "/b": ["/c"]})
        crawler = made(max_depth=1, exclude=(Glob.parse("/private"),))
        left = crawler.run()
        assert paths(site) == ["/", "/a"]
        refused = {
            one.url.rpartition("/")[2]: (one.refusal or ("", ""))[0] for one in crawler.frontier.refused.values()
        }
        assert refused == {"x": "TRAP", "private": "EXCLUDED", "a.zip": "NOT_TEXT", "b": "TOO_DEEP"}
        assert left.queued == 0

    def test_a_trap_shuts_after_some_of_it(self, made: Make, site: Site) -> None:
        tree(site, {"/": [f"/list?random={number}" for number in range(230)]})
        crawler = made(max_pages=1)
        assert crawler.run().queued == 200
        assert {one.refusal[0] for one in crawler.frontier.refused.values() if one.refusal} == {"TRAP"}

    def test_sitemaps_and_what_they_list(self, made: Make, site: Site) -> None:
        tree(site, {"/": [], "/a": [], "/b": []})
        site.put("/sitemap.xml", b"<sitemapindex><sitemap><loc>/1.xml</loc></sitemap></sitemapindex>", "text/xml")
        site.put("/1.xml", b"<urlset><url><loc>/a</loc></url><url><loc>/b</loc></url></urlset>", "text/xml")
        crawler = made(sitemaps=True, max_pages=3)
        crawler.run()
        assert sorted(paths(site)) == ["/", "/1.xml", "/a", "/b", "/sitemap.xml"]
        assert crawler.results()["1.xml"] == Result.READ

    def test_the_site_that_the_start_leads_to(self, made: Make, site: Site) -> None:
        tree(site, {"/x": ["/y", f"http://a.test:{site.port}/z"]})
        site.redirect("/", f"http://c.test:{site.port}/x")
        crawler = made("a.test")
        crawler.run()
        assert crawler.results() == {"": Result.REDIRECTED, "x": Result.CONTENT, "y": Result.CONTENT}
        assert {request.headers["host"].partition(":")[0] for request in site.requests[2:]} == {"c.test"}


class TestCopies:
    def test_are_no_content(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a", "/b", "/c"]})
        for path in ("/b", "/c"):
            site.html(path, path, text("/a"), head=f'<link rel="next" href="{path}/more">')
        crawler = made(places=1)
        crawler.run()
        for path in ("/b", "/c"):
            copy, target = crawler.ended(path), site.url("/a")
            assert (copy.result, copy.code, copy.content, copy.target) == (Result.SKIPPED, "DUPLICATE", None, target)
            assert site.count(f"{path}/more") == 1
        assert crawler.ended("/a").result is Result.CONTENT

    def test_of_files_are_not_looked_for(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a.pdf", "/b.pdf"]})
        for path in ("/a.pdf", "/b.pdf"):
            site.put(path, b"%PDF-1.7", "application/pdf")
        assert made().run().pages == 1_000 - 3

    @pytest.mark.parametrize(("status", "code"), [(404, None), (200, "DUPLICATE")])
    def test_of_an_earlier_crawl(self, made: Make, site: Site, status: int, code: str | None) -> None:
        page = site.html("/a", "A", text("same"))
        memory = Memory()
        memory.duplicates.add(site.url("/a"), fingerprint(read_page(page.body, site.url("/a")).text))
        tree(site, {"/": ["/a", "/b"]})
        for path in ("/a", "/b"):
            site.html(path, path, text("same"))
        site.pages["/a"].status = status
        crawler = made(places=1, memory=memory)
        crawler.run()
        assert crawler.ended("/b").code == code


class TestLimits:
    @pytest.mark.parametrize("places", [1, 16])
    @pytest.mark.parametrize("most", [1, 7, 31])
    def test_pages(self, made: Make, site: Site, most: int, places: int) -> None:
        star(site, 60, delay_s=0.002)
        crawler = made(max_pages=most, places=places)
        left = crawler.run()
        assert (len(paths(site)), left.pages) == (most, 0)
        assert left.queued == (61 - most if most > 1 else 60)

    def test_pages_that_bring_nothing_do_not_count(self, made: Make, site: Site) -> None:
        leaves = star(site, 20)
        for leaf in leaves[:10]:
            site.pages[leaf].headers["x-robots-tag"] = "noindex"
        crawler = made(max_pages=6)
        crawler.run()
        assert list(crawler.results().values()).count(Result.CONTENT) == 6
        assert len(paths(site)) <= 16

    def test_time(self, made: Make, site: Site) -> None:
        star(site, 200)
        ticks = itertools.count()
        crawler = made(clock=lambda: float(next(ticks)))
        left = crawler.run(until_s=100)
        assert left.queued > 0
        assert 0 < len(paths(site)) < 100
        assert len(crawler.frontier.outcomes) == len(paths(site))

    def test_no_time_at_all(self, made: Make, site: Site) -> None:
        star(site, 2)
        assert made().run(until_s=0) == Remaining(1, 1_000, 0)
        assert site.requests == []

    def test_stopped_and_gone_on_with(self, made: Make, site: Site) -> None:
        star(site, 50)
        crawler = made(places=2)
        left = crawler.run(should_stop=lambda: len(site.requests) > 10)
        assert left.queued > 0
        assert len(crawler.frontier.outcomes) == len(paths(site)) < 50
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("crawl")]
        assert crawler.run().queued == 0
        assert len(paths(site)) == len(set(paths(site))) == 51


class TestPoliteness:
    def test_crawl_delay(self, made: Make, site: Site, begun: list[float]) -> None:
        star(site, 3)
        site.robots("User-agent: *\nCrawl-delay: 0.25")
        made().run()
        assert len(begun) == 4
        assert min(after - before for before, after in itertools.pairwise(begun)) >= 0.25
        assert site.most_at_once == 1

    def test_rate(self, made: Make, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        star(site, 9)
        slept, sleep = list[tuple[int, float]](), time.sleep

        def noted(seconds: float) -> None:
            slept.append((threading.get_ident(), seconds))
            sleep(seconds)

        monkeypatch.setattr(time, "sleep", noted)
        made(max_rate=50).run()
        assert max(s for thread, s in slept if thread == threading.get_ident()) <= 0.02  # nor more slowly than it may
        at = [request.at for request in site.requests if request.path != "/robots.txt"]
        assert (len(at), at[-1] - at[0] > 0.15) == (10, True)

    def test_a_pause_that_ends_while_the_crawl_looks_what_may_begin(self, made: Make, site: Site) -> None:
        """The URL that waited longest goes first, not the one that is looked at when the pause ends."""
        leaves = star(site, 12)
        ticks = itertools.count()
        made(places=1, max_rate=1 / 16, clock=lambda: float(next(ticks))).run(until_s=10_000)
        assert paths(site) == ["/", *leaves]

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_pause(self, made: Make, site: Site, status: int) -> None:
        leaves = star(site, 3)
        site.script("/", [Answer(status=status, headers={"retry-after": "3"}), site.pages["/"]])
        crawler = made(clock=lambda: time.monotonic() * 10)  # three seconds are 0.3
        assert crawler.run().queued == 0
        assert sorted(paths(site)) == sorted(["/", "/", *leaves])
        first, second = [request.at for request in site.requests if request.path == "/"]
        assert second - first > 0.25

    def test_a_pause_that_is_too_long_ends_the_run(self, made: Make, site: Site) -> None:
        site.pages["/"] = Answer(status=429, headers=HOUR)
        ticks = itertools.count()
        assert made(clock=lambda: float(next(ticks))).run(until_s=2_000).queued == 1
        assert next(ticks) < 1_000
        assert paths(site) == ["/"]

    @pytest.mark.parametrize("count", [1, 3, 40])
    def test_one_host_s_pause_holds_up_no_other(self, made: Make, site: Site, count: int) -> None:
        paused = [f"/a{number}" for number in range(count)]
        other = [f"http://b.a.test:{site.port}/b{number}" for number in range(5)]
        tree(site, {"/": [*paused, *other]})
        for number in range(5):
            site.html(f"/b{number}", "B", text(f"b{number}"), links=[f"/b{number}/1", f"/b{number}/2"])
        for path in paused:
            site.pages[path] = Answer(status=429, headers=HOUR)
        crawler = made("a.test", places=2, subdomains=True)
        left = crawler.run(until_s=5)
        assert site.count("/a0") == 1
        assert (left.queued, max(left.due_in_s, crawler.crawl.pause_s()) > 3_000) == (count, True)
        assert len([path for path in paths(site) if path.startswith("/b")]) == 15


class TestTrouble:
    def test_a_visit_that_crashes_is_listed(self, made: Make, site: Site) -> None:
        class Broken(RobotsCache):
            def __init__(self) -> None: ...

            def of(self, url: str) -> Robots:
                if url.endswith("/1"):
                    raise RuntimeError("a secret")
                return Robots.allow_all()

        leaves = star(site, 4)
        crawler = made(robots=Broken(), places=1)
        assert crawler.run().queued == 0
        bad = crawler.ended("/1")
        assert (bad.result, bad.code) == (Result.FAILED, "INTERNAL_ERROR")
        assert ("RuntimeError" in (bad.reason or ""), "secret" in (bad.reason or "")) == (True, False)
        assert sorted(paths(site)) == sorted({"/", *leaves} - {"/1"})

    def test_a_failing_page_is_tried_again(self, made: Make, site: Site) -> None:
        star(site, 2)
        site.script("/1", [Answer(status=500), Answer(status=502), site.pages["/1"]])
        crawler = made(clock=lambda: time.monotonic() * 20)  # the pauses of 4 and 8 seconds
        crawler.run(until_s=300)
        assert (crawler.ended("/1").result, site.count("/1")) == (Result.CONTENT, 3)

    def test_moved_pages_go_on_under_their_new_address(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a"], "/a/": ["b"]})
        site.redirect("/a", "/a/")
        crawler = made()
        crawler.run()
        assert paths(site) == ["/", "/a", "/a/", "/a/b"]
        assert crawler.ended("/a").claimed.url == site.url("/a/")

    def test_a_circle_of_redirects_ends(self, made: Make, site: Site) -> None:
        tree(site, {"/": ["/a", "/b"]})
        site.redirect("/a", "/a/")
        site.redirect("/a/", "/a")
        for number in range(20):
            site.redirect(f"/b{number or ''}", f"/b{number + 1}")
        crawler = made()
        assert crawler.run().queued == 0
        assert (crawler.ended("/a").code, crawler.ended("/b10").code) == ("TOO_MANY_REDIRECTS",) * 2
        assert site.count("/b11") == 0

    @pytest.mark.parametrize(("bound", "most"), [("GROUP", 6), ("GROUP_BYTES", 2)])
    def test_groups(self, made: Make, site: Site, monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
        monkeypatch.setattr("crawler.crawl.GROUP_S", 1e9)
        monkeypatch.setattr(f"crawler.crawl.{bound}", 5)
        star(site, 40)
        crawler, sizes = made(places=2), list[int]()
        apply = crawler.frontier.apply

        def counted(outcomes: Sequence[Outcome]) -> None:
            sizes.append(len(outcomes))
            apply(outcomes)

        monkeypatch.setattr(crawler.frontier, "apply", counted)
        crawler.run()
        assert (max(sizes) <= most, sum(sizes)) == (True, 41)

    @pytest.mark.parametrize("applied", [0, 1])
    def test_a_crawl_that_is_lost(self, made: Make, site: Site, monkeypatch: pytest.MonkeyPatch, applied: int) -> None:
        star(site, 80)
        crawler, groups = made(), list[list[str]]()
        apply = crawler.frontier.apply

        def lost(outcomes: Sequence[Outcome]) -> None:
            groups.append([one.claimed.key for one in outcomes])
            if len(groups) > applied:
                raise Lost
            apply(outcomes)

        monkeypatch.setattr(crawler.frontier, "apply", lost)
        with pytest.raises(Lost):
            crawler.run()
        assert len(groups) == applied + 1
        assert sorted(crawler.frontier.outcomes) == sorted(itertools.chain(*groups[:applied]))
        assert set(groups[-1]) <= set(crawler.frontier.queue)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("crawl")]
