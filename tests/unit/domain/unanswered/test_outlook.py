"""What an item is worth, from how often it was asked on which day."""

from datetime import date, timedelta

import pytest

from domain.unanswered.outlook import MONTH, Counted, outlook, poisson

TODAY = date(2026, 11, 29)  # a Sunday


def days(*counts: tuple[int, int, int]) -> dict[date, tuple[int, int]]:
    """Of (days ago, asked, failed)."""
    return {TODAY - timedelta(days=ago): (asked, failed) for ago, asked, failed in counts}


def counted(*counts: tuple[int, int, int], began: int = 90, resolved: int | None = None) -> Counted:
    on = None if resolved is None else TODAY - timedelta(days=resolved)
    return Counted(days(*counts), TODAY - timedelta(days=began), "OPEN" if resolved is None else "RESOLVED", on)


QUESTIONS = {TODAY - timedelta(days=ago): 10 for ago in range(100)}


class TestPoisson:
    @pytest.mark.parametrize(
        ("count", "low", "high"), [(0, 0, 3.69), (1, 0.03, 5.57), (10, 4.80, 18.39), (100, 81.36, 121.63)]
    )
    def test_limits(self, count: int, low: float, high: float) -> None:
        """Exact ones, from the gamma distribution (Garwood, 1936)."""
        found = poisson(count)
        assert found.low == pytest.approx(low, abs=0.03)
        assert found.high == pytest.approx(high, rel=0.02)


class TestMonthly:
    def test_of_an_old_item_the_last_four_weeks(self) -> None:
        found = outlook(counted((5, 14, 14), (40, 1_000, 1_000)), QUESTIONS, TODAY)
        assert found.monthly.value == pytest.approx(14 * MONTH / 28)

    def test_of_a_new_one_the_days_since(self) -> None:
        assert outlook(counted((0, 2, 2), began=0), QUESTIONS, TODAY).monthly.value == pytest.approx(2 * MONTH / 7)
        assert outlook(counted((0, 2, 2), began=13), QUESTIONS, TODAY).monthly.value == pytest.approx(2 * MONTH / 14)


class TestPulse:
    def test_thirteen_weeks_from_monday(self) -> None:
        found = outlook(counted((0, 3, 1), (6, 2, 2), (7, 5, 0), (89, 1, 1)), QUESTIONS, TODAY).pulse
        assert len(found) == 13
        assert (found[-1].monday, found[-1].asked, found[-1].failed) == (date(2026, 11, 23), 5, 3)
        assert (found[-2].asked, found[-2].failed) == (5, 0)
        assert found[0].monday == date(2026, 8, 31)
        assert found[0].asked == 1


class TestGain:
    def test_predicted(self) -> None:
        found = outlook(counted((5, 20, 14)), QUESTIONS, TODAY).predicted
        assert found.value == pytest.approx(14 / 280)
        assert found.low < found.value < found.high

    def test_nothing_is_left_to_gain_of_what_is_resolved(self) -> None:
        assert outlook(counted((5, 20, 14), resolved=3), QUESTIONS, TODAY).predicted.value == 0

    def test_realised_after_four_weeks(self) -> None:
        """What failed before, less what fails since, of all questions since."""
        known = counted((30, 28, 28), (28, 99, 99), (10, 28, 7), resolved=28)
        found = outlook(known, QUESTIONS, TODAY).realised
        assert found is not None
        assert found.value == pytest.approx((28 - 7) / 280)
        assert found.low < found.value < found.high
        assert outlook(counted((30, 28, 28), resolved=27), QUESTIONS, TODAY).realised is None

    def test_without_questions(self) -> None:
        found = outlook(counted(resolved=40), {}, TODAY)
        assert (found.predicted.value, found.realised) == (0, None)
