"""JSON Lines whose faults are told by line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.datasets.model import DataSetError


def json_lines(path: Path, *required: str) -> Iterator[dict[str, Any]]:
    """Objects of a JSON Lines file; each has all of `required`. Blank lines are passed over."""
    if not path.is_file():
        raise DataSetError(f"{path} is not there.")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _object(line, f"{path.name}, line {number}", required)


def _object(line: str, where: str, required: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataSetError(f"{where} is not JSON: {error}.") from None
    if not isinstance(row, dict):
        raise DataSetError(f"{where} is not an object in braces.")
    missing = [name for name in required if row.get(name) is None]
    if missing:
        raise DataSetError(f"{where} lacks {', '.join(missing)}.")
    return row
