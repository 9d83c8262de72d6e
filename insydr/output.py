"""What a command prints: a result or an error, for a person or as JSON."""

import json
import sys
from typing import Any, NoReturn

import typer

from core.errors import InsydrError


def emit(value: Any, *, as_json: bool, text: str) -> None:
    """The result, on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def fail(error: InsydrError, *, as_json: bool) -> NoReturn:
    """The error, for a person on stderr or as JSON on stdout; exit code 1."""
    if as_json:
        typer.echo(json.dumps({"error": {"code": error.code, "message": error.message}}))
    else:
        typer.echo(f"insydr: {error.message}", err=True)
    sys.exit(1)
