"""What was counted of each day: everything here can be counted again from questions and conversations."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Id, Tenancy

EVERY = ""  # agent, channel


class DayStats(Base):
    """A day of the workspace's zone, of one agent on one channel; of all together where both are empty.

    Bins are sparse, by number as text: `response_bins` {bin: answers} as `domain.analytics.sketch` numbers them,
    `confidence_bins` {twentieth: [answers, right, wrong, confidence of those two in sum]}, `hours` {hour of the day:
    [conversations, questions]}.
    """

    __tablename__ = "day_stats"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    conversations: Mapped[int]  # that began
    conversation_s: Mapped[float]  # how long these went on, in sum
    conversations_escalated: Mapped[int]  # of these
    questions: Mapped[int]
    answered: Mapped[int]
    below_threshold: Mapped[int]  # of those that were not
    escalated: Mapped[int]
    contradicted: Mapped[int]  # of those answered: what the visitor did next says that it was no answer
    thumbs_up: Mapped[int]
    thumbs_down: Mapped[int]
    confirmed: Mapped[int]  # answered, thumbs up, not contradicted
    timed: Mapped[int]  # answers whose time is known
    response_ms: Mapped[float]  # in sum
    response_bins: Mapped[dict[str, Any]]
    confidence_bins: Mapped[dict[str, Any]]
    hours: Mapped[dict[str, Any]]


class DocumentDay(Base):
    """What a document did for the answers of a day."""

    __tablename__ = "document_days"
    __table_args__ = (Index("ix_document_days_document", "workspace_id", "document_id"),)
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(Id, primary_key=True)
    cited: Mapped[int]  # answers
    cited_first: Mapped[int]  # of these
    thumbs_up: Mapped[int]
    thumbs_down: Mapped[int]
    contradicted: Mapped[int]


class StaleDay(Base):
    """The day in which `at` is has to be counted again. One is added for each change, and none is ever changed, so that
    nobody waits for another's transaction."""

    __tablename__ = "stale_days"
    __table_args__ = (Index("ix_stale_days_workspace", "workspace_id", "at"),)
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    at: Mapped[datetime]
