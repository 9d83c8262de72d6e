"""Answers that are written once and read by any number of streams, each from where it is."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import answer_streams
from api.answer_streams import AnswerStreams, LiveAnswer, Part, Tell
from core.errors import InsydrError, TooManyRequests, Unavailable
from domain.conversations.said import Said

SAID = Said("msg_1", "s", "agent_1", "1.1", "ab", [], 0.5, True, "extractive", None, 1)


def parts(words: list[str]) -> list[Part]:
    """A whole answer of these words."""
    made, length = [Part("0", {"type": "start"})], 0
    for word in words:
        length += len(word)
        made.append(Part(str(length), {"type": "token", "content": word}))
    return [*made, Part("sources", {"type": "sources"}), Part("done", {"type": "done"})]


async def all_of(live: LiveAnswer, place: str | None) -> list[Part]:
    return [part async for part in live.read(place, 60.0) if part is not None]


def text_of(found: list[Part]) -> str:
    return "".join(part.data.get("content", "") for part in found)


class TestRead:
    @given(st.lists(st.text("aäß 語", min_size=1, max_size=5), max_size=6), st.data())
    def test_whoever_comes_back_has_all_of_it_once(self, words: list[str], data: Any) -> None:
        """From the place of any part on, however the answer was cut when it was told again."""
        whole = parts(words)
        again = data.draw(st.sampled_from([whole, parts(["".join(words)] if words else [])]))
        number = data.draw(st.integers(0, len(whole) - 1))
        had, live = whole[: number + 1], LiveAnswer("msg_1", parts=again, ended=True)
        rest = asyncio.run(all_of(live, had[-1].place))
        assert text_of(had) + text_of(rest) == "".join(words)
        behind = [part for part in whole[number + 1 :] if not part.place.isdigit()]
        assert [part for part in rest if not part.place.isdigit()] == behind
        assert all(part.data["type"] != "start" for part in rest)

    def test_parts_come_as_they_are_told_and_silence_is_noticed(self) -> None:
        async def read() -> list[str | None]:
            live, seen = LiveAnswer("msg_1"), []
            asyncio.get_running_loop().call_later(0.05, live.add, Part("0", {}))
            asyncio.get_running_loop().call_later(0.1, live.end)
            async for part in live.read(None, 0.01):
                if part is not None or not seen or seen[-1] is not None:
                    seen.append(part.place if part else None)
            return seen

        assert asyncio.run(read()) == [None, "0", None]


def run(work: Callable[[Tell, threading.Event], Said | None], then: Any = None) -> tuple[LiveAnswer, list[Part]]:
    """Have it written and read; `then` is done with the streams once it has begun. The end is told first."""
    told: list[bool] = []

    async def main() -> tuple[LiveAnswer, list[Part]]:
        streams, live = AnswerStreams(), LiveAnswer("msg_1", "o", "claim")
        streams.begin(live, work, lambda one: told.append(one.said is not None))
        assert streams.of_message("msg_1") is streams.of_claim("claim") is live
        if then is not None:
            then(streams)
        found = await asyncio.wait_for(all_of(live, None), 10)
        await asyncio.gather(*streams._tasks)
        assert streams.of_message("msg_1") is streams.of_claim("claim") is None
        return live, found

    live, found = asyncio.run(main())
    assert told == [live.said is not None]
    return live, found


class TestWritten:
    def test_in_a_thread_to_its_end(self) -> None:
        def write(tell: Tell, _: threading.Event) -> Said:
            for part in parts(["a", "b"]):
                tell(part)
            return SAID

        live, found = run(write)
        assert (found, live.said) == (parts(["a", "b"]), SAID)
        assert asyncio.run(live.whole()) == SAID

    @pytest.mark.parametrize(
        ("error", "code"), [(Unavailable("away", code="AWAY"), "AWAY"), (RuntimeError("a bug"), "INTERNAL_ERROR")]
    )
    def test_what_breaks_is_told(self, error: Exception, code: str) -> None:
        def write(*_: Any) -> Said:
            raise error

        live, found = run(write)
        assert [part.data["code"] for part in found] == [code]
        with pytest.raises(InsydrError):
            asyncio.run(live.whole())

    def test_bookkeeping_that_fails_keeps_nobody_waiting(self) -> None:
        def ended(_: LiveAnswer) -> None:
            raise Unavailable("The database does not answer.")

        async def main() -> list[Part]:
            streams, live = AnswerStreams(), LiveAnswer("msg_1", "o", "claim")
            streams.begin(live, lambda *_: SAID, ended)
            return await asyncio.wait_for(all_of(live, None), 10)

        assert asyncio.run(main()) == []

    def test_a_server_that_stops_ends_it_with_a_word(self) -> None:
        def write(_: Tell, is_left: threading.Event) -> None:
            assert is_left.wait(10)

        _, found = run(write, AnswerStreams.close)
        assert [part.data["code"] for part in found] == ["STOPPING"]

    def test_no_place_is_an_error_and_frees_the_claim(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def full(*_: Any) -> None:
            raise TooManyRequests("full", retry_after_s=1, code="ANSWERS_BUSY")

        monkeypatch.setattr(answer_streams.Pool, "run", full)
        _, found = run(lambda *_: SAID)
        assert [part.data["code"] for part in found] == ["ANSWERS_BUSY"]
