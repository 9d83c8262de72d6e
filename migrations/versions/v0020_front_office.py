"""The front office: leads, calls, appointments, text messages, mails and secrets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_key", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("phone_key", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("tasks", JSON, nullable=False),
        sa.Column("custom_fields", JSON, nullable=False),
        sa.Column("assigned_to", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.String(64), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        _foreign("leads", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_leads_workspace_id"), "leads", ["workspace_id"])
    op.create_index("uq_leads_email", "leads", ["workspace_id", "email_key"], unique=True)
    op.create_index("uq_leads_phone", "leads", ["workspace_id", "phone_key"], unique=True)
    op.create_table(
        "lead_changes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("lead_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=True),
        sa.Column("key_id", sa.String(64), nullable=True),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_changes")),
        _foreign("lead_changes", "lead_id", "leads"),
    )
    op.create_index(op.f("ix_lead_changes_lead_id"), "lead_changes", ["lead_id"])
    op.create_table(
        "calls",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=True),
        sa.Column("lead_id", sa.String(64), nullable=True),
        sa.Column("campaign_id", sa.String(64), nullable=True),
        sa.Column("phone_number_id", sa.String(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=False),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_call_id", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("custom", JSON, nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=True),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("cost_cents", sa.Integer(), nullable=True),
        sa.Column("recording_url", sa.Text(), nullable=True),
        sa.Column("turns", JSON, nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("sentiment", sa.String(), nullable=True),
        sa.Column("analysis", JSON, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        _foreign("calls", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_calls_agent_id"), "calls", ["agent_id"])
    op.create_index("ix_calls_campaign", "calls", ["workspace_id", "campaign_id"])
    op.create_index(op.f("ix_calls_lead_id"), "calls", ["lead_id"])
    op.create_index("ix_calls_recent", "calls", ["workspace_id", "created_at"])
    op.create_index(op.f("ix_calls_workspace_id"), "calls", ["workspace_id"])
    op.create_index("uq_calls_provider", "calls", ["provider", "provider_call_id"], unique=True)
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("lead_id", sa.String(64), nullable=True),
        sa.Column("contact_ref", sa.String(), nullable=True),
        sa.Column("customer_name", sa.String(), nullable=True),
        sa.Column("customer_phone", sa.String(), nullable=True),
        sa.Column("customer_email", sa.String(), nullable=True),
        sa.Column("staff_id", sa.String(), nullable=True),
        sa.Column("service_type", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("meeting_type", sa.String(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("reminders", JSON, nullable=False),
        sa.Column("call_id", sa.String(64), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        _foreign("appointments", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_appointments_lead_id"), "appointments", ["lead_id"])
    op.create_index("ix_appointments_staff", "appointments", ["workspace_id", "staff_id", "starts_at"])
    op.create_index("ix_appointments_start", "appointments", ["workspace_id", "starts_at"])
    op.create_index(op.f("ix_appointments_workspace_id"), "appointments", ["workspace_id"])
    op.create_index("uq_appointments_external", "appointments", ["workspace_id", "external_id"], unique=True)
    op.create_table(
        "appointment_reminders",
        sa.Column("appointment_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("minutes_before", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("appointment_id", "channel", "minutes_before", name=op.f("pk_appointment_reminders")),
        _foreign("appointment_reminders", "appointment_id", "appointments"),
    )
    op.create_index(
        "ix_appointment_reminders_due",
        "appointment_reminders",
        ["due_at"],
        postgresql_where=sa.text("sent_at IS NULL"),
        sqlite_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "sms_messages",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("lead_id", sa.String(64), nullable=True),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=False),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("media_urls", JSON, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_messages")),
        _foreign("sms_messages", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_sms_messages_lead_id"), "sms_messages", ["lead_id"])
    op.create_index("ix_sms_messages_recent", "sms_messages", ["workspace_id", "created_at"])
    op.create_index("ix_sms_messages_thread", "sms_messages", ["workspace_id", "conversation_id"])
    op.create_index(
        "ix_sms_messages_waiting",
        "sms_messages",
        ["send_after"],
        postgresql_where=sa.text("status = 'queued' AND send_after IS NOT NULL"),
        sqlite_where=sa.text("status = 'queued' AND send_after IS NOT NULL"),
    )
    op.create_index(op.f("ix_sms_messages_workspace_id"), "sms_messages", ["workspace_id"])
    op.create_index(
        "uq_sms_messages_provider", "sms_messages", ["workspace_id", "provider", "provider_message_id"], unique=True
    )
    op.create_table(
        "sms_opt_outs",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "number", name=op.f("pk_sms_opt_outs")),
        _foreign("sms_opt_outs", "workspace_id", "workspaces"),
    )
    op.create_table(
        "emails",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("lead_id", sa.String(64), nullable=True),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipients", JSON, nullable=False),
        sa.Column("copies", JSON, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("attachments", JSON, nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("references", JSON, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("script", JSON, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emails")),
        _foreign("emails", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_emails_lead_id"), "emails", ["lead_id"])
    op.create_index("ix_emails_recent", "emails", ["workspace_id", "created_at"])
    op.create_index("ix_emails_thread", "emails", ["workspace_id", "thread_id"])
    op.create_index(op.f("ix_emails_workspace_id"), "emails", ["workspace_id"])
    op.create_index("uq_emails_message", "emails", ["workspace_id", "message_id"], unique=True)
    op.create_table(
        "secrets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.Column("vault_key_id", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
        _foreign("secrets", "workspace_id", "workspaces"),
    )
    op.create_index(op.f("ix_secrets_vault_key_id"), "secrets", ["vault_key_id"])
    op.create_index(op.f("ix_secrets_workspace_id"), "secrets", ["workspace_id"])
    op.create_index("uq_secrets_name", "secrets", ["workspace_id", "name", "environment"], unique=True)
    op.create_table(
        "front_offices",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_front_offices")),
        _foreign("front_offices", "workspace_id", "workspaces"),
    )
    op.create_table(
        "sandbox_reports",
        sa.Column("target_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.PrimaryKeyConstraint("target_id", "sequence", name=op.f("pk_sandbox_reports")),
        _foreign("sandbox_reports", "workspace_id", "workspaces"),
    )
    op.create_index("ix_sandbox_reports_due", "sandbox_reports", ["due_at"])
    op.create_index(op.f("ix_sandbox_reports_workspace_id"), "sandbox_reports", ["workspace_id"])


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}_{target}")
    )


def downgrade() -> None:
    op.drop_table("sandbox_reports")
    op.drop_table("front_offices")
    op.drop_table("secrets")
    op.drop_table("emails")
    op.drop_table("sms_opt_outs")
    op.drop_table("sms_messages")
    op.drop_table("appointment_reminders")
    op.drop_table("appointments")
    op.drop_table("calls")
    op.drop_table("lead_changes")
    op.drop_table("leads")
