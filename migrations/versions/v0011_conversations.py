"""Conversations as records: who asked and where, what a list counts, timings, feedback; how long a workspace keeps them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STAMP = sa.DateTime(timezone=True)

revision = "0011"
down_revision = "0010"

COUNTS = ("messages", "unanswered", "thumbs_up", "thumbs_down")
TEXTS = {
    "visitor_id": sa.String(64), "email": sa.String(), "language": sa.String(), "page_url": sa.Text(),
    "user_agent": sa.Text(),
}  # fmt: skip
MESSAGE_COLUMNS = {
    "language": sa.String(), "refusal": sa.String(), "generator": sa.String(), "notice": sa.Text(),
    "search_ms": sa.Double(), "first_token_ms": sa.Integer(), "feedback": sa.String(), "feedback_comment": sa.Text(),
    "feedback_at": STAMP,
}  # fmt: skip
INDEXES = {
    "ix_conversations_recent": ["workspace_id", "last_message_at"],
    "ix_conversations_visitor": ["workspace_id", "visitor_id"],
}


def upgrade() -> None:
    for name, kind in TEXTS.items():
        op.add_column("conversations", sa.Column(name, kind, nullable=True))
    for name in COUNTS:
        op.add_column("conversations", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name, kind in (("session_id", sa.String(64)), ("key_id", sa.String(64)), ("first_question", sa.Text())):
        op.add_column("conversations", sa.Column(name, kind, nullable=False, server_default=""))
    op.add_column("conversations", sa.Column("custom", JSON, nullable=False, server_default="{}"))
    op.add_column("conversations", sa.Column("escalated_at", STAMP, nullable=True))
    op.add_column(
        "conversations", sa.Column("last_message_at", STAMP, nullable=False, server_default="1970-01-01 00:00:00")
    )
    for name, kind in MESSAGE_COLUMNS.items():
        op.add_column("messages", sa.Column(name, kind, nullable=True))
    _describe()
    op.create_index("uq_conversations_session", "conversations", ["agent_id", "key_id", "session_id"], unique=True)
    for name, columns in INDEXES.items():
        op.create_index(name, "conversations", columns)
    op.add_column("workspaces", sa.Column("conversation_retention_days", sa.Integer(), nullable=True))


def _describe() -> None:
    """Those that there are already: their session was their id."""
    op.execute("UPDATE conversations SET session_id = id")
    op.execute(
        """UPDATE conversations SET
        messages = (SELECT count(*) FROM messages m WHERE m.conversation_id = conversations.id),
        unanswered = (SELECT count(*) FROM messages m WHERE m.conversation_id = conversations.id AND NOT m.answered),
        last_message_at = coalesce(
            (SELECT max(m.created_at) FROM messages m WHERE m.conversation_id = conversations.id), created_at),
        first_question = coalesce(
            (SELECT substr(m.content, 1, 200) FROM messages m
            WHERE m.conversation_id = conversations.id AND m.role = 'user' ORDER BY m.id LIMIT 1), '')"""
    )


def downgrade() -> None:
    op.drop_column("workspaces", "conversation_retention_days")
    for name in (*INDEXES, "uq_conversations_session"):
        op.drop_index(name, "conversations")
    for name in MESSAGE_COLUMNS:
        op.drop_column("messages", name)
    for name in (*TEXTS, *COUNTS, "session_id", "key_id", "first_question", "custom", "escalated_at",
                 "last_message_at"):  # fmt: skip
        op.drop_column("conversations", name)
