"""Globs over addresses, as a crawl's owner writes them: “/docs/*”, “https://docs.example.com/*”, “*.pdf”."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from crawler.urls import escaped, host_form, path_of

MAX_PATTERNS = 100
MAX_LENGTH = 500  # characters
MAX_STARS = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_START = re.compile(r"[/*]|https?://", re.I)
_FULL = re.compile(r"([^/?#]*://[^/?#]*)(.*)", re.S)
# “*.example.com/x*”: a path cannot begin like that and be meant
_HOST_FIRST = re.compile(r"(\*\.[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?)(/.*)", re.S)


class PatternError(ValueError):
    """Not a usable glob; `reason` says what would work, in a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Glob:
    """“*” is any run of characters, “/” too; all else is literal, “?” too, for addresses have queries.

    Without any “*” it stands for that path and all below it. `pieces` is the text between the stars, escaped as
    normal forms are; `is_full` when it is matched against the whole address instead of path and query.
    """

    text: str
    pieces: tuple[str, ...]
    is_full: bool

    @classmethod
    def parse(cls, text: str) -> "Glob":
        """Raises PatternError."""
        text = text.strip()
        _check(text)
        head, tail = _head_and_tail(text)
        pieces = (_host_lowered(head) + escaped(tail)).split("*")
        return cls(text, tuple(pieces), bool(head))

    def matches(self, url: str) -> bool:
        """Whether it names the URL, which is in normal form. Linear in the URL's length for each star."""
        target = url if self.is_full else path_of(url)
        if len(self.pieces) == 1:
            return _is_at_or_below(target, self.pieces[0])
        return is_run(self.pieces, target)


def is_run(pieces: Sequence[str], text: str) -> bool:
    """Whether `text` is the pieces (two or more) in their order with anything between them. No backtracking: the
    leftmost place of a piece leaves the most room for the next."""
    first, *middle, last = pieces
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(text) - len(last) >= at and text.endswith(last)


def parse_all(texts: Sequence[str], field: str) -> tuple[Glob, ...]:
    """Raises InvalidInput with the field of the first bad one."""
    if len(texts) > MAX_PATTERNS:
        raise InvalidInput(f"At most {MAX_PATTERNS} patterns can be given; these are {len(texts)}.", field=field)
    globs = []
    for index, text in enumerate(texts):
        try:
            globs.append(Glob.parse(text))
        except PatternError as error:
            raise InvalidInput(error.reason, field=f"{field}.{index}") from None
    return tuple(globs)


def matches_any(globs: Iterable[Glob], url: str) -> bool:
    """Whether one of them names the URL, which is in normal form."""
    return any(glob.matches(url) for glob in globs)


def _check(text: str) -> None:
    if not text:
        raise PatternError("The pattern is empty. Give one such as /docs/*.")
    if len(text) > MAX_LENGTH:
        raise PatternError(f"The pattern is longer than {MAX_LENGTH} characters. Give a shorter one.")
    if _CONTROL.search(text):
        raise PatternError("The pattern holds control characters or line breaks. Give one pattern an entry.")
    if text.count("*") > MAX_STARS:
        raise PatternError(f"The pattern has more than {MAX_STARS} stars. Give several simpler ones.")
    if not _START.match(text):
        shown = text[:80]
        raise PatternError(
            f"The pattern must begin with “/”, “*” or “https://”: write “/{shown}” for a path of the site, "
            f"“*{shown}*” for anything that holds it, or “https://{shown}” for an address."
        )


def _head_and_tail(text: str) -> tuple[str, str]:
    """The part with scheme and host, empty when the pattern is about paths, and the rest."""
    match = None if text.startswith("/") else _FULL.fullmatch(text) or _HOST_FIRST.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)


def _host_lowered(head: str) -> str:
    """As normal forms have it; a host with stars can only be put into small letters."""
    head = head.lower()
    scheme, mark, host = head.partition("://")
    if "*" in host or host.isascii():
        return head
    try:
        return scheme + mark + host_form(host)
    except ValueError:
        return head


def _is_at_or_below(target: str, base: str) -> bool:
    base = base.removesuffix("/")
    if not target.startswith(base):
        return False
    rest = target[len(base) :]
    return not rest or rest == "/" or ("?" not in base and rest[0] in "/?")
