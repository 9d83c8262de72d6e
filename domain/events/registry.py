"""The one registry of events as they are sent: each name with its surface's dialect, version, JSON Schema and sample.

It feeds OpenAPI's `webhooks`, the list of event types, test pings and `docs/webhooks.md`. A name says which surface's
payload and signature header come with it, whichever surface it was subscribed on (CONTRACT, “Signatures”).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.events.kinds import EventType

Json = dict[str, Any]
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


class Dialect(StrEnum):
    """Whose names, payloads and signature header."""

    INSYDR = "insydr"
    VOXFORGE = "voxforge"
    INTEGRATION = "integration"
    FRONTDESK = "frontdesk"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of `data`: a sample, whose type is the field's, and what it means."""

    sample: Any
    description: str
    nullable: bool = False

    @property
    def schema(self) -> Json:
        kind = TYPES[type(self.sample)]
        return {"type": [kind, "null"] if self.nullable else kind, "description": self.description}


def _as_recorded(data: Json) -> Json:
    return data


@dataclass(frozen=True, slots=True)
class WireEvent:
    """`data` maps what was recorded, with the details that hold when it is sent, to this dialect's fields."""

    name: str
    dialect: Dialect
    cause: EventType
    description: str
    fields: dict[str, Field]
    version: int = 1
    data: Callable[[Json], Json] = _as_recorded

    def payload(self, data: Json) -> Json:
        """The fields of this event, and no others."""
        made = self.data(data)
        return {name: made.get(name) for name in self.fields}

    @property
    def sample(self) -> Json:
        return {name: field.sample for name, field in self.fields.items()}

    @property
    def schema(self) -> Json:
        """JSON Schema 2020-12 of `data`; later versions may add fields."""
        return {
            "type": "object",
            "required": list(self.fields),
            "properties": {name: field.schema for name, field in self.fields.items()},
        }


class Registry:
    """Every event by its name on the wire."""

    def __init__(self, events: Iterable[WireEvent]) -> None:
        self._by_name: dict[str, WireEvent] = {}
        self._names: dict[str, list[str]] = {}
        for one in events:
            if one.name in self._by_name:
                raise ValueError(f"two events are named {one.name}")
            self._by_name[one.name] = one
            self._names.setdefault(one.cause, []).append(one.name)

    def __iter__(self) -> Iterator[WireEvent]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> WireEvent:
        return self._by_name[name]

    def get(self, name: str) -> WireEvent | None:
        return self._by_name.get(name)

    def names(self) -> list[str]:
        return list(self._by_name)

    def caused_by(self, kind: str) -> list[str]:
        """How the surfaces name what happened."""
        return self._names.get(kind, [])
