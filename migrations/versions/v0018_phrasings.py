"""Phrasings of questions: clusters are made of them, and a merged cluster leaves an alias"""

import hashlib
import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PENDING, MOVED = sa.text("pending"), sa.text("moved")
PENDING_IN_SQLITE, MOVED_IN_SQLITE = sa.text("pending = 1"), sa.text("moved = 1")

revision = "0018"
down_revision = "0017"

# a cluster's own question becomes its first phrasing; those of its other questions are found when a job looks at them
KEPT = "CREATE TABLE kept AS SELECT {columns} FROM {table}"
FIRST = """
INSERT INTO question_phrasings (id, workspace_id, cluster_id, question_id, digest, text, model, vector, passages,
  last_asked_at, moved, created_at)
SELECT 'phr_' || substr(c.id, 4), c.workspace_id, c.id, kept.question_id, c.id, c.question, kept.model, kept.vector,
  '[]', c.last_asked_at, false, c.created_at
FROM question_clusters c JOIN kept ON kept.id = c.id
"""
OWN = """
UPDATE questions SET phrasing_id =
  (SELECT min(p.id) FROM question_phrasings p WHERE p.question_id = questions.id AND p.cluster_id = questions.cluster_id)
WHERE cluster_id IS NOT NULL AND id IN (SELECT question_id FROM question_phrasings)
"""
BACK = (
    "UPDATE question_clusters SET {column} = (SELECT {column} FROM kept WHERE kept.id = question_clusters.phrasing_id)"
)
OLD = (("question_id", sa.String(64)), ("model", sa.String()), ("vector", sa.LargeBinary()))


def upgrade() -> None:
    op.execute(KEPT.format(columns="id, question_id, model, vector", table="question_clusters"))
    with op.batch_alter_table("question_clusters") as table:
        for name, _ in OLD:
            table.drop_column(name)
        table.add_column(sa.Column("phrasing_id", sa.String(64), nullable=True))
        table.add_column(sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE question_clusters SET phrasing_id = 'phr_' || substr(id, 4)")
    with op.batch_alter_table("question_clusters") as table:
        table.alter_column("phrasing_id", existing_type=sa.String(64), nullable=False)
        table.alter_column("by_hand", existing_type=sa.Boolean(), server_default=None)
    _tables()
    op.execute(FIRST)
    op.drop_table("kept")
    _digests()
    for name, kind in (("asked", sa.Text()), ("passages", JSON), ("phrasing_id", sa.String(64))):
        op.add_column("questions", sa.Column(name, kind, nullable=True))
    op.create_index("ix_questions_phrasing", "questions", ["workspace_id", "phrasing_id", "cluster_id"])
    op.execute("UPDATE questions SET pending = true WHERE cluster_id IS NOT NULL")
    op.execute(OWN)
    _pending(PENDING_IN_SQLITE)


def _pending(in_sqlite: sa.TextClause) -> None:
    """SQLite did not use the index as it was, and read the whole table."""
    op.drop_index("ix_questions_pending", "questions")
    op.create_index(
        "ix_questions_pending", "questions", ["workspace_id", "id"], postgresql_where=PENDING, sqlite_where=in_sqlite
    )


def _digests() -> None:
    """As `domain.unanswered.phrasing.digest_of` made them; of two clusters in the same words the older has it."""
    connection, known = op.get_bind(), set()
    rows = connection.execute(sa.text("SELECT id, workspace_id, text FROM question_phrasings ORDER BY id")).all()
    for phrasing_id, workspace_id, text in rows:
        plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        digest = hashlib.sha256((plain.strip(" ?!.。？！¿¡") or plain).encode(errors="surrogatepass")).hexdigest()[:32]
        if (workspace_id, digest) not in known:
            known.add((workspace_id, digest))
            values = {"digest": digest, "id": phrasing_id}
            connection.execute(sa.text("UPDATE question_phrasings SET digest = :digest WHERE id = :id"), values)


def _tables() -> None:
    op.create_table(
        "question_phrasings",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("question_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("passages", JSON, nullable=False),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_phrasings")),
        *_owned("question_phrasings"),
    )
    for columns, unique in ((["digest"], True), (["cluster_id"], False), (["last_asked_at"], False)):
        name = {"last_asked_at": "used", "cluster_id": "cluster"}.get(columns[0], columns[0])
        op.create_index(
            f"ix_question_phrasings_{name}", "question_phrasings", ["workspace_id", *columns], unique=unique
        )
    op.create_index(op.f("ix_question_phrasings_cluster_id"), "question_phrasings", ["cluster_id"])
    op.create_index(
        "ix_question_phrasings_moved", "question_phrasings", ["workspace_id"],
        postgresql_where=MOVED, sqlite_where=MOVED_IN_SQLITE,
    )  # fmt: skip
    op.create_table(
        "cluster_aliases",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_aliases")),
        *_owned("cluster_aliases"),
    )
    for column in ("workspace_id", "cluster_id"):
        op.create_index(op.f(f"ix_cluster_aliases_{column}"), "cluster_aliases", [column])
    op.create_table(
        "groupings",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_version", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_groupings")),
        _foreign("groupings", "workspace_id", "workspaces"),
    )


def _owned(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        _foreign(table, "workspace_id", "workspaces"),
        _foreign(table, "cluster_id", "question_clusters"),
    )


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}_{target}")
    )


def downgrade() -> None:
    op.execute(KEPT.format(columns="id, question_id, model, vector", table="question_phrasings"))
    for name in ("groupings", "cluster_aliases", "question_phrasings"):
        op.drop_table(name)
    with op.batch_alter_table("question_clusters") as table:
        for name, kind in OLD:
            table.add_column(sa.Column(name, kind, nullable=True))
    for name, _ in OLD:
        op.execute(BACK.format(column=name))
    op.drop_table("kept")
    with op.batch_alter_table("question_clusters") as table:
        for name, kind in OLD:
            table.alter_column(name, existing_type=kind, nullable=False)
        table.drop_column("phrasing_id")
        table.drop_column("by_hand")
    _pending(PENDING)
    op.drop_index("ix_questions_phrasing", "questions")
    for name in ("asked", "passages", "phrasing_id"):
        op.drop_column("questions", name)
