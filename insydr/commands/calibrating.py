"""`insydr calibrate`: label answers, and fit the workspace's confidence on all labels."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from insydr.client import connected
from insydr.output import emit

AT_ONCE = 1_000
_TRUE, _FALSE = frozenset({"true", "yes", "1", "right"}), frozenset({"false", "no", "0", "wrong"})


def run_calibrate(
    file: Path | None, workspace: str | None, max_wrong: float, *, reset: bool, dry_run: bool, as_json: bool
) -> None:
    """`file` is CSV or JSON Lines with `message_id` and `right`; without one all earlier labels are fitted on."""
    labels = list(_labels(file)) if file else []
    with connected(workspace) as client:
        if reset:
            reply = client.call("DELETE", "/calibration")
        else:
            for start in range(0, len(labels), AT_ONCE):
                part = {"labels": labels[start : start + AT_ONCE], "apply": False}
                client.call("POST", "/calibration", json=part)
            reply = client.call("POST", "/calibration", json={"max_wrong": max_wrong, "apply": not dry_run})
    emit(reply, as_json=as_json, text=_text(reply))


def _labels(file: Path) -> Iterator[dict[str, Any]]:
    if not file.is_file():
        raise InvalidInput(f"{file} is not there.")
    for number, row in enumerate(_rows(file), start=1):
        word = str(row.get("right", "")).strip().lower()
        if not row.get("message_id") or word not in _TRUE | _FALSE:
            raise InvalidInput(f"{file.name}, label {number}: give message_id and right (true or false).")
        yield {"message_id": str(row["message_id"]), "right": word in _TRUE}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix.lower() == ".csv":
        yield from csv.DictReader(text.splitlines())
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield dict(json.loads(line))
            except (ValueError, TypeError):
                raise InvalidInput(f"{file.name}, line {number} is no JSON object.") from None


def _text(reply: dict[str, Any]) -> str:
    lines = [reply["words"]]
    if reply["before"] and reply["after"]:
        lines.append(
            f"ECE {reply['before']['ece']:.3f} before, {reply['after']['ece']:.3f} after (out of fold); log-odds × "
            f"{reply['scaling']['scale']:.2f} {reply['scaling']['bias']:+.2f}"
        )
        lines.append("In force from the next answer on." if reply["is_applied"] else "Not applied.")
    return "\n".join(lines)
