"""Invitations, codes of accounts, where logins are used"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
STAMP = sa.DateTime(timezone=True)
OPEN_ONLY = sa.text("accepted_at IS NULL")


def upgrade() -> None:
    for name, kind in (("renewed_at", STAMP), ("address", sa.String()), ("user_agent", sa.String())):
        op.add_column("logins", sa.Column(name, kind, nullable=True))
    op.create_table(
        "account_codes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires_at", STAMP, nullable=False),
        sa.Column("created_at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_codes")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE", name=op.f("fk_account_codes_user_id_users")
        ),
    )
    op.create_index(op.f("ix_account_codes_user_id"), "account_codes", ["user_id"])
    _invitations()


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(64), nullable=False),
        sa.Column("expires_at", STAMP, nullable=False),
        sa.Column("accepted_at", STAMP, nullable=True),
        sa.Column("accepted_by", sa.String(64), nullable=True),
        sa.Column("created_at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_invitations_token_digest")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], ondelete="CASCADE",
            name=op.f("fk_invitations_workspace_id_workspaces"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_invitations_workspace_id"), "invitations", ["workspace_id"])
    op.create_index("ix_invitations_email", "invitations", ["email"])
    op.create_index(
        "uq_invitations_open", "invitations", ["workspace_id", "email"], unique=True,
        postgresql_where=OPEN_ONLY, sqlite_where=OPEN_ONLY,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("invitations")
    op.drop_table("account_codes")
    with op.batch_alter_table("logins") as logins:
        for name in ("user_agent", "address", "renewed_at"):
            logins.drop_column(name)
