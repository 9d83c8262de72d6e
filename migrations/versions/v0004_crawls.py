"""Sites that are crawled: sources, their pages, their runs and what each changed"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "crawl_sources",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("collection_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("schedule", sa.String(), nullable=True),
        sa.Column("every_hours", sa.Double(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name=op.f("fk_crawl_sources_collection_id_collections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_sources")),
    )
    with op.batch_alter_table("crawl_sources") as batch_op:
        batch_op.create_index(batch_op.f("ix_crawl_sources_next_run_at"), ["next_run_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_crawl_sources_workspace_id"), ["workspace_id"], unique=False)
        batch_op.create_index("uq_crawl_sources_site", ["collection_id", "key"], unique=True)

    op.create_table(
        "crawl_pages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("document_id", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("modified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("text_hash", sa.String(), nullable=True),
        sa.Column("near_hash", sa.String(), nullable=True),
        sa.Column("figures", sa.String(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["crawl_sources.id"], name=op.f("fk_crawl_pages_source_id_crawl_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_pages")),
    )
    with op.batch_alter_table("crawl_pages") as batch_op:
        batch_op.create_index(batch_op.f("ix_crawl_pages_document_id"), ["document_id"], unique=False)
        batch_op.create_index("ix_crawl_pages_frontier", ["source_id", "state", "turn", "id"], unique=False)
        batch_op.create_index("uq_crawl_pages_key", ["source_id", "key"], unique=True)

    op.create_table(
        "crawl_runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("page_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("skipped", JSON, nullable=False),
        sa.Column("worked_s", sa.Double(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("lease_id", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["crawl_sources.id"], name=op.f("fk_crawl_runs_source_id_crawl_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_runs")),
    )
    with op.batch_alter_table("crawl_runs") as batch_op:
        batch_op.create_index(batch_op.f("ix_crawl_runs_job_id"), ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_crawl_runs_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_crawl_runs_state"), ["state"], unique=False)

    op.create_table(
        "crawl_changes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("document_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["crawl_runs.id"], name=op.f("fk_crawl_changes_run_id_crawl_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_changes")),
    )
    with op.batch_alter_table("crawl_changes") as batch_op:
        batch_op.create_index("ix_crawl_changes_listing", ["run_id", "change", "id"], unique=False)

    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("open", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_column("open")

    with op.batch_alter_table("crawl_changes") as batch_op:
        batch_op.drop_index("ix_crawl_changes_listing")

    op.drop_table("crawl_changes")
    with op.batch_alter_table("crawl_runs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_crawl_runs_state"))
        batch_op.drop_index(batch_op.f("ix_crawl_runs_source_id"))
        batch_op.drop_index(batch_op.f("ix_crawl_runs_job_id"))

    op.drop_table("crawl_runs")
    with op.batch_alter_table("crawl_pages") as batch_op:
        batch_op.drop_index("uq_crawl_pages_key")
        batch_op.drop_index("ix_crawl_pages_frontier")
        batch_op.drop_index(batch_op.f("ix_crawl_pages_document_id"))

    op.drop_table("crawl_pages")
    with op.batch_alter_table("crawl_sources") as batch_op:
        batch_op.drop_index("uq_crawl_sources_site")
        batch_op.drop_index(batch_op.f("ix_crawl_sources_workspace_id"))
        batch_op.drop_index(batch_op.f("ix_crawl_sources_next_run_at"))

    op.drop_table("crawl_sources")
