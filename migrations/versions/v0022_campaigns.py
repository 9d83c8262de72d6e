"""Campaigns, the people whom they call, and the numbers that nobody calls; how clients name whom they call"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("calls", sa.Column("contact_ref", sa.String(), nullable=True))
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("phone_number_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("window_start", sa.String(), nullable=False),
        sa.Column("window_end", sa.String(), nullable=False),
        sa.Column("max_concurrent", sa.Integer(), nullable=False),
        sa.Column("max_a_day", sa.Integer(), nullable=True),
        sa.Column("retry_minutes", JSON, nullable=False),
        sa.Column("retry_voicemail", sa.Boolean(), nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("dialled_day", sa.String(), nullable=True),
        sa.Column("dialled_calls", sa.Integer(), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        _foreign("campaigns", "workspace_id", "workspaces"),
    )
    op.create_index("ix_campaigns_recent", "campaigns", ["workspace_id", "created_at"])
    op.create_index(op.f("ix_campaigns_workspace_id"), "campaigns", ["workspace_id"])
    _create_partial("ix_campaigns_wake", "campaigns", ["wake_at"], "wake_at IS NOT NULL")
    op.create_table(
        "campaign_contacts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("campaign_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("lead_id", sa.String(64), nullable=True),
        sa.Column("contact_ref", sa.String(), nullable=True),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("custom", JSON, nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_id", sa.String(64), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_contacts")),
        _foreign("campaign_contacts", "campaign_id", "campaigns"),
    )
    op.create_index("ix_campaign_contacts_listed", "campaign_contacts", ["campaign_id", "id"])
    op.create_index("ix_campaign_contacts_status", "campaign_contacts", ["campaign_id", "status", "id"])
    op.create_index("uq_campaign_contacts_number", "campaign_contacts", ["campaign_id", "to_number"], unique=True)
    _create_partial(
        "ix_campaign_contacts_next", "campaign_contacts", ["campaign_id", "next_at", "id"], "next_at IS NOT NULL"
    )
    op.create_table(
        "do_not_call",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "number", name=op.f("pk_do_not_call")),
        _foreign("do_not_call", "workspace_id", "workspaces"),
    )


def _create_partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _foreign(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    op.drop_table("do_not_call")
    op.drop_table("campaign_contacts")
    op.drop_table("campaigns")
    op.drop_column("calls", "contact_ref")
