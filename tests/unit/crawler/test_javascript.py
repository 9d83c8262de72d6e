"""Pages that are empty without scripts, and short ones that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.javascript import needs_javascript
from crawler.page import read_page
from tests.support.effort import Effort

URL = "https://example.com/"
BUNDLE = '<script type="module" src="/assets/index-4f2a.js"></script>'
ANALYTICS = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script><script>gtag()</script>'
WORDS = "word " * 30


def needs(html: str) -> bool:
    body = html.encode()
    return needs_javascript(read_page(body, URL), body)


class TestShells:
    @pytest.mark.parametrize(
        "html",
        [
            f'<head>{BUNDLE}</head><body><div id="root"></div></body>',
            f"<body><div id=app></div>{BUNDLE}</body>",
            f'<body><div class="x" id=\'__next\' data-y="z"><!-- --></div>{BUNDLE}</body>',
            f'<body><div id="__nuxt"><div class="spinner"><svg><path/></svg></div></div>{BUNDLE}</body>',
            f'<body><div id="app">Loading, please wait…</div>{BUNDLE}<script>var a = "many words in it";</script>',
            f"<body><app-root></app-root><noscript>Please read this notice about nothing</noscript>{BUNDLE}</body>",
            f"<body><noscript>You need to enable JavaScript to run this app.</noscript><div id=x></div>{BUNDLE}</body>",
            f"<body><noscript><p>Bitte aktivieren Sie JavaScript.</p></noscript>{BUNDLE}</body>",
            f"<body><p>This site requires Javascript to work.</p>{BUNDLE}</body>",
            f"<head><title>App</title>{BUNDLE}</head><body></body>",
            f"<body><flutter-view></flutter-view>{BUNDLE}</body>",
            f'<body><header>{WORDS}</header><div id="root"></div>{BUNDLE}<footer></footer></body>',
        ],
    )
    def test_need_it(self, html: str) -> None:
        assert needs(html)


class TestHonestPages:
    @pytest.mark.parametrize(
        "html",
        [
            "<p>Ten words of text and not one script at all.</p>",
            f"<p>Ten words of text and something that counts visitors.</p>{ANALYTICS}",
            f"<p>We moved.</p>{ANALYTICS}",
            f'<p>Short.</p><a href="/a">Go on</a>{BUNDLE}',
            f"<body>{ANALYTICS}</body>",
            f"<p>This page works without JavaScript.</p>{ANALYTICS}",
            "<p>Short and whole.</p><script>alert('Please enable JavaScript')</script>",
            "<body><script type='application/ld+json' src='/a.json'>{}</script></body>",
            f'<body><div id="root"><h1>Not found</h1><p>There is no such page, sorry.</p></div>{BUNDLE}</body>',
            f'<body><div id="root"><p>{WORDS}</p></div>{BUNDLE}</body>',
            f"<body><p>{WORDS}</p><noscript>Enable JavaScript.</noscript>{BUNDLE}</body>",
            f'<body><div id="application-form">Fill it in</div><a href="/x">x</a>{BUNDLE}</body>',
            f'<meta http-equiv="refresh" content="0;url=/new">{BUNDLE}',
            f'<frameset><frame src="a"></frameset>{BUNDLE}',
            '<div id="root"></div>',
            "",
        ],
    )
    def test_do_not_need_it(self, html: str) -> None:
        assert not needs(html)


class TestHostile:
    @given(st.binary(max_size=200))
    def test_raises_nothing(self, body: bytes) -> None:
        html = b'<script src=x></script><div id="root">' + body
        assert needs_javascript(read_page(html, URL), html) in (True, False)

    @pytest.mark.parametrize(
        "piece",
        [b"<div ", b"<div id=root><script", b"<script src=", b"<!--", b"javascript ", b"enable ", b"<", b"<svg>"],
    )
    def test_takes_no_time(self, piece: bytes) -> None:
        body = b"<script src=x></script><div id=root>" + piece * (1_000_000 // len(piece))
        page = read_page(b"<script src=x></script>", URL)
        effort = Effort()
        needs_javascript(page, body)
        assert effort.spent_s() < 4
