"""CONTRACT, Insydr row 4: `test` asks an agent's draft."""

from typing import Literal

from pydantic import BaseModel, Field

from api.fields import IdText, Input, Output, Text
from api.insydr.answer_schemas import SourceOut
from api.insydr.surface import INSYDR
from api.pools import in_pool
from api.principal import Who
from api.state import State
from domain.conversations.recording import Visit
from domain.conversations.service import Asked, Brief, Reply
from domain.models import Channel
from retrieval.answers import Refusal, Trace, Turn
from retrieval.explanation import reasons
from retrieval.passages import Passage

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/agents", tag="Agents")


class TurnIn(Input):
    role: Literal["user", "agent", "assistant"]
    content: Text = Field(max_length=20_000)


class TestIn(Input):
    __test__ = False  # pytest would collect it by its name

    message: Text = Field(max_length=100_000)
    session_id: IdText | None = Field(None, description="Goes on with that conversation; unknown: opens one.")
    history: list[TurnIn] = Field([], max_length=50, description="Earlier turns, where the caller keeps them.")
    explain: bool = Field(False, description="Say why the confidence is what it is, and what was found.")


class ShortAnswerOut(Output):
    text: str
    char_start: int = Field(description="In the stored text of the first source's document, inside its quote …")
    char_end: int = Field(description="… to here.")


class ReasonOut(Output):
    feature: str
    words: str
    value: float
    usual: float = Field(description="The feature's mean in the answers that the confidence was fitted on.")
    effect: float = Field(description="In log-odds: positive makes surer.")


class SeenOut(BaseModel):
    """A passage that was found."""

    document_id: str
    title: str
    chunk_index: int
    score: float = Field(description="0 to 1 within this search.")
    cosine: float | None
    bm25: float | None
    reader: float | None = Field(description="The reader's log-odds that it answers; null where it was not read.")


class ExplanationOut(BaseModel):
    asked: str = Field(description="What was searched for: a follow-up together with what it leans on.")
    language: str
    threshold: float
    refusal: Refusal | None = Field(description="Why the fallback was given.")
    reasons: list[ReasonOut] = Field(description="Of the confidence, the strongest first.")
    passages: list[SeenOut]
    timings_ms: dict[str, float]


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
    explanation: ExplanationOut | None = None


@router.post("/{agent_id}/test")
@in_pool(lambda pools: pools.answers)
def test(agent_id: str, body: TestIn, who: Who, state: State) -> TestOut:
    history = [Turn("user" if turn.role == "user" else "agent", turn.content) for turn in body.history]
    asked = Asked(body.message, Visit(Channel.TEST), body.session_id, history)
    conversations = state.conversations()
    brief = conversations.draft_brief(who, agent_id, asked)
    reply = conversations.answer(who, brief, asked)
    return _out(reply, _explanation(reply, brief) if body.explain else None)


def _explanation(reply: Reply, brief: Brief) -> ExplanationOut | None:
    trace = reply.answer.trace
    if trace is None:
        return None
    return ExplanationOut(
        asked=trace.asked,
        language=trace.language,
        threshold=brief.style.threshold,
        refusal=trace.refusal,
        reasons=[ReasonOut.model_validate(reason) for reason in reasons(trace.features, brief.style.calibration)],
        passages=[_seen(passage, trace) for passage in trace.passages] if brief.shows_sources else [],
        timings_ms=dict(trace.timings_ms),
    )


def _seen(passage: Passage, trace: Trace) -> SeenOut:
    stored, read = passage.stored, trace.relevance.get(passage.stored.chunk_id)
    return SeenOut(
        document_id=stored.document_id,
        title=stored.title,
        chunk_index=stored.chunk_index,
        score=round(passage.score, 4),
        cosine=passage.cosine,
        bm25=passage.bm25,
        reader=None if read is None else round(read, 3),
    )


def _out(reply: Reply, explanation: ExplanationOut | None) -> TestOut:
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
        explanation=explanation,
    )
