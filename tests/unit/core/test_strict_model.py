from typing import Any

import pytest
from pydantic import ValidationError

from core.strict_model import StrictModel, first_fault


class Inner(StrictModel):
    language: str | None = None


class Body(StrictModel):
    top_k: int = 1
    threshold: float = 0.5
    explain: bool = False
    filters: Inner = Inner()
    names: list[str] = []


def fault(sent: dict[str, Any]) -> tuple[str | None, str]:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate(sent)
    error = first_fault(caught.value.errors())
    return error.field, error.message


@pytest.mark.parametrize(
    "sent",
    [{"top_k": True}, {"top_k": "3"}, {"top_k": 3.0}, {"explain": "yes"}, {"explain": 1}, {"threshold": True},
     {"threshold": "0.5"}, {"names": ["a", 1]}, {"names": "a"}],
)  # fmt: skip
def test_no_type_is_taken_for_another(sent: dict[str, Any]) -> None:
    assert fault(sent)[0] in (next(iter(sent)), "names.1")


def test_whole_numbers_are_numbers() -> None:
    assert Body.model_validate({"threshold": 1}).threshold == 1.0


def test_an_unknown_field_is_refused_with_the_near_name() -> None:
    assert fault({"treshold": 1}) == ("treshold", "treshold: There is no such field. Did you mean “threshold”?")
    assert fault({"filters": {"lang": "en"}})[0] == "filters.lang"
    assert "language" in fault({"filters": {"lang": "en"}})[1]


def test_else_with_those_that_there_are() -> None:
    told = "zzz: There is no such field. There are: explain, filters, names, threshold, top_k."
    assert fault({"zzz": 1}) == ("zzz", told)


def test_says_no_value() -> None:
    assert "secret" not in fault({"names": "secret"})[1]
