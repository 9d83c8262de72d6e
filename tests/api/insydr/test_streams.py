"""Event streams end with what opened them, and cost one look at the database however many there are."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from sqlalchemy.orm import Session

import api.insydr.events
import api.progress
from api.progress import STREAMS_EACH, Progress, Seen
from domain.models import Job, JobKind, JobStatus
from tests.support.client import Workspace, until

Lines = Iterator[str]


@pytest.fixture
def endless(workspace: Workspace) -> str:
    """Events of a job that does not end."""
    return f"/jobs/{endless_job(workspace)}/events"


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are looked at every time."""
    monkeypatch.setattr(api.insydr.events, "CHECK_S", 0.1)


@contextmanager
def stream(workspace: Workspace, path: str, token: str | None = None) -> Iterator[Lines]:
    """Its lines, after the first event has come."""
    url = f"{workspace.shape.http.base_url}/api/v1/workspaces/{workspace.id}{path}"
    headers = {"Authorization": f"Bearer {token or workspace.token}"}
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as reply:
        assert reply.status_code == 200, reply.read()
        lines = reply.iter_lines()
        assert next(lines) == "event: progress"
        yield lines


def end_of(lines: Lines) -> str:
    """The last event's data."""
    return [line for line in lines if line.startswith("data:")][-1]


@pytest.mark.usefixtures("strict")
class TestEnd:
    def test_with_the_login(self, workspace: Workspace) -> None:
        account = workspace.shape.sign_up("Leaver")
        mine = account.workspace()
        path = f"/jobs/{endless_job(mine)}/events"
        with stream(mine, path) as lines:
            assert account.call("POST", "/auth/logout").is_success
            assert "INVALID_TOKEN" in end_of(lines)

    def test_with_the_key(self, workspace: Workspace, endless: str) -> None:
        key = workspace.post("/api-keys", json={"name": "Reader", "kind": "secret"}).json()
        with stream(workspace, endless, key["key"]) as lines:
            assert workspace.delete(f"/api-keys/{key['id']}").is_success
            assert "INVALID_API_KEY" in end_of(lines)

    def test_with_what_is_watched(self, workspace: Workspace, endless: str) -> None:
        with stream(workspace, endless) as lines:
            assert workspace.post(endless.removesuffix("/events") + "/cancel").status_code == 200
            assert '"status":"CANCELLED"' in end_of(lines)


class TestSlowReader:
    def test_gets_the_end_that_came_while_it_was_busy(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where it writes longer than the next look takes, which then is the last."""
        monkeypatch.setattr(api.progress, "POLL_S", 0.0)
        looks = asyncio.Event()

        def look(_: Session, ids: Sequence[str]) -> dict[str, Seen]:
            return dict.fromkeys(ids, Seen("ended" if looks.is_set() else "going", looks.is_set()))

        async def main() -> list[str]:
            read: list[str] = []
            progress = Progress()
            async for seen in progress.states(workspace.shape.parts.database, look, "job_1", every_s=60):
                read.append(seen.text if seen else "")
                looks.set()
                (watcher,) = progress._watchers
                while not (watcher.seen and watcher.seen.ended):
                    await asyncio.sleep(0)
            return read

        assert asyncio.run(main()) == ["going", "ended"]


class TestMany:
    def test_of_one_holder_are_bounded(self, workspace: Workspace) -> None:
        account = workspace.shape.sign_up("Watcher")
        mine = account.workspace()
        path = f"/jobs/{endless_job(mine)}/events"
        with ExitStack() as opened:
            for _ in range(STREAMS_EACH):
                opened.enter_context(stream(mine, path))
            refused = mine.get(path)
            assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_STREAMS")
            assert refused.headers["retry-after"]
        assert until(lambda: open_again(mine, path), lambda is_open: is_open)

    def test_share_one_look(self, workspace: Workspace, endless: str) -> None:
        """Ten that watch the same job: each look is one query."""
        database, sizes = workspace.shape.parts.database, list[int]()

        def note(session: Session, ids: Sequence[str]) -> dict[str, Seen]:
            sizes.append(len(ids))
            return {key: Seen("{}", False) for key in ids}

        async def watch(progress: Progress, number: int) -> None:
            async for seen in progress.states(database, note, f"job_{number % 3}", every_s=60):
                assert seen == Seen("{}", False)
                return

        async def main() -> None:
            progress = Progress()
            await asyncio.gather(*(watch(progress, number) for number in range(200)))

        asyncio.run(main())
        assert sizes == [3]


def endless_job(workspace: Workspace) -> str:
    """A job that does not end."""
    row = Job(
        id=f"job_{workspace.id[-20:]}", workspace_id=workspace.id, kind=JobKind.BATCH, open=True, errors=[],
        status=JobStatus.PROCESSING,
    )  # fmt: skip
    with workspace.shape.parts.database.write() as session:
        session.add(row)
    return row.id


def open_again(workspace: Workspace, path: str) -> bool:
    url = f"{workspace.shape.http.base_url}/api/v1/workspaces/{workspace.id}{path}"
    headers = {"Authorization": f"Bearer {workspace.token}"}
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as reply:
        return reply.status_code == 200
