"""Two passages contradict each other only where it is plain."""

import pytest

from retrieval.contradiction import Conflict, Said, conflict


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("14 days", "30 days", Conflict.NUMBERS),
        ("two years", "three years", Conflict.NUMBERS),
        ("vierzehn Tage", "30 Tage", Conflict.NUMBERS),
        ("€39 a month", "49 EUR", Conflict.NUMBERS),
        ("12 %", "15 percent", Conflict.NUMBERS),
        ("March 5, 2024", "6 March", Conflict.DATES),
        ("05.03.2024", "2024-03-06", Conflict.DATES),
        ("two years", "2 years", None),
        ("5%", "five percent", None),
        ("1,000 users", "1.000 users", None),
        ("1,5 GB", "1.5 GB", None),
        ("March 5, 2024", "5 March", None),
        ("2024-03-05", "05.03.2024", None),
        ("2 years", "10 days", None),
        ("between 10 and 14 days", "14 days", None),
        ("Riga", "Berlin", None),
        ("", "", None),
    ],
)
def test_short_answers(one: str, other: str, expected: Conflict | None) -> None:
    assert conflict(Said("a", one), Said("b", other)) is expected
    assert conflict(Said("b", other), Said("a", one)) is expected


def test_yes_and_no() -> None:
    yes, no = Said("Yes. It is allowed.", None), Said("No. It is forbidden.", None)
    assert conflict(yes, no) is Conflict.YES_NO
    assert conflict(yes, Said("Yes. On weekdays.", None)) is None
    assert conflict(yes, Said("It is allowed.", None)) is None
    assert conflict(Said("Now. It is 5 o'clock.", None), no) is None


def test_without_a_short_answer_nothing_is_said() -> None:
    assert conflict(Said("It takes 14 days.", None), Said("It takes 30 days.", "30 days")) is None
