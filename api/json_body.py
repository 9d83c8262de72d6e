"""JSON bodies, by RFC 8259: whatever is none is one error, wherever Python would stumble over it or take it.

Python's own reader takes NaN and lone surrogates, which no database keeps, and fails in four further ways.
"""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response

from core.errors import InvalidInput

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def invalid_json() -> InvalidInput:
    return InvalidInput("The body is not valid JSON.", code="INVALID_JSON")


def strict_json(handler: Handler) -> Handler:
    """Wrap a route's handler."""

    async def handle(request: Request) -> Response:
        return await handler(_Request(request.scope, request.receive))

    return handle


class _Request(Request):
    async def json(self) -> Any:
        """Raises `InvalidInput`."""
        return parsed(await self.body())


def parsed(body: bytes) -> Any:
    """Raises `InvalidInput` for anything but JSON in UTF-8 whose texts and numbers can be kept."""
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if "\\ud" in text.lower():  # half of an escaped pair, which is no character (§8.2)
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # ValueError: also UnicodeError, and numbers of more than 4,300 digits
        raise invalid_json() from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value
