"""Downloads in blocks: whole, or the one range that was asked for (RFC 9110 §14), or 304 where it is known already."""

import re
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.errors import InsydrError

Blocks = Callable[[int, int], Iterator[bytes]]  # (first byte, how many)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(InsydrError):
    """416: the range begins after the end."""

    status = 416
    default_code = "RANGE_NOT_SATISFIABLE"


def download(request: Request, size: int, tag: str, blocks: Blocks, headers: dict[str, str]) -> Response:
    """`size` bytes with the strong entity tag `tag`; `blocks` is called only for what is sent."""
    etag = f'"{tag}"'
    headers = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if etag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    span = _span(request, size, etag)
    start, length = span or (0, size)
    headers["Content-Length"] = str(length)
    if span:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return StreamingResponse(
        blocks(start, length), 206 if span else 200, headers, media_type="application/octet-stream"
    )


def _span(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """First byte and length; None for everything: no range, several, one that is not understood, or an old copy's."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", etag) != etag or found.group(1, 2) == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(
            f"The file has {size} bytes: the range begins after its end.", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, end - start + 1
