"""Conversations and their messages, of every channel."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Text
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
    tenancy = Tenancy.PARENT

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str] = mapped_column(Id, index=True)
    role: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[Any]]
    confidence: Mapped[float | None]
    answered: Mapped[bool | None]
    response_time_ms: Mapped[int | None]
    agent_version: Mapped[str | None]
