"""The widget: how it looks, whether its agent is paused, and visitors who asked for a human"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STAMP = sa.DateTime(timezone=True)

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("agents", sa.Column("widget_config", JSON, nullable=False, server_default="{}"))
    op.add_column("agents", sa.Column("paused_at", STAMP, nullable=True))
    op.add_column("api_keys", sa.Column("line_id", sa.String(64), nullable=True))
    op.add_column("api_keys", sa.Column("messages_per_day", sa.Integer(), nullable=True))
    op.add_column("workspaces", sa.Column("escalation_email", sa.String(), nullable=True))
    op.create_table(
        "escalations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("page_url", sa.Text(), nullable=True),
        sa.Column("created_at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], ondelete="CASCADE",
            name=op.f("fk_escalations_conversation_id_conversations"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_escalations_workspace_id"), "escalations", ["workspace_id"])
    op.create_index(op.f("ix_escalations_conversation_id"), "escalations", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("escalations")
    op.drop_column("workspaces", "escalation_email")
    op.drop_column("api_keys", "messages_per_day")
    op.drop_column("api_keys", "line_id")
    op.drop_column("agents", "paused_at")
    op.drop_column("agents", "widget_config")
