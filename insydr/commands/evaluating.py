"""`insydr eval`: its code stands on top of ours, in `evals/quality`, and is no part of the wheel."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import NotFound


def run_eval(paths: Sequence[Path], options: dict[str, Any]) -> None:
    _quality().run(paths, options)


def run_compare(a: str, b: str, out: Path, *, as_json: bool) -> None:
    _quality().compare(a, b, out, as_json=as_json)


def _quality() -> Any:
    """By name and when a command runs: what is below does not depend on it."""
    try:
        return import_module("evals.quality.commands")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("evals"):
            raise
        raise NotFound(
            "`insydr eval` needs the source tree: run it in a checkout of Insydr, where the folder evals is.",
            code="SOURCE_TREE_NEEDED",
        ) from None
