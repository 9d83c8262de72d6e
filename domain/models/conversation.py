"""Conversations and their messages, of every channel."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Channel(StrEnum):
    TEST = "TEST"
    WIDGET = "WIDGET"
    API = "API"
    CALL = "CALL"
    MCP = "MCP"


class Conversation(Created, Base):
    __tablename__ = "conversations"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str]  # a `Channel`


class Message(Created, Base):
    """A question (`role` user) or an answer (`role` agent) with what it rests on."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_labels", "workspace_id", "is_right"),)
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    role: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[Any]]
    confidence: Mapped[float | None]
    raw_confidence: Mapped[float | None]  # before the workspace's calibration
    is_right: Mapped[bool | None]  # as somebody labelled the answer
    answered: Mapped[bool | None]
    response_time_ms: Mapped[int | None]
    agent_version: Mapped[str | None]
