"""What clients send: exact types (`false` is no number, `"3"` no page size), and no field that we do not know.

An ignored field is a setting that somebody believes in. So it is refused, with the name that was probably meant.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator
from pydantic.fields import FieldInfo

from core.errors import InvalidInput


class UnknownField(ValueError):
    """What pydantic hands back as the cause of its own error."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(unknown_field(name, known))
        self.field = name[:80]


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _known_fields(cls, value: Any, handler: ModelWrapValidatorHandler["StrictModel"]) -> "StrictModel":
        if isinstance(value, dict):
            known = [one for name, field in cls.model_fields.items() for one in _names(name, field)]
            unknown = next((name for name in value if name not in known), None)
            if unknown is not None:
                raise UnknownField(str(unknown), known)
        return handler(value)


def _names(name: str, field: FieldInfo) -> list[str]:
    """How a client may call it, as it is documented first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [one for one in alias.choices if isinstance(one, str)]
    return [alias] if isinstance(alias, str) else [name]


def unknown_field(name: str, known: Iterable[str]) -> str:
    """A sentence for a field that is none."""
    return unknown_name("field", name, known)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence for a name that is none, with the one that was probably meant."""
    names = sorted(known)
    folded = {one.lower(): one for one in reversed(names)}
    near = difflib.get_close_matches(name[:80].lower(), list(folded), n=1)
    if near:
        return f"There is no such {kind}. Did you mean “{folded[near[0]]}”?"
    return f"There is no such {kind}. There are: {', '.join(names)}."


def first_fault(errors: Sequence[Any], *, within: Sequence[str] = ()) -> InvalidInput:
    """The first of a validation's errors, with its dotted field, without the value: it may be a secret."""
    first = errors[0]
    location = [*within, *(str(part) for part in first["loc"])]
    message, cause = str(first["msg"]), first.get("ctx", {}).get("error")
    if isinstance(cause, UnknownField):
        message = str(cause)
        location.append(cause.field)
    path = ".".join(location)
    return InvalidInput(f"{path}: {message}" if path else message, field=path or None)
