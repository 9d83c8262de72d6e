"""One visit of one URL, from the rules to what is to be done with it. Nothing is stored and nothing is followed here:
what a page leads to goes into the frontier, redirects too, so that every hop passes the same checks."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import httpx

from core.clock import utc_now
from crawler.content import Kind, Recognised, readable, recognised
from crawler.fetch import Answer, Fetcher, FetchError
from crawler.fingerprints import fingerprint
from crawler.frontier import Claimed, Content, Found, Outcome, Result, Validators, Via
from crawler.javascript import needs_javascript
from crawler.page import Directives, Page, directives, link_header, read_page
from crawler.politeness import OVERLOADED, retry_after_s
from crawler.rendering_contract import Rendered
from crawler.robots import Robots
from crawler.rules import LISTS, Rules
from crawler.sitemaps import entries
from crawler.urls import UrlError, normal_form, origin_of, page_key, path_of

MAX_TRIES = 4
MAX_TRIES_OVERLOADED = 8  # the host asked for patience
MAX_HOPS = 10
RETRY_S = (2.0, 10.0, 30.0)
CONFIRM_S = 5.0  # until a page that is missing is asked for once more
LIST_BYTES = 50 * 2**20  # sitemaps.org: 50 MB
NEEDS_JAVASCRIPT = (
    "The page shows its text only with JavaScript. Set render to true for this crawl where Chromium is installed."
)
VALIDATORS = ("etag", "last-modified")
GONE = (404, 410)
LOCKED = (401, 403, 407)
TRUSTED_AFTER = timedelta(days=1)  # a sitemap's date may have no time of day


class RobotsOf(Protocol):
    def of(self, url: str) -> Robots: ...


Render = Callable[[Answer], Rendered]  # raises FetchError


@dataclass(frozen=True, slots=True)
class Contact:
    """What the visited host showed of itself."""

    elapsed_s: float
    status: int | None
    retry_after_s: float | None = None
    delay_s: float | None = None  # its Crawl-delay


@dataclass(frozen=True, slots=True)
class Visited:
    outcome: Outcome
    contact: Contact | None = None  # None: nothing was asked


@dataclass(frozen=True, slots=True)
class Visitor:
    """Thread-safe."""

    fetcher: Fetcher
    robots: RobotsOf
    rules: Rules
    product: str
    render: Render | None = None
    sitemaps: bool = True
    max_entries: int = 50_000

    def visit(self, claimed: Claimed) -> Visited:
        visited = self._visited(claimed)
        outcome = visited.outcome
        if claimed.via is Via.START and self.sitemaps and outcome.result not in (Result.REDIRECTED, Result.LATER):
            return replace(visited, outcome=replace(outcome, found=outcome.found + self._lists(claimed)))
        return visited

    def _lists(self, claimed: Claimed) -> tuple[Found, ...]:
        """The sitemaps that robots.txt names, else the one that most sites have."""
        robots = self.robots.of(claimed.url)
        named = [_resolved(one, claimed.url) for one in robots.sitemaps] or [f"{origin_of(claimed.url)}/sitemap.xml"]
        return tuple(Found(url, Via.SITEMAP, 0) for url in named if url is not None)

    def _visited(self, claimed: Claimed) -> Visited:
        refusal = self.rules.refusal(claimed.url, claimed.via, claimed.depth)
        if refusal is not None:
            return Visited(_skipped(claimed, *refusal))
        robots = self.robots.of(claimed.url)
        refused = robots.refusal(claimed.url)
        if refused is not None and robots.unreachable_now:
            return Visited(self._unreachable(claimed, robots))
        if refused is not None:
            return Visited(_skipped(claimed, "ROBOTS", f"The site's robots.txt says no: {refused}"))
        if _is_dated(claimed):
            return Visited(Outcome(claimed, Result.UNCHANGED))
        return self._fetched(claimed, robots.delay_s)

    def _unreachable(self, claimed: Claimed, robots: Robots) -> Outcome:
        """What no URL of the origin can escape is said at once. A silent origin that is not the site's own (https where
        it has none) is asked twice, for the whole crawl may wait for it."""
        if robots.fault is not None and robots.fault.lasting:
            return _failed(claimed, robots.fault.code, robots.cause or "")
        reason = f"The site's robots.txt cannot be reached, so nothing may be fetched for now. {robots.cause}"
        is_elsewhere = robots.fault is not None and origin_of(claimed.url) != origin_of(self.rules.site)
        if is_elsewhere and claimed.tries >= 1:
            return _failed(claimed, "ROBOTS_UNREACHABLE", reason)
        return _again(claimed, "ROBOTS_UNREACHABLE", reason)

    def _fetched(self, claimed: Claimed, delay_s: float | None) -> Visited:
        is_list = claimed.via in LISTS  # always read whole: what it lists may have changed its dates
        try:
            validators = None if is_list else claimed.validators
            answer = self.fetcher.get(claimed.url, validators, max_bytes=LIST_BYTES if is_list else None)
        except FetchError as error:
            return Visited(_failed_fetch(claimed, error), Contact(0.0, None, delay_s=delay_s))
        contact = Contact(answer.elapsed_s, answer.status, retry_after_s(answer.headers.get("retry-after")), delay_s)
        try:
            outcome = self._answered(claimed, answer, contact)
        except FetchError as error:  # of a rendered page's own requests
            outcome = _failed_fetch(claimed, error)
        return Visited(replace(outcome, status=answer.status), contact)

    def _answered(self, claimed: Claimed, answer: Answer, contact: Contact) -> Outcome:
        status = answer.status
        if status == 304:
            return Outcome(claimed, Result.UNCHANGED, validators=_kept(claimed, answer))
        if 300 <= status < 400:
            return self._redirected(claimed, answer.headers.get("location"))
        return self._read(claimed, answer) if 200 <= status < 300 else _refused(claimed, status, contact)

    def _redirected(self, claimed: Claimed, location: str | None) -> Outcome:
        try:
            target = normal_form(location or "", claimed.url)
        except UrlError as error:
            return _failed(
                claimed, "BAD_REDIRECT", f"The server redirects to something that is no web address. {error.reason}"
            )
        return self._moved(claimed, target)

    def _moved(self, claimed: Claimed, target: str) -> Outcome:
        if claimed.hops >= MAX_HOPS:
            return _failed(claimed, "TOO_MANY_REDIRECTS", f"More than {MAX_HOPS} redirects in a row.")
        if target == claimed.url:
            return _failed(claimed, "TOO_MANY_REDIRECTS", "The page redirects to itself.")
        if page_key(target) == page_key(claimed.url):
            return Outcome(claimed, Result.LATER, "MOVED", "The same page under another address.", url=target)
        via = claimed.via if claimed.via in (Via.START, *LISTS) else Via.REDIRECT
        onward = Found(target, via, claimed.depth, claimed.hops + 1)
        if self.rules.is_ours(target) or via in LISTS:
            return Outcome(claimed, Result.REDIRECTED, found=(onward,), target=target)
        if via is Via.START:
            return Outcome(claimed, Result.REDIRECTED, found=(onward,), target=target, moved_site=target)
        return replace(_skipped(claimed, "OTHER_SITE", "It redirects to another site."), target=target)

    def _read(self, claimed: Claimed, answer: Answer) -> Outcome:
        what = recognised(answer)
        if what.kind is Kind.LIST or claimed.via in LISTS:
            return self._list(claimed, answer)
        if what.kind is Kind.OTHER:
            kind = answer.content_type or "unknown"
            return _skipped(claimed, "NOT_TEXT", f"Files of the type “{kind[:80]}” hold no text that can be read.")
        if not answer.body.strip():
            return _skipped(claimed, "EMPTY", "The page is empty.")
        if what.kind is Kind.FILE:
            return self._file(claimed, answer, what)
        return self._page(claimed, answer, what)

    def _list(self, claimed: Claimed, answer: Answer) -> Outcome:
        found = []
        is_feed = claimed.via is Via.FEED
        for entry in entries([answer.body], answer.url):
            via = Via.SITEMAP if entry.is_index else Via.FEED_ENTRY if is_feed else Via.SITEMAP_ENTRY
            hops = claimed.hops + 1 if entry.is_index else 0
            if hops <= MAX_HOPS:
                found.append(Found(entry.url, via, claimed.depth + (not entry.is_index), hops, entry.modified))
            if len(found) >= self.max_entries:
                break
        return Outcome(claimed, Result.READ, found=tuple(found), validators=answer.validators)

    def _file(self, claimed: Claimed, answer: Answer, what: Recognised) -> Outcome:
        if directives(answer.all("x-robots-tag"), self.product).noindex:
            return _skipped(claimed, "NOINDEX", "The site asks not to index it (X-Robots-Tag).")
        if not self.rules.is_included(claimed.url):
            return _skipped(claimed, "NOT_INCLUDED", "No include pattern names it.")
        content = Content(answer.body, what.file_name, answer.content_hash)
        return _content(claimed, answer, content)

    def _page(self, claimed: Claimed, answer: Answer, what: Recognised) -> Outcome:
        body = readable(answer.body, answer.charset)
        page = read_page(body, answer.url, answer.charset, self.product)
        if needs_javascript(page, body):
            if self.render is None:
                found = self._links(claimed, page, _all(page, answer, self.product))
                return replace(_skipped(claimed, "NEEDS_JAVASCRIPT", NEEDS_JAVASCRIPT), found=found)
            rendered = self.render(answer)
            if rendered.moved_to is not None:
                return self._redirected(claimed, rendered.moved_to)
            body = rendered.body
            page = read_page(body, answer.url, "utf-8", self.product)
            # what scripts fetch may change while the shell does not: the next visit is not conditional
            answer = replace(
                answer,
                headers=httpx.Headers(
                    [item for item in answer.headers.multi_items() if item[0].lower() not in VALIDATORS]
                ),
            )
        said = _all(page, answer, self.product)
        found = self._links(claimed, page, said)
        if page.refresh is not None and page_key(page.refresh) != page_key(claimed.url):
            moved = self._moved(claimed, page.refresh)
            return replace(moved, found=moved.found + found)
        skipped = self._unwanted(claimed, page, answer, said)
        if skipped is not None:
            return replace(skipped, found=found + skipped.found)
        content = Content(body, what.file_name, hashlib.sha256(body).hexdigest(), _signature(page))
        print_ = fingerprint(page.text)
        return replace(_content(claimed, answer, content), found=found, fingerprint=print_)

    def _unwanted(self, claimed: Claimed, page: Page, answer: Answer, said: Directives) -> Outcome | None:
        """Read for its links only: noindex, not included, or the copy of another page by its own word."""
        if said.noindex:
            return _skipped(claimed, "NOINDEX", "The page asks not to be indexed (robots noindex).")
        if not self.rules.is_included(claimed.url):
            return _skipped(claimed, "NOT_INCLUDED", "No include pattern names it.")
        canonical = page.canonical or _linked_canonical(answer)
        if canonical is None or page_key(canonical) == page_key(claimed.url) or not self._believed(canonical, claimed):
            return None
        skipped = _skipped(claimed, "CANONICAL", "The page names another one as its original (rel=canonical).")
        return replace(
            skipped, target=canonical, found=(Found(canonical, Via.CANONICAL, claimed.depth, claimed.hops + 1),)
        )

    def _believed(self, canonical: str, claimed: Claimed) -> bool:
        """Copies on other hosts are what is to be crawled; a whole site that calls itself its home page is mistaken."""
        is_home = path_of(canonical) == "/" and path_of(claimed.url).split("?")[0] != "/"
        return self.rules.is_ours(canonical) and not is_home and claimed.hops < MAX_HOPS

    def _links(self, claimed: Claimed, page: Page, said: Directives) -> tuple[Found, ...]:
        if said.nofollow:
            return ()
        links = [Found(url, Via.LINK, claimed.depth + 1) for url in page.links if self.rules.is_ours(url)]
        is_start = claimed.via is Via.START and self.sitemaps
        feeds = [Found(url, Via.FEED, claimed.depth) for url in page.feeds] if is_start else []
        return (*links, *feeds)


def _content(claimed: Claimed, answer: Answer, content: Content) -> Outcome:
    same = claimed.content_hash == content.content_hash
    seen = content.signature is not None and content.signature == claimed.signature
    if same or seen:
        return Outcome(claimed, Result.UNCHANGED, validators=answer.validators)
    return Outcome(claimed, Result.CONTENT, content=content, validators=answer.validators)


def _is_dated(claimed: Claimed) -> bool:
    """Whether the sitemap's date alone says that nothing changed: only where no request can be conditional."""
    if claimed.validators or claimed.content_hash is None or claimed.modified is None or claimed.fetched_at is None:
        return False
    return claimed.modified + TRUSTED_AFTER < claimed.fetched_at <= utc_now()


def _refused(claimed: Claimed, status: int, contact: Contact) -> Outcome:
    """Statuses from 400 on."""
    overloaded = status in OVERLOADED
    if overloaded or status >= 500:
        wait_s = contact.retry_after_s if overloaded else None
        return _again(
            claimed, "SERVER_ERROR", f"The server answered with HTTP {status}.", wait_s, overloaded=overloaded
        )
    if claimed.via in LISTS:
        return Outcome(claimed, Result.READ, "NO_LIST", f"There is no sitemap or feed here (HTTP {status}).")
    if status in GONE:
        reason = f"The server says there is no such page (HTTP {status})."
        return Outcome(claimed, Result.MISSING, "MISSING", reason, delay_s=CONFIRM_S)
    if status in LOCKED:
        reason = f"The server wants a login (HTTP {status}). Give the crawl credentials for it."
        return _failed(claimed, "ACCESS_DENIED", reason)
    return _failed(claimed, "HTTP_ERROR", f"The server answered with HTTP {status}.")


def _failed_fetch(claimed: Claimed, error: FetchError) -> Outcome:
    if error.lasting:
        return _failed(claimed, error.code, error.message)
    return _again(claimed, error.code, error.message)


def _again(
    claimed: Claimed, code: str, reason: str, wait_s: float | None = None, *, overloaded: bool = False
) -> Outcome:
    if claimed.tries + 1 >= (MAX_TRIES_OVERLOADED if overloaded else MAX_TRIES):
        return _failed(claimed, code, reason)
    delay_s = RETRY_S[min(claimed.tries, len(RETRY_S) - 1)] if wait_s is None else wait_s
    return Outcome(claimed, Result.LATER, code, reason, delay_s=delay_s)


def _failed(claimed: Claimed, code: str, reason: str) -> Outcome:
    return Outcome(claimed, Result.FAILED, code, reason)


def _skipped(claimed: Claimed, code: str, reason: str) -> Outcome:
    return Outcome(claimed, Result.SKIPPED, code, reason)


def _kept(claimed: Claimed, answer: Answer) -> Validators:
    """A 304 may leave out what has not changed (RFC 9110 §15.4.5)."""
    new, old = answer.validators, claimed.validators
    return Validators(new.etag or old.etag, new.last_modified or old.last_modified)


def _all(page: Page, answer: Answer, product: str) -> Directives:
    header = directives(answer.all("x-robots-tag"), product)
    return Directives(header.noindex or page.directives.noindex, header.nofollow or page.directives.nofollow)


def _linked_canonical(answer: Answer) -> str | None:
    for value in answer.all("link"):
        found = link_header(value, answer.url)
        if found is not None:
            return found
    return None


def _resolved(url: str, base: str) -> str | None:
    try:
        return normal_form(url, base)
    except UrlError:
        return None


def _signature(page: Page) -> str:
    """Of what a reader sees: a token or a time in the page's machinery is no change."""
    return hashlib.sha256(f"{page.title}\0{page.seen}".encode(errors="surrogatepass")).hexdigest()
