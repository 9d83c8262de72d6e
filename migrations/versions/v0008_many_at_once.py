"""Documents of a job by their status, crawls that are being removed, agents that answer from all collections"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_documents_job", "documents", ["job_id", "status", "id"])
    op.drop_index("ix_documents_job_id", table_name="documents")
    op.add_column("crawl_sources", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "crawl_sources", sa.Column("keeps_documents", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("agents", sa.Column("all_collections", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE agents SET all_collections = true WHERE id NOT IN (SELECT agent_id FROM agent_collections)")


def downgrade() -> None:
    op.drop_column("agents", "all_collections")
    op.drop_column("crawl_sources", "keeps_documents")
    op.drop_column("crawl_sources", "deleted_at")
    op.create_index("ix_documents_job_id", "documents", ["job_id"])
    op.drop_index("ix_documents_job", table_name="documents")
