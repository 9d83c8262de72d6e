"""What browsers load: the widget's script, and beside an embedded server a sample page that shows it."""

import base64
import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from api.state import State
from core.errors import NotFound

WEB = Path(__file__).resolve().parent.parent / "web"
router = APIRouter(include_in_schema=False)
SCRIPT = "text/javascript; charset=utf-8"
FRESH_S = 300  # a page of somebody asks again after so long


class _Asset(NamedTuple):
    raw: bytes
    packed: bytes
    tag: str


@router.get("/widget.js")
def widget(request: Request) -> Response:
    """For pages of any origin: what it may do, the public key decides."""
    response = _sent(request, "built/widget.js", SCRIPT)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.get("/demo/demo.js")
def demo_script(request: Request, state: State) -> Response:
    _require_embedded(state.settings.embedded)
    return _sent(request, "demo/demo.js", SCRIPT)


@router.get("/demo/{agent_id}")
def demo(request: Request, state: State) -> Response:
    """A sample site with the widget of an agent; the public key stands behind the # of the address."""
    _require_embedded(state.settings.embedded)
    response = _sent(request, "demo/index.html", "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _policy()
    return response


def _require_embedded(embedded: bool) -> None:
    if not embedded:
        raise NotFound("The demo page belongs to the embedded shape. Put the widget on a page of your own.")


def _sent(request: Request, name: str, media_type: str) -> Response:
    asset = _asset(name)
    headers = {"ETag": asset.tag, "Cache-Control": f"public, max-age={FRESH_S}", "Vary": "Accept-Encoding"}
    if asset.tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type)
    return Response(asset.raw, headers=headers, media_type=media_type)


@cache
def _asset(name: str) -> _Asset:
    """Read, packed and named once a process."""
    raw = (WEB / name).read_bytes()
    return _Asset(raw, gzip.compress(raw, 9, mtime=0), f'W/"{hashlib.sha256(raw).hexdigest()[:32]}"')


def source_hashes(page: bytes, tag: str) -> str:
    """What a Content-Security-Policy calls the page's own `<script>` or `<style>` elements by."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>".encode(), page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in found)


@cache
def _policy() -> str:
    """Our own scripts, and the page's one style, told by its hash; pictures from wherever an agent's avatar is."""
    styles = source_hashes(_asset("demo/index.html").raw, "style")
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data: https:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
