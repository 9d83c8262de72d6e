"""What all tests of pipelines share."""

import pytest


@pytest.fixture(autouse=True)
def _a_busy_machine_is_no_slow_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other tests run beside, an answer takes long now and then: the crawl must not ask for less at once."""
    monkeypatch.setattr("crawler.politeness.SLOW_S", 60.0)
