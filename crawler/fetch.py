"""One HTTP exchange: conditional, bounded in time, bytes and decompression, without following redirects."""

import hashlib
import math
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy

import httpx

from core.errors import Forbidden
from core.outbound.client import UNRESOLVED
from core.outbound.deadline import within
from crawler.frontier import Validators
from crawler.urls import same_site

ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.8"
ENCODINGS = "gzip, deflate"  # what `_unpacked` can bound
CHUNK = 65_536
HOST_NOT_FOUND = (
    f"The host's name {UNRESOLVED}. Check the spelling of the URL; an operator can allow a host inside in "
    "INSYDR_OUTBOUND_ALLOWED_HOSTS."
)
_IDENTITY = ("", "identity")
_GZIP, _DEFLATE = ("gzip", "x-gzip"), ("deflate",)


class FetchError(Exception):
    """No answer that could be used. `code` is stable, `message` for a person; `lasting` when a retry cannot help."""

    def __init__(self, code: str, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.lasting = code, message, lasting


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent along to the site itself and to no other host."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    elapsed_s: float  # until the first byte

    @property
    def content_type(self) -> str:
        """In small letters, without parameters."""
        return str(self.headers.get("content-type", "")).split(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip(" \"'") or None
        return None

    @property
    def validators(self) -> Validators:
        return Validators(_short(self.headers.get("etag")), _short(self.headers.get("last-modified")))

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def all(self, name: str) -> Sequence[str]:
        return self.headers.get_list(name)


class Fetcher:
    """`client` is the guarded one. `site` is where credentials belong. No answer is waited for longer than `wall_s`, or
    after `ends_at` (`time.monotonic`). Thread-safe."""

    def __init__(
        self,
        client: httpx.Client,
        *,
        agent: str,
        max_bytes: int,
        wall_s: float = 60.0,
        ends_at: float = math.inf,
        site: str = "",
        credentials: Credentials | None = None,
    ) -> None:
        self._client, self._agent, self._max_bytes = client, agent, max_bytes
        self._wall_s, self._ends_at = wall_s, ends_at
        self.site, self._credentials = site, credentials
        # no site's cookies are kept, not even for a moment: pages are read as by a new visitor, and others crawl too
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def get(self, url: str, validators: Validators | None = None, *, max_bytes: int | None = None) -> Answer:
        """The answer, whatever its status. Raises `FetchError`."""
        with within(min(self._wall_s, self._ends_at - time.monotonic())):
            return self._got(url, validators, max_bytes or self._max_bytes)

    def _got(self, url: str, validators: Validators | None, max_bytes: int) -> Answer:
        began = time.monotonic()
        try:
            request = self._client.build_request("GET", url, headers=self._headers(url, validators))
        except httpx.InvalidURL:
            raise FetchError("HOST_NOT_FOUND", "The host's name is not a valid one.", lasting=True) from None
        try:
            response = self._client.send(request, auth=self._auth(url), stream=True)
            elapsed_s = time.monotonic() - began
            try:
                body = self._body(response, max_bytes)
            finally:
                response.close()
        except httpx.InvalidURL:  # httpx prepares redirects that it is not to follow
            raise _bad_redirect() from None
        except Forbidden as error:
            raise FetchError(error.code, error.message, lasting=True) from None
        except httpx.HTTPError as error:
            raise described(error) from None
        return Answer(url, response.status_code, response.headers, body, elapsed_s)

    def _headers(self, url: str, validators: Validators | None) -> httpx.Headers:
        headers = {"User-Agent": self._agent, "Accept": ACCEPT, "Accept-Encoding": ENCODINGS}
        if validators is not None and validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators is not None and validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        if self._credentials is not None and same_site(url, self.site):
            headers |= self._credentials.headers
            if self._credentials.cookies:
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._credentials.cookies.items())
        return httpx.Headers(headers, encoding="latin-1")  # what users may give (RFC 9110 §5.5, obs-text)

    def _auth(self, url: str) -> httpx.Auth | None:
        given = self._credentials
        if given is None or given.username is None or not same_site(url, self.site):
            return None
        return httpx.BasicAuth(given.username, given.password or "")

    def _body(self, response: httpx.Response, max_bytes: int) -> bytes:
        if response.status_code in (204, 304) or 300 <= response.status_code < 400:
            return b""  # the connection is closed if more follows than fits into one read
        declared = response.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > max_bytes:
            raise _too_large(max_bytes)
        encoding = response.headers.get("content-encoding", "").strip().lower()
        body = bytearray()
        for part in unpacked(response.iter_raw(), encoding):
            if len(body) + len(part) > max_bytes:
                raise _too_large(max_bytes)
            body += part
        return bytes(body)


def unpacked(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Decoded blocks of at most 64 KB each, so that whoever counts them notices a bomb at once."""
    if encoding in _IDENTITY:
        yield from blocks
        return
    if encoding not in _GZIP + _DEFLATE:
        message = f"The server sent the content coding “{encoding[:40]}”, which we did not ask for."
        raise FetchError("BAD_ENCODING", message, lasting=True)
    packer, data = None, b""
    try:
        for block in blocks:
            if packer is not None and packer.eof:
                return  # what follows is no part of it, and may be without end
            data += block
            if packer is None and len(data) < 2:
                continue
            packer = packer or zlib.decompressobj(_window(encoding, data))
            part = None
            while data or (part and len(part) == CHUNK):  # a full part may have more behind it
                part = packer.decompress(data, CHUNK)
                yield part
                data = packer.unconsumed_tail
    except zlib.error:
        raise FetchError("BAD_ENCODING", "The server's compressed answer is damaged.", lasting=True) from None


def described(error: httpx.HTTPError) -> FetchError:
    """What a person is told of a transport's failure."""
    text = str(error)
    if UNRESOLVED in text:
        return FetchError("HOST_NOT_FOUND", HOST_NOT_FOUND)
    if isinstance(error, httpx.TimeoutException):
        return FetchError("TIMEOUT", "The server did not answer in time, or not completely.")
    if isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        return FetchError("TLS_FAILED", "The server's certificate or its TLS is not valid.", lasting=True)
    if isinstance(error, httpx.ConnectError):
        return FetchError("CONNECTION_FAILED", "No connection to the server could be made.")
    if isinstance(error, httpx.RemoteProtocolError) and " location" in text.lower():
        return _bad_redirect()
    return FetchError("BAD_ANSWER", f"The connection broke off ({type(error).__name__}).")


def _bad_redirect() -> FetchError:
    return FetchError("BAD_REDIRECT", "The server redirects to something that is no web address.", lasting=True)


def _too_large(max_bytes: int) -> FetchError:
    size = f"{max_bytes / 2**20:.0f} MB" if max_bytes >= 2**20 else f"{max_bytes:,} bytes"
    return FetchError("TOO_LARGE", f"The answer is larger than {size}.", lasting=True)


def _window(encoding: str, head: bytes) -> int:
    """zlib or gzip by its header (32 + 15: zlib.h, inflateInit2), or raw deflate, which some servers send
    (RFC 9110 §8.4.1.2, note)."""
    has_zlib_header = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return -15 if encoding in _DEFLATE and not has_zlib_header else 47


def _short(value: str | None) -> str | None:
    return value if value and len(value) <= 500 else None
