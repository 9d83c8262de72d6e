"""What a chunk's parts are: headings, sentences, items, rows"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("chunks", sa.Column("blocks", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("chunks", "blocks")
