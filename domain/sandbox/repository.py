"""Reports of the sandbox that are due. System work across tenants."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.models import SandboxReport


def due(session: Session, now: datetime, limit: int) -> list[SandboxReport]:
    """The earliest first, those left out that another process is applying now."""
    query = select(SandboxReport).where(SandboxReport.due_at <= now)
    ordered = query.order_by(SandboxReport.due_at, SandboxReport.target_id, SandboxReport.sequence).limit(limit)
    return list(session.scalars(ordered.with_for_update(skip_locked=True)))


def is_due(session: Session, now: datetime) -> bool:
    """Whether anything is: asked often, and without a writer's lock."""
    return session.scalar(select(SandboxReport.target_id).where(SandboxReport.due_at <= now).limit(1)) is not None
