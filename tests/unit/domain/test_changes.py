"""Partial changes: not given, null, a value."""

from dataclasses import dataclass

import pytest

from core.errors import InvalidInput
from domain.changes import UNSET, Unset, change_of, changed


@dataclass(frozen=True)
class Change:
    name: str | Unset = UNSET
    note: str | Unset | None = UNSET


class TestChanges:
    def test_what_was_not_given_keeps_its_value(self) -> None:
        change = change_of(Change, {"note": "new"})
        assert (changed(change.name, "old"), changed(change.note, "old")) == ("old", "new")

    def test_null_is_a_value_where_there_is_a_place_for_it(self) -> None:
        assert changed(change_of(Change, {"note": None}).note, "old") is None

    def test_null_is_refused_elsewhere(self) -> None:
        with pytest.raises(InvalidInput, match="name must not be null") as caught:
            change_of(Change, {"name": None})
        assert caught.value.field == "name"
