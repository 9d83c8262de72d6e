"""Citations link to the place on the page: a chunk keeps the anchor of its nearest heading"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("chunks") as chunks:
        chunks.add_column(sa.Column("anchor", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("chunks") as chunks:
        chunks.drop_column("anchor")
