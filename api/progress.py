"""Progress for all who watch: one look at the database twice a second, however many there are."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from api.pools import Pool
from core.database import Database
from core.errors import InsydrError, NotFound, TooManyRequests, Unavailable

log = structlog.get_logger()
POLL_S = 0.5
STREAMS_EACH = 20  # of one user or key
STREAMS_RETRY_S = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of one thing as JSON, and whether nothing more will come."""

    text: str
    ended: bool


Look = Callable[[Session, Sequence[str]], dict[str, Seen]]  # ids → what is there of them


@dataclass(eq=False, slots=True)
class _Watcher:
    look: Look
    id: str
    news: asyncio.Event = field(default_factory=asyncio.Event)
    seen: Seen | None = None
    error: InsydrError | None = None

    def tell(self, seen: Seen | None) -> None:
        if seen is None:
            self.fail(NotFound("It was deleted meanwhile."))
        elif seen != self.seen:
            self.seen = seen
            self.news.set()

    def fail(self, error: InsydrError) -> None:
        self.error = error
        self.news.set()


class Progress:
    """Of one application. Belongs to one event loop."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()
        self._streams: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._pool = Pool("PROGRESS_BUSY", "The look for progress is late. Try again.", places=1, queue=1)

    def close(self) -> None:
        """The server stops: every stream ends with a word, instead of being waited for. Called in the event loop."""
        stopping = Unavailable("The server is stopping. Open the stream again in a moment.", code="STOPPING")
        self._fail(list(self._watchers), stopping)

    def check_limit(self, holder: str) -> None:
        """Raise `TooManyRequests` for who has as many streams open as one may."""
        if self._streams[holder] >= STREAMS_EACH:
            raise TooManyRequests(
                f"You have {STREAMS_EACH} streams open already. Close one, or ask for the state instead.",
                retry_after_s=STREAMS_RETRY_S,
                code="TOO_MANY_STREAMS",
            )

    @contextmanager
    def stream(self, holder: str) -> Iterator[None]:
        """Counts while the block runs."""
        self._streams[holder] += 1
        try:
            yield
        finally:
            self._streams[holder] -= 1
            if not self._streams[holder]:
                del self._streams[holder]

    async def states(
        self, database: Database, look: Look, watched_id: str, *, every_s: float
    ) -> AsyncIterator[Seen | None]:
        """Each state that differs from the one before, the last one with `ended`; None when `every_s` passed without.

        Raises `NotFound` when it was deleted, and what a look raises.
        """
        watcher = _Watcher(look, watched_id)
        self._watchers.add(watcher)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(database))
        try:
            ended = False
            while not ended:
                seen = await _next(watcher, every_s)
                ended = seen is not None and seen.ended  # what was told while the caller wrote comes first
                yield seen
        finally:
            self._watchers.discard(watcher)

    async def _poll(self, database: Database) -> None:
        """As long as somebody watches."""
        while self._watchers:
            watchers = list(self._watchers)
            wanted: dict[Look, set[str]] = defaultdict(set)
            for watcher in watchers:
                wanted[watcher.look].add(watcher.id)
            try:
                found = await self._pool.run(partial(_look, database, wanted))
            except InsydrError as error:
                self._fail(watchers, error)
                log.warning("progress_unknown", reason=error.message)
            except Exception:  # a bug: nobody may wait for ever because of it
                self._fail(watchers, InsydrError("The state could not be read."))
                log.exception("progress_crashed")
            else:
                for watcher in watchers:
                    watcher.tell(found[watcher.look].get(watcher.id))
            await asyncio.sleep(POLL_S)

    @staticmethod
    def _fail(watchers: Sequence[_Watcher], error: InsydrError) -> None:
        for watcher in watchers:
            watcher.fail(error)


async def _next(watcher: _Watcher, every_s: float) -> Seen | None:
    try:
        await asyncio.wait_for(watcher.news.wait(), every_s)
    except TimeoutError:
        return None
    watcher.news.clear()
    if watcher.error is not None:
        raise watcher.error
    return watcher.seen


def _look(database: Database, wanted: dict[Look, set[str]]) -> dict[Look, dict[str, Seen]]:
    with database.read() as session:
        return {look: look(session, sorted(ids)) for look, ids in wanted.items()}
