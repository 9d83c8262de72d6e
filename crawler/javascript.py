"""Pages that are empty until a program has run in the browser."""

import re

from crawler.page import Page

FEW_WORDS = 25
VERY_FEW_WORDS = 5
HEAD = 200_000
# roots that applications fill in: React, Vue, Nuxt, Next, Angular, Svelte, Ember, Gatsby, Flutter
_ROOT = re.compile(
    rb"<(?:div|main|body|section)[^>]{0,300}\bid\s*=\s*[\"']?(?:root|app|__next|__nuxt|___gatsby|svelte|app-root|ember\d*|"
    rb"react-root|main-app|q-app|__docusaurus|application|content-root)[\"'\s>]|<app-root\b|\bng-app\b|\bdata-reactroot\b"
    rb"|<flutter-view\b|<flt-glass-pane\b",
    re.I,
)
_ENABLE = re.compile(
    rb"(?:enable|requires?|needs?|aktivieren|without|turn on)[^<]{0,60}java\s?script|java\s?script[^<]{0,80}"
    rb"(?:enable|required|needed|disabled|deaktiviert|aktivier|erforderlich)",
    re.I,
)


def needs_javascript(page: Page, body: bytes) -> bool:
    """Whether scripts would show what is missing; a short page that is whole is none such."""
    words = len(page.text.split())
    if page.scripts == 0 or words >= FEW_WORDS:
        return False
    head = body[:HEAD]
    if _ROOT.search(head) or (_ENABLE.search(head) and words < FEW_WORDS):
        return True
    return words < VERY_FEW_WORDS and not page.links and page.refresh is None
