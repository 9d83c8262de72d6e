"""Running installations in both shapes, and accounts and workspaces on them."""

import os
import time
from collections.abc import Iterator

import hypothesis
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from crawler.politeness import Politeness
from tests.support.client import Account, Shape, Workspace
from tests.support.installation import SECRET, configure_test_logs, quick_settings, running
from tests.support.services import fresh_postgres, fresh_redis
from tests.support.site import Site

# `pytest --hypothesis-profile thorough` (make test-all) looks further, and elsewhere each time
hypothesis.settings.register_profile("quick", max_examples=20, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("thorough", max_examples=300, deadline=None)
hypothesis.settings.load_profile("quick")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine() -> Iterator[None]:
    """The environment's own settings must not reach a test."""
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("INSYDR_")]:
        patch.delenv(name)
    patch.setenv("INSYDR_CONFIG", os.devnull)
    configure_test_logs()
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 with a hundredth of the memory: thousands of accounts are made, and no stranger guesses at their
    passwords."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=512, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.passwords._hasher", lambda: quick)
        yield


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    """SQLite, workers in the server, the embedded index, a folder of blobs."""
    with running("embedded", quick_settings(tmp_path_factory.mktemp("embedded"))) as shape:
        yield shape


@pytest.fixture(scope="session")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shape]:
    """PostgreSQL, Redis with a real Dramatiq worker, Qdrant's client."""
    with fresh_postgres() as database_url, fresh_redis() as broker_url:
        settings = quick_settings(
            tmp_path_factory.mktemp("scaled"),
            database_url=database_url,
            broker_url=broker_url,
            qdrant_url=":memory:",
            secret_key=SECRET,
            plan_default="ENTERPRISE",
        )
        with running("scaled", settings, worker=True) as shape:
            yield shape


@pytest.fixture(scope="session", params=["embedded", "scaled"])
def shape(request: pytest.FixtureRequest) -> Shape:
    """Each shape in turn."""
    found: Shape = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def owner(embedded: Shape) -> Account:
    """An account on the embedded shape."""
    return embedded.sign_up("Owner")


@pytest.fixture
def workspace(owner: Account) -> Workspace:
    """A fresh workspace on the embedded shape."""
    return owner.workspace()


@pytest.fixture(scope="session")
def _shape_owners() -> dict[str, Account]:
    return {}


@pytest.fixture
def shaped(shape: Shape, _shape_owners: dict[str, Account]) -> Workspace:
    """A fresh workspace on each shape in turn."""
    if shape.name not in _shape_owners:
        _shape_owners[shape.name] = shape.sign_up("Shaped")
    return _shape_owners[shape.name].workspace()


@pytest.fixture
def site() -> Iterator[Site]:
    """A web site on loopback."""
    with Site() as made:
        yield made


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When crawls of this process began a visit. On a busy machine the site notices a request only some time later."""
    moments: list[float] = []
    begin = Politeness.begin

    def noted(politeness: Politeness) -> None:
        moments.append(time.monotonic())
        begin(politeness)

    monkeypatch.setattr(Politeness, "begin", noted)
    return moments


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bootstraps of what is not a mean take 50 resamples instead of 1,000."""
    from evals.quality import compare, figures

    monkeypatch.setattr(figures, "RESAMPLES", 50)
    monkeypatch.setattr(compare, "RESAMPLES", 50)
