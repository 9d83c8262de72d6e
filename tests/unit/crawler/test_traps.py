"""Endless spaces of addresses, and honest ones that are only large."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import traps as module
from crawler.traps import Traps
from crawler.urls import normal_form
from tests.support.effort import Effort

SITE = "https://example.com"


def now() -> datetime:
    return datetime(2025, 6, 15, tzinfo=UTC)


def visited(*paths: str) -> tuple[Traps, list[str]]:
    """What a crawl visits of the paths, in their order."""
    traps, taken = Traps(now), []
    for path in paths:
        if traps.refusal(SITE + path) is None:
            traps.learn(SITE + path)
            taken.append(path)
    return traps, taken


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "word"),
        [
            ("/" + "/".join(f"s{i}" for i in range(17)), "16 parts"),
            ("/about/about/about/", "repeats"),
            ("/docs/a/docs/b/docs", "repeats"),
            ("/1/2/1/2/1/2", "repeats"),
            ("/x/5/5/5", "repeats"),
            ("/a////b", "repeats"),
        ],
    )
    def test_refused(self, path: str, word: str) -> None:
        refusal = Traps(now).refusal(SITE + path)
        assert refusal is not None
        assert word in refusal
        assert refusal.endswith(".")

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/" + "/".join(f"s{i}" for i in range(16)) + "/",
            "/docs/a/docs/b",
            "/users/1/posts/1/comments/1",
            "/a/b/a/c/a",
            "//a//b//c",
            "/de-de/de-de/",
        ],
    )
    def test_taken(self, path: str) -> None:
        assert Traps(now).refusal(SITE + path) is None


class TestQueries:
    def test_paging_passes(self) -> None:
        paths = [f"/list?page={number}" for number in range(1, 151)]
        assert visited(*paths)[1] == paths

    def test_endless_queries_end_at_200(self) -> None:
        traps, taken = visited(*(f"/list?random={number}" for number in range(1_000)))
        assert len(taken) == 200
        assert traps.refusal(f"{SITE}/list?random=5") is None
        assert "200" in (traps.refusal(f"{SITE}/list?other=1") or "")
        assert traps.refusal(f"{SITE}/list") is None
        assert traps.refusal(f"{SITE}/other?random=999") is None

    def test_a_site_behind_one_program_passes(self) -> None:
        paths = [f"/index.php?route=product&product_id={number}" for number in range(4_000)]
        assert visited(*paths)[1] == paths

    def test_a_program_has_an_end_too(self) -> None:
        assert len(visited(*(f"/index.php?id={number}" for number in range(6_000)))[1]) == 5_000

    def test_filters_pass_their_combinations_do_not(self) -> None:
        names = ["brand", "colour", "size", "price", "sort", "rating", "stock"]
        few = [f"/shop?{a}=1&{b}=2" for a, b in itertools.combinations(names, 2)]
        many = ["/shop?" + "&".join(f"{name}={i}" for name in names) for i in range(30)]
        assert visited(*few)[1] == few
        assert visited(*few, *many)[1] == few
        assert visited(*many)[1] == many[:20]

    def test_a_form_of_many_parameters_passes(self) -> None:
        assert visited("/search?a=1&b=2&c=3&d=4&e=5&f=6&g=7")[1] != []


class TestCalendars:
    @pytest.mark.parametrize(
        ("path", "word"),
        [
            ("/calendar/2026/07", "ahead"),
            ("/events/2031-01-01/", "ahead"),
            ("/2031/05/06/some-article", "ahead"),
            ("/plan?date=2031-05-06", "ahead"),
            ("/events?month=203105", "ahead"),
            ("/calendar?d=20310506", "ahead"),
            ("/plan?year=2031&month=5", "ahead"),
            ("/plan?m=12&y=1989", "1990"),
            ("/calendar/1989/12", "1990"),
            ("/calendar/0001/12/24", "1990"),
            ("/1969/07/20/", "1990"),
            ("/plan?from=1989-12-31", "1990"),
        ],
    )
    def test_refused(self, path: str, word: str) -> None:
        assert word in (Traps(now).refusal(SITE + path) or "")

    @pytest.mark.parametrize(
        "path",
        [
            "/calendar/2026/06",
            "/calendar/1990/01",
            "/2025/06/15/some-article",
            "/1969/07/20/moon-landing.html",
            "/items/1875/12",
            "/prevention/1875/12",
            "/users/4711/12/3",
            "/films?year=1954",
            "/part?number=19541201",
            "/part?number=9999-12-31",
            "/plan?date=2025-06-15",
            "/2031",
            "/version/2031.05",
        ],
    )
    def test_taken(self, path: str) -> None:
        assert Traps(now).refusal(SITE + path) is None

    @pytest.mark.parametrize(
        "form", ["/calendar/%Y/%m/%d", "/calendar/%Y-%m-%d/", "/%Y/%m/%d.html", "/e/%Y/%m/%d/list"]
    )
    def test_without_end_end_at_400(self, form: str) -> None:
        paths = [day.strftime(form) for day in days(date(2020, 1, 1), 600)]
        assert visited(*paths)[1] == paths[:400]

    def test_each_calendar_has_its_own(self) -> None:
        paths = [day.strftime(f"/{room}/%Y/%m/%d/") for room in ("a", "b") for day in days(date(2020, 1, 1), 300)]
        assert visited(*paths)[1] == paths

    def test_an_archive_by_day_passes(self) -> None:
        paths = [day.strftime("/%Y/%m/%d/what-happened-%d") for day in days(date(2010, 1, 1), 3_000)]
        assert visited(*paths)[1] == paths


class TestBounds:
    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_REMEMBERED", 1_000)
        traps, _ = visited(*(f"/{path}?x={query}" for path in range(100) for query in range(150)))
        remembered = sum(len(values) for values in traps._queries._values.values())
        assert 0 < remembered <= 1_000
        assert len(traps._queries._values) <= 10

    @given(st.text(max_size=60))
    def test_raises_nothing_and_takes_what_it_learnt(self, rest: str) -> None:
        traps, url = Traps(now), normal_form(f"{SITE}/{rest}")
        before = traps.refusal(url)
        traps.learn(url)
        assert traps.refusal(url) == before

    @pytest.mark.parametrize("piece", ["/", "/2020/01", "-", "a-", "?a=2020-01-01&", "&year=2020", "calendar", "/a"])
    def test_takes_no_time(self, piece: str) -> None:
        url = f"{SITE}/" + (piece * 2_000)[:2_000]
        traps = Traps(now)
        effort = Effort()
        for _ in range(50):
            traps.refusal(url)
            traps.learn(url)
        assert effort.spent_s() < 4
