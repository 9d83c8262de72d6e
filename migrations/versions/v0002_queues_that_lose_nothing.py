"""Queues that lose nothing: outbox rows live until their job has ended, workspaces take turns, workers are known"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("wake", sa.Boolean(), nullable=False, server_default=sa.false()))
        outbox.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        outbox.add_column(sa.Column("reason", sa.String(), nullable=True))
        outbox.add_column(sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True))
    # wake-ups carry no workspace any more; the sweeper makes new ones for all that is due
    op.execute("delete from outbox where job = 'ingest.wake'")
    with op.batch_alter_table("documents") as documents:
        documents.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="1"))
        documents.drop_index("ix_documents_queue")
        documents.create_index("ix_documents_queue", ["status", "workspace_id", "priority", "due_at"])
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("report", JSON, nullable=True))
    with op.batch_alter_table("embedding_cache") as embeddings:
        embeddings.add_column(sa.Column("document_id", sa.String(length=64), nullable=True))
        embeddings.create_index("ix_embedding_cache_document", ["workspace_id", "document_id"])
    op.create_table(
        "ingest_turns",
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_ingest_turns")),
    )
    op.create_table(
        "workers",
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_workers")),
    )
    with op.batch_alter_table("workers") as workers:
        workers.create_index(op.f("ix_workers_seen_at"), ["seen_at"])


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_table("ingest_turns")
    with op.batch_alter_table("embedding_cache") as embeddings:
        embeddings.drop_index("ix_embedding_cache_document")
        embeddings.drop_column("document_id")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("report")
    with op.batch_alter_table("documents") as documents:
        documents.drop_index("ix_documents_queue")
        documents.create_index("ix_documents_queue", ["workspace_id", "status", "due_at"])
        documents.drop_column("priority")
    with op.batch_alter_table("outbox") as outbox:
        for name in ("dead_at", "reason", "tries", "wake"):
            outbox.drop_column(name)
