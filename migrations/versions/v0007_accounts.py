"""Accounts: what a sign-up asked for is bound to its code, tries are counted apart, and a kept reply says what it needs.

Users that were never verified own nothing, and their codes end within minutes: they sign up again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("DELETE FROM users WHERE verified_at IS NULL")
    for name in ("otp_digest", "otp_expires_at", "otp_tries", "otp_sent_at", "failed_logins", "locked_until"):
        op.drop_column("users", name)
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("code_expires_at", STAMP, nullable=False),
        sa.Column("created_at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
    )
    op.create_index(op.f("ix_sign_ups_email"), "sign_ups", ["email"])
    op.create_table(
        "try_counts",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ends_at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_try_counts")),
    )
    op.create_index(op.f("ix_try_counts_ends_at"), "try_counts", ["ends_at"])
    op.execute("DELETE FROM idempotent_replies")  # kept without what they need, for a day at most
    op.add_column("idempotent_replies", sa.Column("needs", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("idempotent_replies", "needs")
    op.drop_table("try_counts")
    op.drop_table("sign_ups")
    for name in ("otp_digest", "otp_expires_at", "otp_sent_at", "locked_until"):
        kind = sa.String() if name == "otp_digest" else STAMP
        op.add_column("users", sa.Column(name, kind, nullable=True))
    for name in ("otp_tries", "failed_logins"):
        op.add_column("users", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
