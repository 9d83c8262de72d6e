"""What clients send: exact types (`false` is no number, `"3"` no page size), and no field that we do not know.

An ignored field is a setting that somebody believes in. So it is refused, with the name that was probably meant.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError

from core.errors import InvalidInput

UNKNOWN_FIELD = "unknown_field"


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _known_fields(cls, value: Any, handler: ModelWrapValidatorHandler["StrictModel"]) -> "StrictModel":
        if isinstance(value, dict):
            known = [name for key, field in cls.model_fields.items() for name in (field.alias or key,)]
            unknown = next((name for name in value if name not in known), None)
            if unknown is not None:
                raise PydanticCustomError(
                    UNKNOWN_FIELD, "{told}", {"field": str(unknown)[:80], "told": unknown_field(unknown, known)}
                )
        return handler(value)


def unknown_field(name: Any, known: Iterable[str]) -> str:
    """A sentence for a field that is none."""
    fields = sorted(known)
    near = difflib.get_close_matches(str(name)[:80].lower(), fields, n=1)
    if near:
        return f"There is no such field. Did you mean “{near[0]}”?"
    return f"There is no such field. There are: {', '.join(fields)}."


def first_fault(errors: Sequence[Any], *, within: Sequence[str] = ()) -> InvalidInput:
    """The first of a validation's errors, with its dotted field, without the value: it may be a secret."""
    first = errors[0]
    location = [*within, *(str(part) for part in first["loc"])]
    if first["type"] == UNKNOWN_FIELD:
        location.append(first["ctx"]["field"])
    path = ".".join(location)
    return InvalidInput(f"{path}: {first['msg']}" if path else str(first["msg"]), field=path or None)
