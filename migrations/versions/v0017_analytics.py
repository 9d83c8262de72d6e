"""Analytics: questions, and what was counted of each day"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PENDING = sa.text("pending")
UNNAMED = sa.text("category IS NULL")

revision = "0017"
down_revision = "0016"

# questions with the answers that followed them before the next question
KNOWN = """
INSERT INTO questions (id, answer_id, workspace_id, conversation_id, agent_id, channel, visitor_key, asked_at,
  answered, refusal, confidence, response_ms, document_ids, feedback, is_right, escalated, pending)
SELECT q.id, a.id, a.workspace_id, c.id, c.agent_id, c.channel, COALESCE(c.visitor_id, c.id), q.created_at,
  a.answered, a.refusal, a.confidence, a.response_time_ms, DOCUMENTS, a.feedback, a.is_right, false, true
FROM messages a JOIN conversations c ON c.id = a.conversation_id JOIN messages q ON q.conversation_id = c.id
WHERE a.role = 'agent' AND a.answered IS NOT NULL AND q.role = 'user'
  AND q.id = (SELECT max(m.id) FROM messages m WHERE m.conversation_id = c.id AND m.role = 'user' AND m.id < a.id)
  AND a.id = (SELECT min(m.id) FROM messages m WHERE m.conversation_id = c.id AND m.role = 'agent' AND m.id > q.id)
"""
IN_SQLITE = "(SELECT json_group_array(json_extract(value, '$.document_id')) FROM json_each(a.sources))"
IN_POSTGRESQL = """COALESCE((SELECT jsonb_agg(s.value -> 'document_id' ORDER BY s.place)
  FROM jsonb_array_elements(a.sources) WITH ORDINALITY AS s(value, place)), '[]')"""


def upgrade() -> None:
    _questions()
    _days()
    _clusters()
    op.create_index("ix_conversations_begun", "conversations", ["workspace_id", "created_at"])
    op.execute(KNOWN.replace("DOCUMENTS", IN_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else IN_SQLITE))
    op.execute(
        "INSERT INTO stale_days (id, workspace_id, at) SELECT 'stale_' || id, workspace_id, asked_at FROM questions"
    )


def _questions() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("answer_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("visitor_key", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("response_ms", sa.Integer(), nullable=True),
        sa.Column("document_ids", JSON, nullable=False),
        sa.Column("feedback", sa.String(), nullable=True),
        sa.Column("is_right", sa.Boolean(), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.ForeignKeyConstraint(["id"], ["messages.id"], ondelete="CASCADE", name=op.f("fk_questions_id_messages")),
    )
    op.create_index(op.f("ix_questions_answer_id"), "questions", ["answer_id"], unique=True)
    op.create_index(op.f("ix_questions_conversation_id"), "questions", ["conversation_id"])
    op.create_index("ix_questions_asked", "questions", ["workspace_id", "asked_at"])
    op.create_index("ix_questions_cluster", "questions", ["workspace_id", "cluster_id", "visitor_key", "asked_at"])
    op.create_index(
        "ix_questions_pending", "questions", ["workspace_id", "id"], postgresql_where=PENDING, sqlite_where=PENDING
    )


def _days() -> None:
    counts = (
        "conversations", "conversations_escalated", "questions", "answered", "below_threshold", "escalated",
        "contradicted", "thumbs_up", "thumbs_down", "confirmed", "timed",
    )  # fmt: skip
    op.create_table(
        "day_stats",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("conversation_s", "response_ms")),
        *(sa.Column(name, JSON, nullable=False) for name in ("response_bins", "confidence_bins", "hours")),
        sa.PrimaryKeyConstraint("workspace_id", "day", "agent_id", "channel", name=op.f("pk_day_stats")),
        _of_workspace("day_stats"),
    )
    op.create_table(
        "document_days",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("cited", "cited_first", "thumbs_up", "thumbs_down", "contradicted")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "day", "document_id", name=op.f("pk_document_days")),
        _of_workspace("document_days"),
    )
    op.create_index("ix_document_days_document", "document_days", ["workspace_id", "document_id"])
    op.create_table(
        "stale_days",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_days")),
        _of_workspace("stale_days"),
    )
    op.create_index("ix_stale_days_workspace", "stale_days", ["workspace_id", "at"])


def _clusters() -> None:
    moments = ("opened_at", "reopened_at", "resolved_at")
    op.create_table(
        "question_clusters",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("question_id", sa.String(64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("asked", "failed")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("first_failed_on", "last_failed_on")),
        sa.Column("status", sa.String(), nullable=True),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in moments),
        sa.Column("resolved_by", JSON, nullable=True),
        sa.Column("assigned_to", sa.String(64), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_clusters")),
        _of_workspace("question_clusters"),
    )
    op.create_index("ix_question_clusters_status", "question_clusters", ["workspace_id", "status"])
    op.create_index("ix_question_clusters_used", "question_clusters", ["workspace_id", "last_asked_at"])
    op.create_index(
        "ix_question_clusters_unnamed", "question_clusters", ["workspace_id"],
        postgresql_where=UNNAMED, sqlite_where=UNNAMED,
    )  # fmt: skip
    op.create_table(
        "cluster_days",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("asked", "failed", "confident")),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day", "cluster_id", name=op.f("pk_cluster_days")),
        _of_workspace("cluster_days"),
    )
    op.create_index("ix_cluster_days_cluster", "cluster_days", ["workspace_id", "cluster_id", "day"])


def _of_workspace(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_workspace_id_workspaces")
    return sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE", name=name)


def downgrade() -> None:
    op.drop_index("ix_conversations_begun", "conversations")
    for table in ("cluster_days", "question_clusters", "stale_days", "document_days", "day_stats", "questions"):
        op.drop_table(table)
