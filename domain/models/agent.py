"""Agents: the draft that is edited, the versions that were published, the collections they answer from."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy


class Agent(Created, Base):
    """The draft. `published_minor` is None until the first publish, which makes 1.1."""

    __tablename__ = "agents"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    description: Mapped[str | None]
    agent_type: Mapped[str]
    status: Mapped[str]
    behavior_settings: Mapped[dict[str, Any]]
    response_config: Mapped[dict[str, Any]]
    conversation_rules: Mapped[dict[str, Any]]
    widget_config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    voice_settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    greeting_message: Mapped[str | None]
    fallback_message: Mapped[str | None]
    # until some are named; not when those that were named are gone
    all_collections: Mapped[bool] = mapped_column(default=False)
    published_minor: Mapped[int | None]
    published_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    revision: Mapped[int] = mapped_column(default=1)

    # two editors with the same ETag: the slower one's UPDATE finds no row (RFC 9110 §13.1.1)
    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}


class AgentVersion(Created, Base):
    """What was published, whole: later edits of the draft do not reach it."""

    __tablename__ = "agent_versions"
    tenancy = Tenancy.PARENT

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    minor: Mapped[int] = mapped_column(primary_key=True)
    snapshot: Mapped[dict[str, Any]]
    published_by: Mapped[str] = mapped_column(Id)


class AgentCollection(Base):
    __tablename__ = "agent_collections"
    tenancy = Tenancy.PARENT

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    collection_id: Mapped[str] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True, index=True
    )
