"""What workspaces used of their plans, by the month"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "monthly_usage",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("told_percent", sa.Integer(), nullable=False),
        sa.Column("told_limit", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "month", name=op.f("pk_monthly_usage")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], ondelete="CASCADE",
            name=op.f("fk_monthly_usage_workspace_id_workspaces"),
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("monthly_usage")
