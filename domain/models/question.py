"""Questions that agents were asked, as analytics count them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy

PENDING = text("pending")
PENDING_IN_SQLITE = text("pending = 1")  # as queries put it, or it is not used


class Question(Base):
    """What there is to count of a question and its answer: narrow, so that a day of many of them is read quickly.

    `id` is the question's message and `answer_id` the answer's.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_asked", "workspace_id", "asked_at"),
        Index("ix_questions_cluster", "workspace_id", "cluster_id", "visitor_key", "asked_at"),
        Index("ix_questions_pending", "workspace_id", "id", postgresql_where=PENDING, sqlite_where=PENDING_IN_SQLITE),
        Index("ix_questions_phrasing", "workspace_id", "phrasing_id", "cluster_id"),
    )
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    answer_id: Mapped[str] = mapped_column(Id, index=True, unique=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    conversation_id: Mapped[str] = mapped_column(Id, index=True)
    agent_id: Mapped[str] = mapped_column(Id)
    channel: Mapped[str]  # a `Channel`
    visitor_key: Mapped[str] = mapped_column(Id)  # who asked, as far as it is known: the visitor, or the conversation
    asked_at: Mapped[datetime]
    asked: Mapped[str | None] = mapped_column(Text)  # with what it leans on, where the message alone says too little
    passages: Mapped[list[Any] | None]  # the best that were found, `document#chunk`; until a job has looked
    phrasing_id: Mapped[str | None] = mapped_column(Id)  # of those in the same words; None until a job has looked
    cluster_id: Mapped[str | None] = mapped_column(Id)  # of those that mean the same: its phrasing's, or soon
    answered: Mapped[bool]
    refusal: Mapped[str | None]
    confidence: Mapped[float | None]
    response_ms: Mapped[int | None]
    document_ids: Mapped[list[Any]]  # cited, the first quote's first
    feedback: Mapped[str | None]  # a `Feedback`
    is_right: Mapped[bool | None]  # as somebody labelled the answer
    escalated: Mapped[bool] = mapped_column(default=False)  # whoever asked then wanted a human
    pending: Mapped[bool] = mapped_column(default=True)  # it has to be looked at, for its cluster or that one's status
