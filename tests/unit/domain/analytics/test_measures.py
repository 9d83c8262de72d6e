"""Intervals, changes, quantiles."""

from collections import Counter

import numpy as np
import pytest

from domain.analytics.measures import change_percent, wilson
from domain.analytics.sketch import ACCURACY, bin_of, quantile, value_of


class TestWilson:
    def test_published_values(self) -> None:
        """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
        for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
            found = wilson(successes, trials)
            assert found is not None
            assert (round(found.low, 4), round(found.high, 4)) == (low, high)

    def test_one_vote_says_little_and_none_says_nothing(self) -> None:
        found = wilson(1, 1)
        assert found is not None
        assert found.low < 0.25
        assert wilson(0, 0) is None


class TestChange:
    def test_percent(self) -> None:
        assert change_percent(15, 10) == 50.0
        assert change_percent(5, 10) == -50.0
        assert change_percent(0, 0) == 0.0

    def test_nothing_to_compare_with(self) -> None:
        assert change_percent(3, 0) is None
        assert change_percent(None, 1) is None
        assert change_percent(1, None) is None


class TestSketch:
    @pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 1.0])
    def test_quantiles_are_right_to_within_its_accuracy(self, q: float) -> None:
        times = np.random.default_rng(3).lognormal(6, 1.2, 5_000)
        bins = Counter(bin_of(ms) for ms in times)
        found = quantile(bins, q)
        assert found == pytest.approx(np.quantile(times, q, method="lower"), rel=ACCURACY + 1e-9)

    def test_days_add_up(self) -> None:
        one, other = Counter({bin_of(10): 3}), Counter({bin_of(1_000): 1})
        assert quantile(one + other, 0.5) == pytest.approx(10, rel=ACCURACY)

    def test_no_time_and_less_than_a_millisecond(self) -> None:
        assert quantile(Counter(), 0.5) is None
        assert value_of(bin_of(0)) == pytest.approx(1, rel=ACCURACY + 1e-9)
