"""What rendering takes and gives, and its bounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class RenderError(Exception):
    """The page could not be rendered, or a request of it was refused. `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Answered:
    """`body` without its content coding; names of headers in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Get = Callable[[str, str, Mapping[str, str]], Answered]
"""Method (GET or HEAD), URL and headers of one request. Follows no redirects, bounds bytes and time itself, may be
called from several threads at once. Whatever it raises is a refusal of that request, not of the page."""


@dataclass(frozen=True)
class Rendered:
    """`body` is the document after its scripts ran: HTML in UTF-8, open shadow roots in place, without noscript.

    `requests` went through `Get`, redirects counted; `refused` did not, or brought nothing the page may read.
    `moved_to` is where a script wanted to go: not followed, the body is what was there until then.
    """

    body: bytes
    requests: int
    refused: int
    moved_to: str | None = None


@dataclass(frozen=True)
class Limits:
    """Of one page. The bytes of its requests may go over by what the last six of them bring."""

    wall_s: float = 15.0  # after it the browser is killed
    settle_s: float = 8.0  # after it the document is taken as it is
    idle_s: float = 0.5  # without a request: settled
    steady_s: float = 1.5  # with requests, but no more text: settled
    max_requests: int = 100
    max_request_bytes: int = 30 * 2**20
    max_document_bytes: int = 10 * 2**20
    max_memory_bytes: int = 1536 * 2**20  # of all the browser's processes, what they share not counted
