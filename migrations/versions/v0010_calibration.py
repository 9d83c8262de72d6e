"""A workspace's own calibration: labels of answers, the confidence before it, and what was fitted"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("messages", sa.Column("raw_confidence", sa.Double(), nullable=True))
    op.add_column("messages", sa.Column("is_right", sa.Boolean(), nullable=True))
    op.create_index("ix_messages_labels", "messages", ["workspace_id", "is_right"])
    op.create_table(
        "calibrations",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("scale", sa.Double(), nullable=False),
        sa.Column("bias", sa.Double(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_calibrations")),
    )


def downgrade() -> None:
    op.drop_table("calibrations")
    op.drop_index("ix_messages_labels", "messages")
    op.drop_column("messages", "is_right")
    op.drop_column("messages", "raw_confidence")
