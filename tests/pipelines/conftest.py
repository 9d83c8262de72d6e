"""What all tests of pipelines share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.database import Database
from tests.support.databases import postgres, sqlite_at
from tests.support.questions import Asking


@pytest.fixture(autouse=True)
def _a_busy_machine_is_no_slow_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other tests run beside, an answer takes long now and then: the crawl must not ask for less at once."""
    monkeypatch.setattr("crawler.politeness.SLOW_S", 60.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Either one, with its tables."""
    with ExitStack() as stack:
        is_sqlite = request.param == "sqlite"
        url = sqlite_at(tmp_path / "a.db") if is_sqlite else stack.enter_context(postgres())
        found = Database(url)
        stack.callback(found.close)
        yield found


@pytest.fixture
def asking(database: Database) -> Asking:
    """A workspace on either database, in which questions are asked."""
    return Asking.on(database)
