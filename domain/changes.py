"""Partial changes: a dataclass of what may change, where what a caller did not give is `UNSET` and keeps its value."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_type_hints

from core.errors import InvalidInput

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
C = TypeVar("C", bound="DataclassInstance")


class Unset(Enum):
    """The type of `UNSET`; an enum, so that a type checker can tell it from a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def changed(new: T | Unset, old: T) -> T:
    return old if new is UNSET else new


def change_of(kind: type[C], given: Mapping[str, Any]) -> C:
    """What was given, as a change; raises `InvalidInput` for a null where the change has no place for one."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if given.get(field.name, UNSET) is None and NoneType not in get_args(hints[field.name]):
            raise InvalidInput(f"{field.name} must not be null.", field=field.name)
    return kind(**given)
