"""Ours: a published agent asked by members and programs, and their thumbs for its answers."""

from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.fields import Input, Text
from api.idempotency import answers_once
from api.insydr.answer_schemas import SourceOut
from api.insydr.chatting import QuestionIn, answer_of, question_of, streamed
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.conversations.feedback import give_feedback
from domain.conversations.said import Said
from domain.models import Channel, Feedback, Message

router = INSYDR.router("/api/v1/workspaces/{workspace_id}", tag="Chat")
EVENTS = (
    "Each event's data is JSON: `start` {message_id}, any number of `token` {content}, `sources` {sources}, `done` "
    "{confidence, answered, offer_escalation, response_time_ms}; or `error` {code, detail} as the last one."
)


class ChatIn(QuestionIn):
    stream: bool = Field(False, description="Events as the answer is written, instead of the whole of it.")


class ChatOut(BaseModel):
    response: str
    sources: list[SourceOut]
    confidence: float = Field(description="0 to 1: the probability that the answer is right.")
    answered: bool = Field(description="False when the fallback message was given.")
    generator: str = Field(description="extractive or llm")
    notice: str | None
    response_time_ms: int
    session_id: str
    message_id: str
    agent_version: str


class ThumbIn(Input):
    feedback_type: Annotated[Feedback, Field(strict=False)]
    comment: Text | None = Field(None, max_length=2_000)


class ThumbOut(BaseModel):
    message: str = "Feedback recorded"
    message_id: str
    feedback_type: Feedback
    comment: str | None


@router.post(
    "/agents/{agent_id}/chat",
    response_model=ChatOut,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": EVENTS}},
)
@answers_once
async def chat(agent_id: str, body: ChatIn, request: Request, who: Who, state: State) -> ChatOut | Response:
    question = question_of(body, request, who, agent_id, Channel.API)
    live, place = await answer_of(state, question)
    if body.stream:
        return streamed(state, question, live, place)
    with state.streams.reading(live, question.session):
        return _chat_out(await live.whole())


@router.post("/messages/{message_id}/feedback")
def feedback(message_id: Annotated[str, Path(max_length=64)], body: ThumbIn, who: Who, state: State) -> ThumbOut:
    with state.database.write() as session:
        return thumb_out(give_feedback(session, who, "", message_id, body.feedback_type, body.comment))


def thumb_out(message: Message) -> ThumbOut:
    return ThumbOut(
        message_id=message.id, feedback_type=Feedback(message.feedback or ""), comment=message.feedback_comment
    )


def _chat_out(said: Said) -> ChatOut:
    return ChatOut(
        response=said.text, sources=[SourceOut(**source) for source in said.sources],
        **{name: getattr(said, name) for name in ChatOut.model_fields.keys() - {"response", "sources"}},
    )  # fmt: skip
