"""What all tests of pipelines share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from tests.support.questions import Asking
from tests.support.services import fresh_postgres


@pytest.fixture(autouse=True)
def _a_busy_machine_is_no_slow_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other tests run beside, an answer takes long now and then: the crawl must not ask for less at once."""
    monkeypatch.setattr("crawler.politeness.SLOW_S", 60.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asking]:
    """A workspace on either database, in which questions are asked."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'a.db'}")
        yield Asking.on(database)
        database.close()
        return
    with fresh_postgres() as url:
        database = Database(url)
        yield Asking.on(database)
        database.close()
