"""Asking a published agent over HTTP: each question once, its answer as a stream of events or whole."""

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.answer_streams import LiveAnswer, Part, Tell, place_of
from api.fields import IdText, Input, JsonObject, Text
from api.insydr.answer_schemas import SourceOut
from api.state import ApiState
from core.errors import Conflict, Unprocessable
from core.ids import Prefix, new_id
from domain.conversations.recording import Visit
from domain.conversations.said import Said, said_before, said_of
from domain.conversations.service import Asked, Brief, Piece, Token
from domain.models import Channel
from domain.principal import Principal

PING_S = 15.0  # a comment keeps proxies from closing the stream
PATIENCE_S, POLL_S = 60.0, 0.25  # for an answer that another process writes
PAGE_URL, USER_AGENT = "page_url", "user_agent"
KEPT_CHARACTERS = 2_000  # of a page's address or a browser's name


class QuestionIn(Input):
    message: Text = Field(max_length=10_000)
    session_id: IdText | None = Field(None, description="As the client names it; one that is not known begins.")
    client_message_id: IdText | None = Field(
        None, min_length=1, description="The client's own id of this message: in its session it is answered once."
    )
    visitor_id: IdText | None = Field(None, description="Who asks, as the client names them.")
    proof: Text | None = Field(None, max_length=500, description="Where the agent asks for it: `challenge.nonce`.")
    metadata: JsonObject = Field({}, description="page_url, user_agent, and whatever the client wants to find again.")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which agent; `key_id` is the public key's, empty for members and programs of the workspace."""

    who: Principal
    agent_id: str
    asked: Asked
    named_session: str = ""  # as the client names it
    once: str = ""  # the header Idempotency-Key
    client_message_id: str | None = None
    last_event_id: str = ""

    @property
    def key_id(self) -> str:
        return self.asked.visit.key_id

    @property
    def session(self) -> str:
        """Whose streams are counted together."""
        return f"{self.key_id or self.who.user_id}\0{self.asked.session_id}"

    def claim(self, state: ApiState) -> str:
        """What makes it the same question; empty where nothing does."""
        if self.client_message_id:
            same = ["message", self.agent_id, self.named_session, self.client_message_id]
        elif self.once:
            same = ["key", self.once]
        else:
            return ""
        return state.keys.digest("chat", "\0".join([self.who.workspace_id, self.key_id, *same]))


def question_of(
    body: QuestionIn, request: Request, who: Principal, agent_id: str, channel: Channel, key_id: str = ""
) -> Question:
    visit = visit_of(body.metadata, body.visitor_id, request, channel, key_id)
    asked = Asked(body.message, visit, body.session_id or new_id(Prefix.CONVERSATION), proof=body.proof)
    headers = request.headers
    return Question(
        who, agent_id, asked, body.session_id or "", headers.get("idempotency-key", "")[:255], body.client_message_id,
        headers.get("last-event-id", ""),
    )  # fmt: skip


def visit_of(
    metadata: dict[str, Any], visitor_id: str | None, request: Request, channel: Channel, key_id: str
) -> Visit:
    told = {name: metadata.get(name) for name in (PAGE_URL, USER_AGENT)}
    page, agent = (value[:KEPT_CHARACTERS] if isinstance(value, str) else None for value in told.values())
    own = {name: value for name, value in metadata.items() if name not in told}
    agent = agent or request.headers.get("user-agent", "")[:KEPT_CHARACTERS] or None
    return Visit(channel, key_id, True, visitor_id, page, agent, own)


async def answer_of(state: ApiState, question: Question) -> tuple[LiveAnswer, str | None]:
    """The answer, being written or written before, and the place in it that its reader has reached already."""
    message_id, is_named, text = question.last_event_id.partition(":")
    place = place_of(text)
    lost = await _of_message(state, question, message_id) if is_named else None
    if lost is not None:
        return lost, place
    state.streams.check_limit(question.session)
    claim = question.claim(state)
    known = await _once(state, question, claim) if claim else None
    if known is not None:
        return known, place if known.message_id == message_id else None
    try:
        return await _begun(state, question, claim), None
    except BaseException:
        if claim:
            await run_in_threadpool(state.replies.forget, claim)
        raise


async def _of_message(state: ApiState, question: Question, message_id: str) -> LiveAnswer | None:
    """Of whoever asks, and of nobody else."""
    live = state.streams.of_message(message_id)
    if live is not None and live.owner == _owner(question):
        return live
    said = await run_in_threadpool(_said_before, state, question, message_id)
    return None if said is None else told_again(said)


async def _once(state: ApiState, question: Question, claim: str) -> LiveAnswer | None:
    """The answer of the same question, asked before; None: it is claimed now, and this is the first time."""
    fingerprint = hashlib.sha256(f"{question.agent_id}\0{question.asked.message}".encode()).hexdigest()
    waited = 0.0
    while True:
        live = state.streams.of_claim(claim)
        kept = await run_in_threadpool(state.replies.begin, claim, fingerprint)
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise Unprocessable("This id was used for another message.", code="IDEMPOTENCY_KEY_REUSED")
        if live is not None:
            return live
        if kept.body is not None:
            said = await run_in_threadpool(_said_before, state, question, kept.body.decode())
            if said is not None:
                return told_again(said)
            await run_in_threadpool(state.replies.forget, claim)  # its conversation was deleted
            continue
        if waited >= PATIENCE_S:
            raise Conflict("This message is being answered already. Try again.", code="IDEMPOTENCY_IN_PROGRESS")
        await asyncio.sleep(POLL_S)
        waited += POLL_S


async def _begun(state: ApiState, question: Question, claim: str) -> LiveAnswer:
    conversations = await run_in_threadpool(state.conversations)
    asked = question.asked
    brief = await run_in_threadpool(conversations.published_brief, question.who, question.agent_id, asked)
    live = LiveAnswer(asked.answer_id, _owner(question), claim)
    live.add(_start(asked.answer_id, asked.session_id or ""))

    def write(tell: Tell, is_left: threading.Event) -> Said | None:
        with closing(conversations.ask(question.who, brief, asked)) as pieces:
            return _write(pieces, brief, tell, is_left)

    def ended(live: LiveAnswer) -> None:
        if live.error is not None and live.said is None:
            conversations.give_back(question.who, brief)
        if claim and live.said is not None:
            state.replies.finish(claim, 200, live.message_id.encode())
        elif claim:
            state.replies.forget(claim)

    state.streams.begin(live, write, ended)
    return live


def _write(pieces: Iterator[Piece], brief: Brief, tell: Tell, is_left: threading.Event) -> Said | None:
    length = 0
    for piece in pieces:
        if is_left.is_set():
            return None
        if isinstance(piece, Token):
            if piece.text:
                length += len(piece.text)
                tell(_token(piece.text, length))
        else:
            said = said_of(piece, brief)
            for part in _ending(said):
                tell(part)
            return said
    return None


def told_again(said: Said) -> LiveAnswer:
    """A stored answer as its stream told it."""
    live = LiveAnswer(said.message_id, said=said, ended=True)
    text = [_token(said.text, len(said.text))] if said.text else []
    live.parts = [_start(said.message_id, said.session_id), *text, *_ending(said)]
    return live


def _start(message_id: str, session_id: str) -> Part:
    return Part("0", {"type": "start", "message_id": message_id, "session_id": session_id})


def _token(text: str, length: int) -> Part:
    return Part(str(length), {"type": "token", "content": text})


def _ending(said: Said) -> Iterator[Part]:
    sources = [SourceOut(**source).model_dump(mode="json") for source in said.sources]
    yield Part("sources", {"type": "sources", "sources": sources})
    yield Part("done", {
        "type": "done", "confidence": said.confidence, "answered": said.answered, "session_id": said.session_id,
        "offer_escalation": said.offers_escalation, "response_time_ms": said.response_time_ms,
        "agent_version": said.agent_version, "generator": said.generator, "notice": said.notice,
    })  # fmt: skip


def _said_before(state: ApiState, question: Question, message_id: str) -> Said | None:
    with state.database.read() as session:
        said = said_before(session, question.who, question.key_id, message_id)
    return said if said is not None and said.agent_id == question.agent_id else None


def _owner(question: Question) -> str:
    return f"{question.who.workspace_id}\0{question.key_id}\0{question.agent_id}"


def streamed(state: ApiState, question: Question, live: LiveAnswer, place: str | None) -> EventSourceResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_events(state, question, live, place), headers=headers)


async def _events(state: ApiState, question: Question, live: LiveAnswer, place: str | None) -> AsyncIterator[bytes]:
    with state.streams.reading(live, question.session):
        async for part in live.read(place, PING_S):
            if part is None:
                yield KEEPALIVE_COMMENT
            else:
                data = json.dumps(part.data, ensure_ascii=False)
                yield format_sse_event(data_str=data, id=f"{live.message_id}:{part.place}")
