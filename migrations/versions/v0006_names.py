"""Names: a crawled page's rank in the frontier, a workspace's fair share of ingestion; the workspace's embedding model,
which nothing read, goes"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _rename_table("ingest_turns", "ingest_shares")
    op.alter_column("crawl_pages", "turn", new_column_name="rank")
    op.drop_column("workspaces", "embedding_model")


def downgrade() -> None:
    op.add_column("workspaces", sa.Column("embedding_model", sa.String(), nullable=False, server_default=""))
    op.alter_column("crawl_pages", "rank", new_column_name="turn")
    _rename_table("ingest_shares", "ingest_turns")


def _rename_table(old: str, new: str) -> None:
    op.rename_table(old, new)
    if op.get_context().dialect.name == "postgresql":  # SQLite has no name for a primary key's index
        op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")
