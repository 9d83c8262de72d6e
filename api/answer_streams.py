"""Answers while they are written: once in the background, read by any number of streams from wherever each is.

A stream that breaks is gone on with for as long as its answer is kept here, and from the stored message afterwards. An
answer that nobody reads for some seconds is not written to its end.
"""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from api.pools import Pool
from core.errors import InsydrError, TooManyRequests, Unavailable
from domain.conversations.said import Said

log = structlog.get_logger()
GRACE_S = 3.0  # nobody reads: who lost the connection may come back within this time
STREAMS_EACH = 5  # of one session
STREAMS = 5_000
RETRY_S = 10
Tell = Callable[["Part"], None]


@dataclass(frozen=True, slots=True)
class Part:
    """`place` says within the message where a reader stands who has had this part: characters of the text, or the
    name of what comes after it."""

    place: str
    data: dict[str, Any]


TEXT_ENDS = ("sources", "done")  # places after the text, in their order
_COUNT = re.compile(r"[0-9]{1,9}")


def place_of(text: str) -> str | None:
    """The place that a reader names; None for what is none: they get the whole answer."""
    return text if text in TEXT_ENDS or _COUNT.fullmatch(text) else None


@dataclass(eq=False)
class LiveAnswer:
    """Belongs to one event loop; `tell` and `is_left` are for the thread that writes."""

    message_id: str
    owner: str = ""  # whoever may read it
    claim: str = ""  # what makes its question the same as another
    parts: list[Part] = field(default_factory=list)
    said: Said | None = None
    error: InsydrError | None = None
    ended: bool = False
    is_left: threading.Event = field(default_factory=threading.Event)
    readers: int = 0
    _news: list[asyncio.Event] = field(default_factory=list)

    def add(self, part: Part) -> None:
        if not self.ended:
            self.parts.append(part)
            self._wake()

    def end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        for news in self._news:
            news.set()

    async def read(self, place: str | None, every_s: float) -> AsyncIterator[Part | None]:
        """Parts after `place` (None: all), as they come; None when `every_s` passed without one."""
        news = asyncio.Event()
        self._news.append(news)
        try:
            number = 0
            while True:
                while number < len(self.parts):
                    part = _after(self.parts[number], place)
                    number += 1
                    if part is not None:
                        yield part
                if self.ended:
                    return
                news.clear()
                try:
                    await asyncio.wait_for(news.wait(), every_s)
                except TimeoutError:
                    yield None
        finally:
            self._news.remove(news)

    async def whole(self) -> Said:
        """The answer, once it is there; raises what went wrong."""
        async for _ in self.read(None, 60.0):
            pass
        if self.error is not None:
            raise self.error
        if self.said is None:
            raise Unavailable("The answer was given up. Send the question again.", code="ANSWER_ABANDONED")
        return self.said


def _after(part: Part, place: str | None) -> Part | None:
    """What of `part` a reader has not had who stands at `place`."""
    if place is None:
        return part
    if place in TEXT_ENDS:
        return part if part.place in TEXT_ENDS[TEXT_ENDS.index(place) + 1 :] else None
    if not _COUNT.fullmatch(part.place):
        return part
    new = int(part.place) - int(place)
    text = part.data.get("content", "")
    return Part(part.place, {**part.data, "content": text[-new:]}) if new > 0 and text else None


Write = Callable[[Tell, threading.Event], Said | None]  # None: it was left


class AnswerStreams:
    """Those of one application."""

    def __init__(self) -> None:
        self._pool = Pool(
            "ANSWERS_BUSY", "Too many questions wait for an answer already. Try again in some seconds.",
            places=256, queue=200,  # most of them wait for a language model
        )  # fmt: skip
        self._by_message: dict[str, LiveAnswer] = {}
        self._by_claim: dict[str, LiveAnswer] = {}
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def of_message(self, message_id: str) -> LiveAnswer | None:
        return _kept(self._by_message.get(message_id))

    def of_claim(self, claim: str) -> LiveAnswer | None:
        return _kept(self._by_claim.get(claim))

    def begin(self, live: LiveAnswer, write: Write, ended: Callable[[LiveAnswer], None]) -> None:
        """Have it written; `ended` is called in a thread, before anybody learns of the end."""
        self._by_message[live.message_id] = live
        if live.claim:
            self._by_claim[live.claim] = live
        task = asyncio.create_task(self._written(live, write, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check_limit(self, session: str) -> None:
        if self._open[session] >= STREAMS_EACH:
            raise TooManyRequests(
                f"This session has {STREAMS_EACH} streams open already. Close one first.",
                retry_after_s=RETRY_S, code="TOO_MANY_STREAMS",
            )  # fmt: skip
        if self._open.total() >= STREAMS:
            raise Unavailable("Too many streams are open. Try again in a moment.", code="STREAMS_BUSY")
        self._pool.check()

    @contextmanager
    def reading(self, live: LiveAnswer, session: str) -> Iterator[None]:
        """Somebody reads while the block runs."""
        live.readers += 1
        self._open[session] += 1
        try:
            yield
        finally:
            live.readers -= 1
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]
            if not live.readers and not live.ended:
                asyncio.get_running_loop().call_later(GRACE_S, self._leave, live)

    def close(self) -> None:
        """The server stops: every stream ends with a word. Called in the event loop."""
        for live in list(self._by_message.values()):
            live.is_left.set()
            self._fail(live, Unavailable("The server is stopping. Send the question again.", code="STOPPING"))

    def _leave(self, live: LiveAnswer) -> None:
        if not live.readers:
            live.is_left.set()

    async def _written(self, live: LiveAnswer, write: Write, ended: Callable[[LiveAnswer], None]) -> None:
        loop = asyncio.get_running_loop()

        def tell(part: Part) -> None:
            loop.call_soon_threadsafe(live.add, part)

        def work() -> None:
            try:
                live.said = write(tell, live.is_left)
            except InsydrError as error:
                live.error = error
            except Exception:  # a bug: nobody may wait for ever because of it
                log.exception("answer_crashed")
                live.error = InsydrError("The answer could not be written. Send the question again.")
            finally:
                _end(live, ended)

        try:
            await self._pool.run(work)
        except InsydrError as error:  # no place for it: not begun
            live.error = error
            await run_in_threadpool(_end, live, ended)
        finally:
            del self._by_message[live.message_id]
            if self._by_claim.get(live.claim) is live:
                del self._by_claim[live.claim]
        if live.error is not None:
            self._fail(live, live.error)
        live.end()

    @staticmethod
    def _fail(live: LiveAnswer, error: InsydrError) -> None:
        live.error = error
        live.add(Part("error", {"type": "error", "code": error.code, "detail": error.message}))
        live.end()


def _end(live: LiveAnswer, ended: Callable[[LiveAnswer], None]) -> None:
    """Whatever becomes of its bookkeeping, nobody waits for ever for the end of the stream."""
    try:
        ended(live)
    except InsydrError as error:
        log.warning("answer_not_settled", message_id=live.message_id, reason=error.message)


def _kept(live: LiveAnswer | None) -> LiveAnswer | None:
    return None if live is None or live.is_left.is_set() else live
