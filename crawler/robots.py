"""What a site's robots.txt allows (RFC 9309), as of one product token.

Beyond the RFC, as large crawlers do: Crawl-delay of the group that applies, and Sitemap lines of the whole file.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.patterns import is_run
from crawler.urls import escaped, path_of

MAX_BYTES = 500 * 1_024  # RFC 9309 §2.5
MAX_DELAY_S = 120.0
UNREACHABLE = "robots.txt cannot be reached"
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_STARS = re.compile(r"\*+")
_LINES = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Rule:
    """`pieces` is the text between stars, escaped; `size` in octets says how specific it is (RFC 9309 §2.2.2)."""

    line: str
    allows: bool
    pieces: tuple[str, ...]
    is_anchored: bool
    size: int

    def matches(self, target: str) -> bool:
        pieces = self.pieces if self.is_anchored else (*self.pieces, "")
        return target == pieces[0] if len(pieces) == 1 else is_run(pieces, target)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an origin gave no answer. A `lasting` one is so for every URL of the origin, and stays."""

    code: str
    lasting: bool


@dataclass(slots=True)
class _Group:
    rules: list[Rule] = field(default_factory=list)
    delay_s: float | None = None


class Robots:
    """Immutable once made; safe to share between threads."""

    def __init__(
        self,
        rules: list[Rule],
        delay_s: float | None = None,
        sitemaps: tuple[str, ...] = (),
        *,
        cause: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        # the longest first, allow before disallow: the first that matches decides
        self._rules = sorted(rules, key=lambda rule: (-rule.size, not rule.allows))
        self.delay_s = delay_s
        self.sitemaps = sitemaps
        self.cause = cause  # a sentence: why robots.txt cannot be reached now; None when it can
        self.fault = fault  # when nobody answered at all

    @classmethod
    def answered(cls, status: int, body: bytes, product: str) -> "Robots":
        """RFC 9309 §2.3.1: 4xx means no rules, 5xx no access; 429 asks for patience, not for a visit."""
        if 200 <= status < 300:
            return cls.parse(body, product)
        if status == 429 or status >= 500:
            return cls.unreachable(f"It was answered with HTTP {status}.")
        return cls.allow_all()

    @classmethod
    def parse(cls, body: bytes, product: str) -> "Robots":
        """Never raises: lines that say nothing known are passed over."""
        groups, sitemaps = _read(_text(body), "".join(_tokens(product)))
        group = groups.get(max(groups, key=lambda token: (token != "*", len(token)), default="*"), _Group())
        return cls(group.rules, group.delay_s, sitemaps)

    @classmethod
    def unreachable(cls, cause: str, fault: Fault | None = None) -> "Robots":
        return cls([], cause=cause, fault=fault)

    @classmethod
    def allow_all(cls) -> "Robots":
        return cls([])

    @property
    def unreachable_now(self) -> bool:
        return self.cause is not None

    def refusal(self, url: str) -> str | None:
        """The line that forbids the URL (in normal form), or None when it may be fetched."""
        path = path_of(url)
        if path == "/robots.txt":
            return None
        if self.unreachable_now:
            return UNREACHABLE
        target = _literal(escaped(path))
        for rule in self._rules:
            if rule.matches(target):
                return None if rule.allows else rule.line
        return None


def _text(body: bytes) -> str:
    if len(body) > MAX_BYTES:
        # a line cut in two would forbid more than it says
        body = body[:MAX_BYTES].rpartition(b"\n")[0]
    return body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Name in small letters and value of each line, without comments."""
    for line in _LINES.split(text):
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _read(text: str, ours: str) -> tuple[dict[str, _Group], tuple[str, ...]]:
    """Groups by product token, those of the same token merged (§2.2.1), and the sitemaps.

    Groups that cannot be ours are not kept: a thousand tokens before a thousand rules would make a million.
    """
    groups: dict[str, _Group] = defaultdict(_Group)
    sitemaps: dict[str, None] = {}
    tokens: set[str] = set()
    is_heading = False
    for name, value in _fields(text):
        if name == "user-agent":
            tokens = tokens if is_heading else set()
            tokens.update(token for token in _tokens(value) if _is_for(token, ours))
            is_heading = True
            for token in tokens:
                groups[token]  # a group without rules is one, too: it allows everything
        elif name in ("allow", "disallow"):
            is_heading = False
            _add(groups, tokens, _rule(name, value))
        elif name == "crawl-delay":
            for token in tokens:
                groups[token].delay_s = _longer(groups[token].delay_s, _delay_s(value))
        elif name == "sitemap" and value:
            sitemaps[value] = None
    return groups, tuple(sitemaps)


def _tokens(value: str) -> list[str]:
    """“*”, or the product token of “insydrbot/1.0 (+https://…)”; none when there is none."""
    if value.partition(" ")[0] == "*":
        return ["*"]
    match = _TOKEN.match(value)
    return [match[0].lower()] if match else []


def _add(groups: dict[str, _Group], tokens: set[str], rule: Rule | None) -> None:
    if rule is not None:
        for token in tokens:
            groups[token].rules.append(rule)


def _is_for(token: str, ours: str) -> bool:
    """For all, for us, or for the family that our token extends (“insydrbot” for “insydrbot-news”)."""
    return token in ("*", ours) or ours.startswith(f"{token}-")


def _rule(name: str, value: str) -> Rule | None:
    """None for “Disallow:” with nothing behind it, and for what is no path (§2.2.2: it begins with a slash)."""
    if not value.startswith(("/", "*")):
        return None
    path = escaped(value)
    is_anchored = path.endswith("$")
    text = _STARS.sub("*", path.removesuffix("$"))
    pieces = tuple(map(_literal, text.split("*")))
    return Rule(f"{name.capitalize()}: {value[:200]}", name == "allow", pieces, is_anchored, len(path))


def _literal(text: str) -> str:
    """“*” and “$” of the address itself as the rules write them (§2.2.3)."""
    return text.replace("*", "%2A").replace("$", "%24")


def _delay_s(value: str) -> float | None:
    try:
        delay_s = float(value.replace(",", "."))
    except ValueError:
        return None
    return min(delay_s, MAX_DELAY_S) if math.isfinite(delay_s) and delay_s >= 0 else None


def _longer(one: float | None, other: float | None) -> float | None:
    return max((delay for delay in (one, other) if delay is not None), default=None)
