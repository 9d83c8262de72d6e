"""The committed OpenAPI document: `python -m api.openapi_snapshot` writes it, `--check` compares.

A change of the API shows in review as a change of `docs/openapi/insydr.json`.
"""

import json
import sys
from pathlib import Path

from api.app import openapi_of
from api.insydr.surface import INSYDR

SNAPSHOT = Path(__file__).resolve().parent.parent / "docs" / "openapi" / "insydr.json"


def current() -> str:
    return json.dumps(openapi_of(INSYDR), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """0 when the snapshot is today's, or was written."""
    if "--check" in arguments:
        same = SNAPSHOT.is_file() and SNAPSHOT.read_text(encoding="utf-8") == current()
        sys.stdout.write("OpenAPI is as committed\n" if same else "OpenAPI changed: python -m api.openapi_snapshot\n")
        return 0 if same else 1
    SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
    SNAPSHOT.write_text(current(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
