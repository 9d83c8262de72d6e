"""robots.txt of every origin: fetched once, followed, kept for its time."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.outbound.client import guarded_client
from crawler.fetch import Fetcher
from crawler.robots_cache import BLOCKED_TTL_S, MAX_BYTES, TTL_S, RobotsCache
from tests.support.clock import Clock
from tests.support.site import Answer, Site

NOTHING = "User-agent: *\nDisallow: /"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Site, Site]]:
    with Site() as site, Site("127.0.0.2") as other:
        yield site, other


@pytest.fixture
def site(running: tuple[Site, Site]) -> Site:
    running[0].pages.clear()
    running[0].forget()
    return running[0]


@pytest.fixture
def other(running: tuple[Site, Site]) -> Site:
    running[1].pages.clear()
    running[1].forget()
    return running[1]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with guarded_client(["127.0.0.1", "127.0.0.2"], timeout_s=5) as client:
        yield client


@pytest.fixture
def cache(client: httpx.Client, clock: Clock) -> RobotsCache:
    return RobotsCache(Fetcher(client, agent="TestBot", max_bytes=1_000), "testbot", clock)


class TestKeeping:
    def test_asked_once_an_hour(self, cache: RobotsCache, site: Site, clock: Clock) -> None:
        site.robots(NOTHING)
        assert cache.of(site.url("/a")).refusal(site.url("/a")) == "Disallow: /"
        site.robots("")
        clock.now += TTL_S
        assert cache.of(site.url("/b?c")).refusal(site.url("/b?c")) == "Disallow: /"
        assert site.count("/robots.txt") == 1
        clock.now += 1
        assert cache.of(site.url("/a")).refusal(site.url("/a")) is None
        assert [request.path for request in site.requests] == ["/robots.txt"] * 2

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_asked_again_soon_while_it_cannot_be_reached(
        self, cache: RobotsCache, site: Site, clock: Clock, status: int
    ) -> None:
        site.pages["/robots.txt"] = Answer(NOTHING.encode(), status)
        assert cache.of(site.url()).unreachable_now
        clock.now += BLOCKED_TTL_S
        assert cache.of(site.url()).unreachable_now
        assert site.count("/robots.txt") == 1
        clock.now += 1
        site.robots("Crawl-delay: 1")
        assert not cache.of(site.url()).unreachable_now
        assert site.count("/robots.txt") == 2

    def test_each_origin_has_its_own(self, cache: RobotsCache, site: Site, other: Site) -> None:
        site.robots(NOTHING)
        other.robots("User-agent: testbot\nDisallow: /b")
        assert cache.of(site.url("/a")).refusal(site.url("/a")) == "Disallow: /"
        assert cache.of(other.url("/a")).refusal(other.url("/a")) is None
        assert cache.of(other.url("/b")).refusal(other.url("/b")) == "Disallow: /b"
        assert (site.count("/robots.txt"), other.count("/robots.txt")) == (1, 1)

    def test_not_of_endlessly_many(self, cache: RobotsCache, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("crawler.robots_cache.MAX_ORIGINS", 2)
        for path in ("/", "/", "/"):
            cache.of(site.url(path))
        for port in (1, 2, 3):
            assert "No connection" in (cache.of(f"http://127.0.0.1:{port}/").cause or "")
        assert len(cache._known) <= 2
        cache.of(site.url())
        assert site.count("/robots.txt") == 2


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "allows", "unreachable"),
        [
            (Answer(NOTHING.encode()), False, False),
            (Answer(NOTHING.encode(), 404), True, False),
            (Answer(NOTHING.encode(), 403), True, False),
            (Answer(NOTHING.encode(), 500), False, True),
            (Answer(NOTHING.encode(), 304), True, False),
            (Answer(NOTHING.encode(), 301), True, False),
            (Answer(NOTHING.encode(), 302, {"location": "mailto:a@example.com"}), True, False),
            (Answer(NOTHING.encode(), headers={"content-encoding": "br"}), False, True),
            (Answer(NOTHING.encode() + b"\n#" + bytes(MAX_BYTES * 2)), False, False),
            (Answer(headers={"content-length": str(MAX_BYTES * 20 + 1)}), True, False),
        ],
    )
    def test_are_rules(self, cache: RobotsCache, site: Site, answer: Answer, allows: bool, unreachable: bool) -> None:
        answer.conditional = False
        site.pages["/robots.txt"] = answer
        robots = cache.of(site.url("/a"))
        assert robots.unreachable_now is unreachable
        assert (robots.refusal(site.url("/a")) is None) is allows

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/a", "http://10.0.0.1/a", "http://xn--a/"])
    def test_none_at_all(self, cache: RobotsCache, url: str) -> None:
        robots = cache.of(url)
        assert robots.unreachable_now
        assert robots.refusal(url) is not None


class TestRedirects:
    @pytest.mark.parametrize(("hops", "allows"), [(1, False), (5, False), (6, True)])
    def test_up_to_five(self, cache: RobotsCache, site: Site, hops: int, allows: bool) -> None:
        names = ["/robots.txt", *(f"/{number}" for number in range(1, hops + 1))]
        for name, following in itertools.pairwise(names):
            site.redirect(name, following)
        site.put(names[-1], NOTHING.encode(), "text/plain")
        assert (cache.of(site.url("/a")).refusal(site.url("/a")) is None) is allows
        assert site.count(names[-1]) == (0 if allows else 1)

    def test_to_another_host(self, cache: RobotsCache, site: Site, other: Site) -> None:
        site.redirect("/robots.txt", other.url("/robots.txt"), 302)
        other.robots(NOTHING)
        assert cache.of(site.url("/a")).refusal(site.url("/a")) == "Disallow: /"

    def test_to_an_address_that_is_not_allowed(self, cache: RobotsCache, site: Site) -> None:
        site.redirect("/robots.txt", "http://127.0.0.3/robots.txt")
        assert cache.of(site.url("/a")).unreachable_now

    def test_in_a_circle(self, cache: RobotsCache, site: Site) -> None:
        site.redirect("/robots.txt", "/robots.txt")
        assert cache.of(site.url("/a")).refusal(site.url("/a")) is None
        assert site.count("/robots.txt") == 6


class TestThreads:
    def test_ask_once(self, cache: RobotsCache, site: Site) -> None:
        site.pages["/robots.txt"] = Answer(NOTHING.encode(), delay_s=0.1)
        together = threading.Barrier(8)

        def refusal(number: int) -> str | None:
            together.wait(5)
            return cache.of(site.url(f"/{number}")).refusal(site.url(f"/{number}"))

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(refusal, range(8))) == {"Disallow: /"}
        assert site.count("/robots.txt") == 1

    def test_a_host_that_hangs_holds_up_no_other(self, cache: RobotsCache, site: Site, other: Site) -> None:
        is_asked, go_on = threading.Event(), threading.Event()

        def slow() -> Iterator[bytes]:
            is_asked.set()
            go_on.wait(5)
            yield NOTHING.encode()

        site.pages["/robots.txt"] = Answer(stream=slow)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(cache.of, site.url())
            assert is_asked.wait(5)
            second = pool.submit(cache.of, other.url())
            try:
                assert second.result(2).refusal(other.url()) is None
                assert not first.done()
            finally:
                go_on.set()
            assert first.result(5).refusal(site.url()) == "Disallow: /"
