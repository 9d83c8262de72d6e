"""CONTRACT, Insydr row 4: `test` asks an agent's draft."""

from typing import Literal

from pydantic import BaseModel, Field

from api.fields import IdText, Input, Output, Text
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Who
from api.state import State
from domain.conversations.service import Asked, Reply, reply_of
from domain.models import Channel
from retrieval.answers import Turn

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/agents", tag="Agents")


class TurnIn(Input):
    role: Literal["user", "agent", "assistant"]
    content: Text = Field(max_length=20_000)


class TestIn(Input):
    __test__ = False  # pytest would collect it by its name

    message: Text = Field(max_length=100_000)
    session_id: IdText | None = Field(None, description="Goes on with that conversation; unknown: opens one.")
    history: list[TurnIn] = Field([], max_length=50, description="Earlier turns, where the caller keeps them.")


class SourceOut(Output):
    document_id: str
    external_id: str | None
    title: str
    chunk_preview: str
    relevance_score: float
    version: int
    chunk_index: int
    page: int | None
    heading_path: list[str]
    char_start: int = Field(description="`quote` equals the version's text from here …")
    char_end: int = Field(description="… to here.")
    quote: str
    url: str | None = Field(
        description="Of web pages with a text fragment that marks the quote, of PDFs with the page."
    )


class ShortAnswerOut(Output):
    text: str
    char_start: int = Field(description="In the stored text of the first source's document, inside its quote …")
    char_end: int = Field(description="… to here.")


class TestOut(BaseModel):
    __test__ = False

    response: str
    sources: list[SourceOut]
    short_answer: ShortAnswerOut | None = Field(
        description="The words of the first source that answer by themselves, where the reader is sure of them."
    )
    confidence: float = Field(description="0 to 1: the probability that the answer is right.")
    response_time_ms: int
    answered: bool = Field(description="False when the fallback message was given.")
    generator: str = Field(description="extractive or llm")
    notice: str | None = Field(description="Why the answer is not the language model's, if one is configured.")
    session_id: str
    message_id: str
    agent_version: str


@router.post("/{agent_id}/test")
@in_pool(lambda pools: pools.answers)
def test(agent_id: str, body: TestIn, who: Who, state: State) -> TestOut:
    history = [Turn("user" if turn.role == "user" else "agent", turn.content) for turn in body.history]
    asked, conversations = Asked(body.message, body.session_id, history), state.conversations()
    brief = conversations.draft_brief(who, agent_id, asked)
    return _out(reply_of(conversations.ask(who, brief, asked, Channel.TEST)))


def _out(reply: Reply) -> TestOut:
    return TestOut(
        response=reply.answer.text,
        sources=[SourceOut.model_validate(source) for source in reply.sources],
        short_answer=ShortAnswerOut.model_validate(reply.answer.short) if reply.answer.short else None,
        confidence=reply.answer.confidence,
        response_time_ms=reply.response_time_ms,
        answered=reply.answer.answered,
        generator=reply.answer.generator,
        notice=reply.answer.notice,
        session_id=reply.session_id,
        message_id=reply.message_id,
        agent_version=reply.agent_version,
    )
