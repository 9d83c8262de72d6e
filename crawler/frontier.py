"""What the engine asks of whoever keeps the list of URLs, and what it tells them. SQL is behind it in the service.

A URL stays queued until its outcome is applied, so a crawl that is killed loses at most the visits in flight.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from crawler.fingerprints import Fingerprint


class Via(StrEnum):
    """How a URL was found."""

    START = "START"
    LINK = "LINK"
    SITEMAP = "SITEMAP"  # a sitemap file itself
    SITEMAP_ENTRY = "SITEMAP_ENTRY"
    FEED = "FEED"  # a feed itself
    FEED_ENTRY = "FEED_ENTRY"
    REDIRECT = "REDIRECT"
    CANONICAL = "CANONICAL"


class Result(StrEnum):
    """How a visit ended."""

    CONTENT = "CONTENT"  # to be indexed: new, or other bytes than before
    UNCHANGED = "UNCHANGED"
    READ = "READ"  # a sitemap or feed: read for its URLs
    REDIRECTED = "REDIRECTED"
    SKIPPED = "SKIPPED"  # not wanted: `code` and `reason` say why
    MISSING = "MISSING"  # 404 or 410
    FAILED = "FAILED"
    LATER = "LATER"  # tried again after `delay_s`


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional (RFC 9110 §13.1)."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Found:
    """A URL in normal form; `depth` counts links from the start, `hops` redirects in a row."""

    url: str
    via: Via
    depth: int
    hops: int = 0
    modified: datetime | None = None  # as a sitemap says
    refusal: tuple[str, str] | None = None  # code and reason: listed, not to be fetched


@dataclass(frozen=True, slots=True)
class Claimed:
    """A URL to visit, and what is known of it from earlier visits. `key` is the frontier's own name for it."""

    key: str
    url: str
    via: Via
    depth: int
    hops: int = 0
    tries: int = 0
    misses: int = 0
    validators: Validators = Validators()
    content_hash: str | None = None  # SHA-256 (hex) of the bytes that are indexed
    signature: str | None = None  # of what a reader sees of them
    modified: datetime | None = None  # as the sitemap says now
    fetched_at: datetime | None = None  # the last visit that brought content or confirmed it


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to be indexed, with a name whose suffix tells the parser what the server said of them."""

    body: bytes
    file_name: str
    content_hash: str
    signature: str | None = None  # of what a reader sees; None for files


@dataclass(frozen=True, slots=True)
class Outcome:
    claimed: Claimed
    result: Result
    code: str | None = None
    reason: str | None = None
    status: int | None = None  # of HTTP
    found: tuple[Found, ...] = ()
    content: Content | None = None
    fingerprint: Fingerprint | None = None
    validators: Validators = Validators()
    target: str | None = None  # where a redirect or canonical link leads, or the page that this one repeats
    delay_s: float = 0.0
    url: str | None = None  # LATER: the same page is to be asked for under this URL (http → https, /a → /a/)
    moved_site: str | None = None  # the start redirects to another host: its site is what is crawled


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is still to do."""

    queued: int  # URLs to visit, those that wait included
    pages: int  # pages that may still be taken before the limit
    due_in_s: float  # until the next of them may be visited; 0 when one is due


class Lost(Exception):
    """The crawl is not ours any more: cancelled, paused, deleted, or taken over by another worker."""


class Frontier(Protocol):
    def next(self, limit: int, besides: Collection[str]) -> list[Claimed]:
        """Up to `limit` URLs that are due, breadth first, without those whose keys are in `besides`."""
        ...

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        """Store outcomes and found URLs at once, or nothing of them. Raises `Lost`."""
        ...

    def remaining(self) -> Remaining: ...
