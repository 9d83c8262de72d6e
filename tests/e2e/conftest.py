"""A real browser, one for the tests of a file."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import services

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright's, over the machine's Chromium."""
    playwright = services.module("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=services.chromium(), args=ARGUMENTS)
        yield opened
        opened.close()
