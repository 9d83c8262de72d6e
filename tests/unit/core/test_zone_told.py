"""Where a number is, as far as it tells."""

import pytest

from core.phone_numbers import zone_told

HERE = "America/New_York"


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+14155552671", "America/Los_Angeles"), ("+493012345678", "Europe/Berlin"),
        ("+4915112345678", "Europe/Berlin"), ("+5511987654321", "America/Sao_Paulo"), ("+34612345678", "Europe/Madrid"),
    ],
)  # fmt: skip
def test_its_own(number: str, zone: str) -> None:
    assert zone_told(number, HERE) == zone


def test_several_with_the_same_clocks_are_one() -> None:
    assert zone_told("+447400123456", HERE) in {
        "Europe/London",
        "Europe/Guernsey",
        "Europe/Jersey",
        "Europe/Isle_of_Man",
    }


@pytest.mark.parametrize("number", ["+15551234567", "+18005551234", "+447700900123"])
def test_one_that_tells_none_is_in_the_campaigns(number: str) -> None:
    assert zone_told(number, HERE) == HERE


def test_of_several_the_campaigns_own_is_likeliest() -> None:
    assert zone_told("+61412345678", "Australia/Perth") == "Australia/Perth"
    assert zone_told("+61412345678", HERE) == "Australia/Sydney"
