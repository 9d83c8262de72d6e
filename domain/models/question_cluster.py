"""Questions that mean the same, and what is to be done about those that were not answered."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy

UNNAMED = text("category IS NULL")
MOVED = text("moved")
MOVED_IN_SQLITE = text("moved = 1")  # as queries put it, or it is not used
DUE = text("recheck IS NOT NULL")


class ClusterStatus(StrEnum):
    """Of a cluster that was not always answered."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    IGNORED = "IGNORED"


class Resolver(StrEnum):
    PERSON = "PERSON"
    DOCUMENT = "DOCUMENT"


class QuestionCluster(Created, Base):
    """Phrasings that mean the same; `question` is the first of them. Without a status it was always answered, and is no
    item of the work list. `resolved_by` is who or what resolved it."""

    __tablename__ = "question_clusters"
    __table_args__ = (
        Index("ix_question_clusters_status", "workspace_id", "status"),
        Index("ix_question_clusters_used", "workspace_id", "last_asked_at"),
        Index("ix_question_clusters_unnamed", "workspace_id", postgresql_where=UNNAMED, sqlite_where=UNNAMED),
        Index("ix_question_clusters_due", "workspace_id", "recheck", postgresql_where=DUE, sqlite_where=DUE),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    phrasing_id: Mapped[str] = mapped_column(Id)
    question: Mapped[str] = mapped_column(Text)
    by_hand: Mapped[bool] = mapped_column(default=False)  # a person parted it from another; no job joins it to any
    category: Mapped[str | None]  # empty: none of those that have a name; None until one was looked for
    last_asked_at: Mapped[datetime]
    asked: Mapped[int] = mapped_column(default=0)  # as often as is counted, like the three below
    failed: Mapped[int] = mapped_column(default=0)
    first_failed_on: Mapped[date | None]
    last_failed_on: Mapped[date | None]
    status: Mapped[str | None]  # a `ClusterStatus`
    opened_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[dict[str, Any] | None]
    assigned_to: Mapped[str | None] = mapped_column(Id)  # a member
    reason: Mapped[str | None]  # a `gaps.reasons.Reason`: why it is not answered, as was tried out last
    reason_told: Mapped[dict[str, Any] | None]
    reason_at: Mapped[datetime | None]
    recheck: Mapped[float | None]  # it is to be asked again: how urgently, above all others from `gaps.URGENT` on
    checked_at: Mapped[datetime | None]  # when it last was
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}


class Phrasing(Created, Base):
    """Questions in the same words, but for capitals, spaces and the marks at their ends; `question_id` is one of them,
    `text` its words and `vector` their embedding by `model`, as half-precision floats. `disputed` are documents by id,
    with the time at which they were no answer to it."""

    __tablename__ = "question_phrasings"
    __table_args__ = (
        Index("ix_question_phrasings_digest", "workspace_id", "digest", unique=True),
        Index("ix_question_phrasings_cluster", "workspace_id", "cluster_id"),
        Index("ix_question_phrasings_used", "workspace_id", "last_asked_at"),
        Index("ix_question_phrasings_moved", "workspace_id", postgresql_where=MOVED, sqlite_where=MOVED_IN_SQLITE),
    )
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    cluster_id: Mapped[str] = mapped_column(ForeignKey("question_clusters.id", ondelete="CASCADE"), index=True)
    question_id: Mapped[str] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    model: Mapped[str]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    passages: Mapped[list[Any]]  # the best that were found for it, `document#chunk`
    agents: Mapped[list[Any]] = mapped_column(default=list)  # that were asked it
    disputed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    last_asked_at: Mapped[datetime]
    moved: Mapped[bool] = mapped_column(default=False)  # to this cluster, to which its questions are still to follow


class ClusterAlias(Base):
    """A cluster that became part of another: its id still finds that one, and is given to no other."""

    __tablename__ = "cluster_aliases"
    tenancy = Tenancy.OWN

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    cluster_id: Mapped[str] = mapped_column(ForeignKey("question_clusters.id", ondelete="CASCADE"), index=True)


class Grouping(Base):
    """Of a workspace: `version` changes whenever phrasings come, go or change their cluster, in the same transaction;
    that locks this row, so that one such change follows the other."""

    __tablename__ = "groupings"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    merged_version: Mapped[int] = mapped_column(default=0)  # at which clusters of one meaning were last looked for
    merged_at: Mapped[datetime]  # when they were, or when the first phrasing came


class ClusterDay(Base):
    """How often a day's questions meant that."""

    __tablename__ = "cluster_days"
    __table_args__ = (Index("ix_cluster_days_cluster", "workspace_id", "cluster_id", "day"),)
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    cluster_id: Mapped[str] = mapped_column(Id, primary_key=True)
    asked: Mapped[int]
    failed: Mapped[int]  # of these: fallbacks, thumbs down, and those after which a human was wanted
    confidence: Mapped[float]  # in sum
    confident: Mapped[int]  # answers of that sum
