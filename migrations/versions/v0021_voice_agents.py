"""Agents have a voice, a language that they speak, and a longest call"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("agents", sa.Column("voice_settings", JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("agents", "voice_settings")
