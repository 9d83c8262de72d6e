"""How a host is asked: more while it answers, less when it does not, not at all while it asks for a pause."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.politeness import MAX_PAUSE_S, Pace, Politeness, retry_after_s
from tests.support.clock import Clock

NOW = datetime(2025, 6, 15, 12, 0, 0, tzinfo=UTC)
QUICK = 1e6  # requests a second: no gap that matters


@pytest.fixture
def clock() -> Clock:
    return Clock()


def polite(clock: Clock, places: int = 8, max_rate: float = QUICK, delay_s: float | None = None) -> Politeness:
    return Politeness(Pace(places, max_rate), clock, delay_s)


def answer(politeness: Politeness, *statuses: int | None, elapsed_s: float = 0.1, asks_s: float | None = None) -> None:
    for status in statuses:
        politeness.begin()
        politeness.end(elapsed_s, status, asks_s)


def grown(clock: Clock, places: int = 8) -> Politeness:
    """A host that has answered quickly for long."""
    politeness = polite(clock, places)
    answer(politeness, *[200] * places * places)
    clock.now += 1
    assert politeness.at_once == places
    return politeness


class TestAtOnce:
    def test_one_at_first(self, clock: Clock) -> None:
        politeness = polite(clock)
        assert (politeness.at_once, politeness.wait_s(), politeness.pause_s()) == (1, 0, 0)
        politeness.begin()
        clock.now += 1_000
        assert politeness.wait_s() == math.inf
        assert politeness.pause_s() == 0
        politeness.end(0.1, 200)
        assert politeness.wait_s() == 0

    def test_a_round_of_answers_adds_one(self, clock: Clock) -> None:
        politeness, seen = polite(clock), []
        for _ in range(12):
            answer(politeness, 200)
            seen.append(politeness.at_once)
        assert seen == [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5]

    def test_up_to_the_places(self, clock: Clock) -> None:
        politeness = polite(clock, places=3)
        answer(politeness, *[200] * 100)
        assert politeness.at_once == 3
        politeness.begin()
        politeness.begin()
        clock.now += 1
        assert politeness.wait_s() == 0
        politeness.begin()
        assert politeness.wait_s() == math.inf

    @pytest.mark.parametrize("status", [500, 502, 599, None, 429, 503])
    def test_failures_halve_it_down_to_one(self, clock: Clock, status: int | None) -> None:
        politeness, seen = grown(clock), []
        for _ in range(5):
            answer(politeness, status)
            seen.append(politeness.at_once)
        assert seen == [4, 2, 1, 1, 1]

    @pytest.mark.parametrize("status", [200, 304, 301, 404, 403, 410])
    def test_every_other_status_is_an_answer(self, clock: Clock, status: int) -> None:
        politeness = polite(clock)
        answer(politeness, status)
        assert politeness.at_once == 2

    @pytest.mark.parametrize(
        ("usual_s", "elapsed_s", "expected"),
        [(0.1, 0.51, 5), (0.01, 0.5, 8), (0.01, 0.51, 5), (1.0, 2.9, 8), (1.0, 3.1, 5), (20.0, 20.0, 8)],
    )
    def test_slow_answers_lower_it(self, clock: Clock, usual_s: float, elapsed_s: float, expected: int) -> None:
        politeness = polite(clock)
        answer(politeness, *[200] * 64, elapsed_s=usual_s)
        answer(politeness, 200, elapsed_s=elapsed_s)
        assert politeness.at_once == expected

    def test_slow_for_long_is_usual(self, clock: Clock) -> None:
        politeness = polite(clock)
        answer(politeness, *[200] * 64)
        answer(politeness, *[200] * 20, elapsed_s=5)
        assert politeness.at_once < 8
        answer(politeness, *[200] * 64, elapsed_s=5)
        assert politeness.at_once == 8


class TestPauses:
    @pytest.mark.parametrize("status", [429, 503])
    def test_as_long_as_the_host_asks(self, clock: Clock, status: int) -> None:
        politeness = polite(clock)
        answer(politeness, status, asks_s=30)
        assert politeness.wait_s() == pytest.approx(30)
        clock.now += 29
        assert politeness.pause_s() == pytest.approx(1)
        clock.now += 1.01
        assert politeness.wait_s() == 0

    @pytest.mark.parametrize("status", [500, 404, 200, None])
    def test_other_statuses_ask_for_none(self, clock: Clock, status: int | None) -> None:
        politeness = polite(clock)
        answer(politeness, status, asks_s=30)
        assert politeness.pause_s() < 0.001

    def test_without_a_time_it_doubles_up_to_an_hour(self, clock: Clock) -> None:
        politeness, seen = polite(clock), []
        for _ in range(14):
            answer(politeness, 503)
            seen.append(round(politeness.pause_s()))
            clock.now += MAX_PAUSE_S + 1
        assert seen == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]

    def test_an_answer_resets_it(self, clock: Clock) -> None:
        politeness = polite(clock)
        answer(politeness, 503, 503, 503)
        clock.now += 100
        answer(politeness, 200, 429)
        assert politeness.pause_s() == pytest.approx(5)

    def test_never_longer_than_an_hour(self, clock: Clock) -> None:
        politeness = polite(clock)
        answer(politeness, 429, asks_s=1e9)
        assert politeness.pause_s() == MAX_PAUSE_S

    def test_a_shorter_one_does_not_end_a_longer_one(self, clock: Clock) -> None:
        politeness = grown(clock)
        politeness.begin()
        politeness.begin()
        politeness.end(0.1, 429, 60)
        politeness.end(0.1, 429, 1)
        assert politeness.pause_s() == pytest.approx(60)

    def test_none_at_all_still_keeps_the_gap(self, clock: Clock) -> None:
        politeness = polite(clock, max_rate=0.5)
        answer(politeness, 429, asks_s=0)
        assert politeness.pause_s() == 2


class TestDelay:
    @pytest.mark.parametrize("is_first", [True, False])
    def test_one_at_a_time_so_far_apart(self, clock: Clock, is_first: bool) -> None:
        politeness = polite(clock, delay_s=10) if is_first else grown(clock)
        if not is_first:
            politeness.obey(10)
            clock.now += 10
        assert politeness.at_once == 1
        politeness.begin()
        politeness.end(0.1, 200)
        assert politeness.wait_s() == 10
        clock.now += 10
        politeness.begin()
        clock.now += 50
        assert politeness.wait_s() == math.inf
        answer(politeness, *[200] * 20)
        assert politeness.at_once == 1

    def test_what_is_learnt_with_the_first_answer_holds_for_the_second_request(self, clock: Clock) -> None:
        politeness = polite(clock)
        politeness.begin()
        clock.now += 1
        politeness.end(1.0, 200)
        politeness.obey(10)
        assert politeness.wait_s() == pytest.approx(9)
        politeness.obey(10)
        assert politeness.wait_s() == pytest.approx(9)

    def test_a_short_one(self, clock: Clock) -> None:
        politeness = grown(clock)
        politeness.obey(0.5)
        answer(politeness, 200, 200)
        assert (politeness.at_once, politeness.wait_s()) == (1, 1)

    def test_none(self, clock: Clock) -> None:
        politeness = grown(clock)
        politeness.obey(0)
        assert (politeness.at_once, politeness.wait_s()) == (8, 0)

    def test_not_below_the_rate(self, clock: Clock) -> None:
        politeness = polite(clock, max_rate=0.1, delay_s=2)
        answer(politeness, 200)
        assert politeness.wait_s() == 10


class TestRate:
    def test_gap(self, clock: Clock) -> None:
        politeness = polite(clock, max_rate=4)
        answer(politeness, 200)
        assert politeness.wait_s() == 0.25
        clock.now += 0.25
        politeness.begin()
        assert politeness.wait_s() == 0.25

    def test_a_quiet_time_is_not_made_up_for(self, clock: Clock) -> None:
        politeness = polite(clock, max_rate=4)
        answer(politeness, 200)
        clock.now += 100
        answer(politeness, 200)
        assert politeness.wait_s() == 0.25


class TestGivingBack:
    def test_as_if_nothing_was_begun(self, clock: Clock) -> None:
        politeness = polite(clock, max_rate=0.1)
        politeness.begin()
        politeness.give_back()
        assert (politeness.at_once, politeness.wait_s()) == (1, 0)
        answer(politeness, 200)
        assert politeness.wait_s() == 10

    def test_a_pause_stays(self, clock: Clock) -> None:
        politeness = grown(clock)
        politeness.begin()
        politeness.begin()
        politeness.end(0.1, 429, 60)
        politeness.give_back()
        assert politeness.wait_s() == pytest.approx(60, abs=0.001)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("0", 0),
            ("120", 120),
            (" 120 ", 120),
            ("3601", MAX_PAUSE_S),
            ("9" * 5_000, MAX_PAUSE_S),
            ("Sun, 15 Jun 2025 12:02:00 GMT", 120),
            ("Sunday, 15-Jun-25 12:02:00 GMT", 120),
            ("Sun, 15 Jun 2025 14:02:00 +0200", 120),
            ("Sun, 15 Jun 2025 11:00:00 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_PAUSE_S),
        ],
    )
    def test_says(self, value: str, expected: float) -> None:
        assert retry_after_s(value, NOW) == expected

    @pytest.mark.parametrize(
        "value",
        [None, "", " ", "-5", "+5", "1.5", "1e3", "soon", "²", "٣", "inf", "nan", "Sun, 99 Jun 2025 12:00:00 GMT",
         "Sun, 15 Jun 99999999999 12:00:00 GMT", "Sun, 15 Jun 2025 12:02:00"],
    )  # fmt: skip
    def test_says_nothing_readable(self, value: str | None) -> None:
        assert retry_after_s(value, NOW) is None

    @given(st.text("0123456789 ,:-+.JunMoGTé", max_size=40) | st.text(max_size=40))
    def test_is_bounded_whatever_it_says(self, value: str) -> None:
        said = retry_after_s(value, NOW)
        assert said is None or 0 <= said <= MAX_PAUSE_S


STEPS = st.lists(
    st.tuples(st.just("begin"), st.floats(0, 2))  # so much later
    | st.tuples(st.just("end"), st.sampled_from([200, 200, 200, 404, 429, 500, 503, None]))
    | st.tuples(st.just("slow"), st.floats(0, 20))
    | st.tuples(st.just("pause"), st.floats(0, 1e6))
    | st.tuples(st.just("obey"), st.floats(0, 5))
    | st.tuples(st.just("give back"), st.none()),
    max_size=80,
)


class TestWhateverHappens:
    @given(st.integers(1, 6), st.floats(0.1, 50), STEPS)
    @example(3, 1.0, [("begin", 0.0), ("end", 200), ("obey", 5.0), ("begin", 1.0)])
    def test_bounds_hold(self, places: int, max_rate: float, steps: list[tuple[str, Any]]) -> None:
        clock = Clock()
        politeness, busy = polite(clock, places, max_rate), 0
        earliest, gap_s = 0.0, 1 / max_rate
        for step, value in steps:
            if step == "begin":
                clock.now += value
                if politeness.wait_s() > 0:
                    continue
                assert busy < politeness.at_once
                assert clock.now >= earliest - 1e-6
                politeness.begin()
                busy, earliest = busy + 1, clock.now + gap_s
            elif step == "obey":
                politeness.obey(value)
                more_s = max(0.0, value - gap_s)
                gap_s, earliest = gap_s + more_s, earliest + more_s
            elif busy > 0:
                busy -= 1
                if step == "give back":
                    politeness.give_back()
                    earliest = 0.0  # that place in time is free again
                else:
                    status = {"end": value, "slow": 200, "pause": 429}[step]
                    politeness.end(
                        value if step == "slow" else 0.1, status, retry_after_s=value if step == "pause" else None
                    )
            assert 1 <= politeness.at_once <= places
