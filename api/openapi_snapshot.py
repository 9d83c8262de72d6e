"""The committed OpenAPI documents: `python -m api.openapi_snapshot` writes them, `--check` compares.

A change of an API shows in review as a change of `docs/openapi/<surface>.json`.
"""

import json
import sys
from pathlib import Path

from api.app import ROUTERS, openapi_of
from api.surface import Surface

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "openapi"


def current(surface: Surface) -> str:
    return json.dumps(openapi_of(surface), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """0 when the snapshots are today's, or were written."""
    today = {FOLDER / f"{surface.name}.json": current(surface) for surface in ROUTERS}
    if "--check" in arguments:
        same = all(path.is_file() and path.read_text(encoding="utf-8") == text for path, text in today.items())
        sys.stdout.write("OpenAPI is as committed\n" if same else "OpenAPI changed: python -m api.openapi_snapshot\n")
        return 0 if same else 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in today.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
