"""What conversations tell analytics, each in the transaction in which it happens: so nothing is counted twice or lost.

Only the questions and which days are stale are written here. The days are counted by a job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.clock import utc_now
from domain.analytics.marks_repository import latest_answer, mark, mark_answers, mark_conversations, quarter_of
from domain.analytics.tally import AGAIN_WITHIN
from domain.models import Conversation, Feedback, Question
from retrieval.answers import Answer, Trace

MOST_PASSAGES = 5  # that a question keeps, for comparing it with others


@dataclass(frozen=True, slots=True)
class Told:
    """A question as it was put and what was answered, with the ids of both messages; `response_ms` since it came."""

    question_id: str
    question: str
    answer_id: str
    answer: Answer
    response_ms: int


def note_question(session: Session, conversation: Conversation, told: Told) -> None:
    now, trace = utc_now(), told.answer.trace
    session.add(Question(
        id=told.question_id, answer_id=told.answer_id, workspace_id=conversation.workspace_id,
        conversation_id=conversation.id, agent_id=conversation.agent_id, channel=conversation.channel,
        visitor_key=conversation.visitor_id or conversation.id, asked_at=now, answered=told.answer.answered,
        refusal=trace.refusal if trace else None, confidence=told.answer.confidence, response_ms=told.response_ms,
        asked=trace.asked if trace and trace.asked != told.question.strip() else None,
        passages=places(trace) if trace else None,
        document_ids=[quote.passage.stored.document_id for quote in told.answer.quotes],
    ))  # fmt: skip
    mark(session, conversation.workspace_id, _days_of(conversation, now))


def places(trace: Trace) -> list[str]:
    """Of the best passages; the same in each version of a document, as long as its text before them is."""
    return [f"{one.stored.document_id}#{one.stored.chunk_index}" for one in trace.passages[:MOST_PASSAGES]]


def note_feedback(session: Session, workspace_id: str, answer_id: str, feedback: Feedback) -> None:
    looked_at = {"pending": True} if feedback is Feedback.THUMBS_DOWN else {}
    mark_answers(session, workspace_id, [answer_id], feedback=feedback, **looked_at)


def note_labels(session: Session, workspace_id: str, labels: Mapping[str, bool]) -> None:
    """By answer."""
    for is_right in (True, False):
        some = [answer_id for answer_id, label in labels.items() if label is is_right]
        mark_answers(session, workspace_id, some, is_right=is_right)


def note_escalation(session: Session, conversation: Conversation) -> None:
    """Whoever asks for a human says of the latest answer that it was none."""
    mark(session, conversation.workspace_id, [conversation.created_at])
    answer_id = latest_answer(session, conversation.id, utc_now() - AGAIN_WITHIN)
    if answer_id is not None:
        mark_answers(session, conversation.workspace_id, [answer_id], escalated=True, pending=True)


def note_removal(session: Session, conversation_ids: Sequence[str]) -> None:
    """Before they go."""
    mark_conversations(session, conversation_ids)


def _days_of(conversation: Conversation, now: datetime) -> list[datetime]:
    """A conversation counts in the day in which it began, for as long as it goes on."""
    begun = conversation.created_at
    return [now] if quarter_of(begun) == quarter_of(now) else [now, begun]
