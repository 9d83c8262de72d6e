"""Fields that several resources and surfaces share: checked texts, ids, times, pages."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Header, Query
from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    TypeAdapter,
)
from pydantic.alias_generators import to_camel

from core.errors import InvalidInput
from core.strict_model import StrictModel
from core.visible import is_visible, one_line
from domain.json_values import checked_json


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    return value


def _on_one_line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _not_blank(value: str) -> str:
    if not is_visible(value):
        raise ValueError("must not be blank")
    return value


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    return checked_json(value, max_bytes=65_536)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must have a zone, e.g. 2027-01-26T00:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


Text = Annotated[str, AfterValidator(_no_nul)]
Name = Annotated[
    str,
    Field(
        max_length=200,
        description="One line: line breaks, tabs and runs of white space become a space, invisible characters go.",
    ),
    BeforeValidator(_on_one_line),
    AfterValidator(_not_blank),
]
ShortText = Annotated[str, Field(max_length=2_000), AfterValidator(_no_nul)]
IdText = Annotated[str, Field(max_length=64), AfterValidator(_no_nul)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_plain_json)]
FromText = Strict(False)  # JSON has no times and no enumerations: they come as texts
Moment = Annotated[datetime, FromText, AfterValidator(_in_utc)]
Limit = Annotated[int, Query(ge=1, le=200, description="Page size.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Rows to skip.")]
IfMatch = Annotated[str | None, Header(description="ETag of the state you changed; 412 when it is older than ours.")]


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def _day_or_moment(value: Any) -> date | datetime:
    text = str(value)
    return date.fromisoformat(text) if _DAY.fullmatch(text) else _MOMENT.validate_python(text)


def _with_time_of_day(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        raise ValueError("must have a time of day, e.g. 2027-01-26T10:00:00")
    return value


DayOrMoment = Annotated[date | datetime, PlainValidator(_day_or_moment, json_schema_input_type=date | datetime)]
Clock = Annotated[datetime, FromText, BeforeValidator(_with_time_of_day)]  # also without a zone


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Of the query's `from` and `to`; raises `InvalidInput` where they enclose nothing."""
    if since is not None and until is not None and since >= until:
        raise InvalidInput("from must be before to.", field="from")


class Input(StrictModel):
    """A request body, or a part of one."""

    def given(self) -> dict[str, Any]:
        """The fields that were sent, for partial updates."""
        return self.model_dump(exclude_unset=True)


class Output(BaseModel):
    """A part of a reply that is read from a row or a record: `model_validate` takes the attributes named as the fields.

    A field whose attribute has another name says it as `validation_alias`.
    """

    model_config = ConfigDict(from_attributes=True, validate_by_name=True)


class CamelInput(Input):
    """As `Input`, its names in camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel)


class CamelOutput(Output):
    """As `Output`, its names in camelCase on the wire, `validation_alias` where the attribute has another name."""

    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))


class MessageOut(BaseModel):
    message: str
