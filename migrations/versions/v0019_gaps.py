"""Items of the work list are asked again when content comes or goes, and keep what proves that they are answered"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
DUE = sa.text("recheck IS NOT NULL")

revision = "0019"
down_revision = "0018"

# of the time before, those of the phrasing's own question alone: a question in these words adds its agent
AGENTS = """
UPDATE question_phrasings SET agents = coalesce(
  (SELECT {array}(q.agent_id) FROM questions q WHERE q.id = question_phrasings.question_id), '[]')
"""
ARRAY = {"sqlite": "json_array", "postgresql": "jsonb_build_array"}


def upgrade() -> None:
    op.add_column("question_clusters", sa.Column("recheck", sa.Double(), nullable=True))
    op.add_column("question_clusters", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("question_clusters", sa.Column("reason", sa.String(), nullable=True))
    op.add_column("question_clusters", sa.Column("reason_told", JSON, nullable=True))
    op.add_column("question_clusters", sa.Column("reason_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_question_clusters_due", "question_clusters", ["workspace_id", "recheck"],
        postgresql_where=DUE, sqlite_where=DUE,
    )  # fmt: skip
    for name, empty in (("agents", "[]"), ("disputed", "{}")):
        op.add_column("question_phrasings", sa.Column(name, JSON, nullable=False, server_default=empty))
    op.execute(AGENTS.format(array=ARRAY[op.get_bind().dialect.name]))
    op.create_table(
        "content_changes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=True),
        sa.Column("agent_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_changes")),
        _foreign("content_changes", "workspace_id", "workspaces"),
    )
    op.create_index("ix_content_changes_workspace", "content_changes", ["workspace_id", "id"])
    op.create_table(
        "answer_proofs",
        sa.Column("phrasing_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chunk_index", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phrasing_id", "agent_id", name=op.f("pk_answer_proofs")),
        _foreign("answer_proofs", "phrasing_id", "question_phrasings"),
        _foreign("answer_proofs", "workspace_id", "workspaces"),
        _foreign("answer_proofs", "document_id", "documents"),
    )
    op.create_index(op.f("ix_answer_proofs_workspace_id"), "answer_proofs", ["workspace_id"])
    op.create_index("ix_answer_proofs_document", "answer_proofs", ["document_id"])
    op.create_index("ix_answer_proofs_agent", "answer_proofs", ["workspace_id", "agent_id"])
    op.create_table(
        "gap_watches",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("question_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_watches")),
        _foreign("gap_watches", "workspace_id", "workspaces"),
        _foreign("gap_watches", "question_id", "questions"),
    )
    for column in ("workspace_id", "question_id"):
        op.create_index(op.f(f"ix_gap_watches_{column}"), "gap_watches", [column])
    # what is open may be answered by what came since
    op.execute("UPDATE question_clusters SET recheck = 1 WHERE status = 'OPEN'")


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}_{target}")
    )


def downgrade() -> None:
    op.drop_table("gap_watches")
    op.drop_table("answer_proofs")
    op.drop_table("content_changes")
    for name in ("agents", "disputed"):
        op.drop_column("question_phrasings", name)
    op.drop_index("ix_question_clusters_due", "question_clusters")
    for name in ("reason", "reason_told", "reason_at", "recheck", "checked_at"):
        op.drop_column("question_clusters", name)
