"""The events as `docs/webhooks.md` lists them: `python -m api.event_page` writes the list, `--check` compares."""

import json
import sys
from pathlib import Path

from domain.events.catalogue import EVENTS
from domain.events.registry import WireEvent
from domain.webhooks.signing import SIGNATURE_HEADERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "webhooks.md"
BEGIN, END = "<!-- events: python -m api.event_page -->\n", "<!-- end of events -->\n"


def current() -> str:
    """The page with today's list."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + _table() + "\n" + "\n".join(map(_fields, EVENTS)) + END + rest.partition(END)[2]


def _table() -> str:
    rows = [
        f"| [`{one.name}`](#{_anchor(one.name)}) | {one.description} | `{SIGNATURE_HEADERS[one.dialect][0]}` |"
        for one in EVENTS
    ]
    return "\n".join(["| event | when | signature header |", "| --- | --- | --- |", *rows, ""])


def _anchor(name: str) -> str:
    """As GitHub makes it."""
    return name.lower().replace(".", "")


def _fields(event: WireEvent) -> str:
    sample = json.dumps({"event": event.name, "timestamp": "2026-01-26T00:00:00Z", "data": event.sample})
    rows = [
        f"| `{name}` | {' or '.join(_types(field.schema['type']))} | {field.description} |"
        for name, field in event.fields.items()
    ]
    table = "\n".join(["| field of `data` | type | meaning |", "| --- | --- | --- |", *rows])
    return f"### {event.name}\n\nVersion {event.version}.\n\n{table}\n\n```json\n{sample}\n```\n"


def _types(kind: str | list[str]) -> list[str]:
    return [kind] if isinstance(kind, str) else kind


def main(arguments: list[str]) -> int:
    """0 when the page is today's, or was written."""
    page = current()
    if "--check" in arguments:
        return 0 if PAGE.read_text(encoding="utf-8") == page else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
