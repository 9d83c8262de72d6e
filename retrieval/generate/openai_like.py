"""Any OpenAI-compatible endpoint, through llama-index's `OpenAILike`, over our own outbound client."""

import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from queue import Empty, Queue
from typing import Any

import httpx

from core.outbound.deadline import within
from retrieval.answers import Style, Turn
from retrieval.generate.prompt import recent, system_prompt, user_prompt
from retrieval.generate.protocol import GenerationFailed
from retrieval.passages import Passage

MAX_REPLY_CHARACTERS = 40_000
SILENCE_S = 0.5  # after so long the caller hears that nothing came, and may leave


class OpenAILikeWriter:
    """An `AnswerWriter` and a `LanguageModel`: streams a reply; the whole of it must arrive within `timeout_s`."""

    def __init__(self, base_url: str, model: str, api_key: str | None, timeout_s: float, client: httpx.Client) -> None:
        self._base_url, self._model, self._api_key = base_url, model, api_key
        self._timeout_s, self._client = timeout_s, client
        self._lock = threading.Lock()
        self._llm: Any = None

    def write(
        self, question: str, history: Sequence[Turn], passages: Sequence[Passage], style: Style
    ) -> Generator[str, None, None]:
        return self._stream(
            [("system", system_prompt(style)), *recent(history), ("user", user_prompt(question, passages))]
        )

    def complete(self, system: str, user: str) -> str:
        return "".join(self._stream([("system", system), ("user", user)]))

    def describe(self) -> str:
        return f"{self._model} at {httpx.URL(self._base_url).host}"

    def _stream(self, turns: list[tuple[str, str]]) -> Generator[str, None, None]:
        deadline, received = time.monotonic() + self._timeout_s, 0
        queue: Queue[str | Exception | None] = Queue()
        gone = threading.Event()  # set when nobody wants more
        # the client's own time-out is per read: a model that drips would hold us for ever
        threading.Thread(target=self._read, args=(turns, queue, gone), name="llm", daemon=True).start()
        try:
            while True:
                left_s = deadline - time.monotonic()
                try:
                    piece = queue.get(timeout=max(0.0, min(left_s, SILENCE_S)))
                except Empty:
                    if left_s > SILENCE_S:
                        yield ""
                        continue
                    raise GenerationFailed(f"the language model took longer than {self._timeout_s:g} s") from None
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise GenerationFailed(f"the language model failed ({type(piece).__name__})") from piece
                received += len(piece)
                if received > MAX_REPLY_CHARACTERS:
                    raise GenerationFailed("the language model did not stop writing")
                yield piece
        finally:
            gone.set()

    def _read(
        self, turns: list[tuple[str, str]], queue: "Queue[str | Exception | None]", gone: threading.Event
    ) -> None:
        from llama_index.core.base.llms.types import ChatMessage

        try:
            messages = [ChatMessage(role=role, content=content) for role, content in turns]
            with within(self._timeout_s):  # this thread ends, too
                stream = self._model_client().stream_chat(messages)
                for reply in stream:
                    if gone.is_set():
                        break
                    if reply.delta:
                        queue.put(reply.delta)
            with within(0.0):  # after a break, the next read must fail: only then does the SDK close the connection
                deque(stream, maxlen=0)
            queue.put(None)
        except Exception as error:  # whatever the SDK raises, the caller falls back to the extractive answer
            queue.put(error)

    def _model_client(self) -> Any:
        """llama-index costs seconds to import: at the first answer, not at start."""
        from llama_index.llms.openai_like import OpenAILike

        with self._lock:
            if self._llm is None:
                options: dict[str, Any] = {
                    "model": self._model,
                    "api_base": self._base_url,
                    "api_key": self._api_key or "none",
                    "is_chat_model": True,
                    "max_retries": 0,
                    "timeout": self._timeout_s,
                    "http_client": self._client,
                    "temperature": 0.0,
                }
                self._llm = OpenAILike(**options)
            return self._llm
