"""Pages that show nothing until a program has run in the browser."""

import re

from crawler.page import Page

FEW_WORDS = 25
NEXT_TO_NONE = 5  # “Loading, please wait…”
_LOOKED_AT = 300_000  # bytes
_ROOT_BYTES = 8_192  # looked at behind an application's root
# elements that applications fill: React, Vue, Next, Nuxt, Gatsby, Angular, Svelte, Ember, Blazor, Docusaurus, Quasar
_ROOT = re.compile(
    rb"<(?:div|main|body|section)\b[^>]{0,300}?\sid\s{0,3}=\s{0,3}[\"']?"
    rb"(?:root|app|app-root|react-root|react-app|main-app|__next|__nuxt|___gatsby|svelte|__docusaurus|q-app|"
    rb"ember-app|application|single-spa-[\w-]{1,40})[\"'\s>][^>]{0,300}>?"
    rb"|<(?:app-root|flutter-view|flt-glass-pane|main-app|my-app)\b[^>]{0,300}>",
    re.I,
)
_UNSEEN = re.compile(rb"<(script|style|noscript|template|svg|iframe)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_PROGRAMS = re.compile(rb"<script\b.*?(?:</script\s*>|\Z)", re.I | re.S)
_TAG = re.compile(rb"<!--.*?-->|<[^>]*>", re.S)
# what noscript elements and shells ask for, in the larger languages of the web
_NOTICE = re.compile(
    rb"(?:enable|activate|requires?|needs?|turn on|aktivier\w*|aktivez|activer|activa|habilit\w*|attiva\w*)"
    rb"[^<>]{0,60}?java\s?script"
    rb"|java\s?script[^<>]{0,60}?(?:enabled|required|disabled|necess|aktivier|deaktiviert|erforderlich|d\xc3\xa9sactiv|"
    rb"activ|habilit|abilitat|nodig|vereist)",
    re.I,
)
_SCRIPT = re.compile(rb"<script\b([^>]{0,1000})>", re.I)
_DATA_TYPE = re.compile(
    rb"\btype\s{0,3}=\s{0,3}[\"']?(?:application/(?:ld\+)?json|importmap|speculationrules|text/x-)", re.I
)
_ANALYTICS = re.compile(
    rb"google-?analytics|googletagmanager|gtag/js|/ga\.js|matomo|piwik|plausible|umami|fathom|hotjar|clarity\.ms|"
    rb"cloudflareinsights|goatcounter|simpleanalytics|segment\.com|mixpanel|hs-scripts|statcounter|yandex|adsbygoogle|"
    rb"cookiebot|onetrust|usercentrics|fbevents",
    re.I,
)
_SRC = re.compile(rb"\bsrc\s{0,3}=", re.I)


def needs_javascript(page: Page, body: bytes) -> bool:
    """Whether scripts would show what is missing. A short page that is whole is none such, whatever counts its
    visitors: it has no empty root, asks for nothing, and has words or links of its own."""
    words = len(page.text.split())
    if page.scripts == 0 or words >= FEW_WORDS:
        return False
    html = body[:_LOOKED_AT]
    if _has_empty_root(html) or _NOTICE.search(_PROGRAMS.sub(b" ", html)):
        return True
    is_blank = words < NEXT_TO_NONE and not page.links and page.refresh is None
    return is_blank and _has_program(html)


def _has_empty_root(html: bytes) -> bool:
    """An application's root with next to no words from there to the page's end."""
    match = _ROOT.search(html)
    if match is None:
        return False
    behind = _UNSEEN.sub(b" ", html[match.end() : match.end() + _ROOT_BYTES])
    return len(_TAG.sub(b" ", behind).split()) < NEXT_TO_NONE


def _has_program(html: bytes) -> bool:
    """A script file that is not there to count visitors."""
    tags = (match[1] for match in _SCRIPT.finditer(html))
    return any(_SRC.search(tag) and not _DATA_TYPE.search(tag) and not _ANALYTICS.search(tag) for tag in tags)
