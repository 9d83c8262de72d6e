"""How unanswered questions find the content that answers them, and what proves that it does."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class ContentChange(Base):
    """Something came, changed or went of what an agent can answer from: a document, or an agent's own settings. One is
    added for each change, and none is ever changed; a job removes those that it has looked at."""

    __tablename__ = "content_changes"
    __table_args__ = (Index("ix_content_changes_workspace", "workspace_id", "id"),)
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    document_id: Mapped[str | None] = mapped_column(Id)
    agent_id: Mapped[str | None] = mapped_column(Id)


class GapWatch(Created, Base):
    """A visitor who wants to be told when their question is answered; it goes with the mail that tells them."""

    __tablename__ = "gap_watches"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    question_id: Mapped[str] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str] = mapped_column(Id)  # the public key with which they asked
    email: Mapped[str]
    digest: Mapped[str]  # of the code that shows that the address is theirs
    confirmed_at: Mapped[datetime | None]


class AnswerProof(Base):
    """The passage with which an agent, asked again, answered a phrasing of a resolved item."""

    __tablename__ = "answer_proofs"
    __table_args__ = (
        Index("ix_answer_proofs_document", "document_id"),
        Index("ix_answer_proofs_agent", "workspace_id", "agent_id"),
    )
    tenancy = Tenancy.OWN

    phrasing_id: Mapped[str] = mapped_column(ForeignKey("question_phrasings.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    version: Mapped[int]
    chunk_index: Mapped[int]
    quote: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float]
    proved_at: Mapped[datetime]
