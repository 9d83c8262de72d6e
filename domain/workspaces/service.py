"""Workspaces: create, change, delete."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.analytics.marks_repository import mark_everything
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created, done
from domain.changes import UNSET, Unset, changed
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Member, Workspace
from domain.origin import NOWHERE, Origin
from domain.principal import ROLE_PERMISSIONS, Permission, Principal, Role, operator
from domain.revision import check_match
from domain.workspaces.jobs import PURGE_WORKSPACE
from domain.workspaces.repository import WorkspaceRepository


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    name: str
    timezone: str = "UTC"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """`settings` merges with what the workspace has."""

    name: str | Unset = UNSET
    logo_url: str | Unset | None = UNSET
    timezone: str | Unset = UNSET
    settings: dict[str, Any] | Unset = UNSET
    escalation_email: str | Unset | None = UNSET
    conversation_retention_days: int | Unset | None = UNSET


def create_workspace(
    session: Session, user_id: str, new: NewWorkspace, plan: str, origin: Origin = NOWHERE
) -> Workspace:
    """A workspace with its creator as owner; `plan` is what new workspaces get."""
    workspace = Workspace(
        id=new_id(Prefix.WORKSPACE),
        name=new.name,
        slug=_free_slug(session, new.name),
        timezone=checked_timezone(new.timezone),
        plan=plan,
        settings=new.settings,
        owner_id=user_id,
    )
    session.add(workspace)
    session.flush()
    session.add(Member(workspace_id=workspace.id, user_id=user_id, role=Role.OWNER))
    record(session, Event(EventType.MEMBER_JOINED, workspace.id, {"user_id": user_id, "role": Role.OWNER}))
    who = Principal(workspace.id, user_id, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER, origin=origin)
    created(session, who, Action.WORKSPACE_CREATED, workspace)
    return workspace


class WorkspaceService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._workspaces = WorkspaceRepository(session)

    def get(self) -> Workspace:
        self._who.require(Permission.WORKSPACE_READ)
        return self._existing()

    def update(self, change: WorkspaceChange, if_match: str | None) -> Workspace:
        self._who.require(Permission.WORKSPACE_WRITE)
        workspace = self._existing()
        check_match(workspace, if_match)
        before = facts(workspace)
        workspace.name = changed(change.name, workspace.name)
        if change.logo_url is not UNSET:
            workspace.logo_url = checked_logo(change.logo_url)
        if change.timezone is not UNSET:
            self._move(workspace, checked_timezone(change.timezone))
        for name in ("escalation_email", "conversation_retention_days"):
            if (value := getattr(change, name)) is not UNSET:
                setattr(workspace, name, value)
        workspace.settings = {**workspace.settings, **changed(change.settings, {})}
        workspace.revision += 1
        audit_change(self._session, self._who, Action.WORKSPACE_UPDATED, workspace, before)
        return workspace

    def _move(self, workspace: Workspace, timezone: str) -> None:
        """Its days are others then."""
        if timezone != workspace.timezone:
            workspace.timezone = timezone
            mark_everything(self._session, workspace.id)

    def delete(self, if_match: str | None) -> None:
        """Out of sight at once; a job removes vectors, files and rows."""
        self._who.require(Permission.WORKSPACE_DELETE)
        workspace = self._existing()
        check_match(workspace, if_match)
        workspace.deleted_at = utc_now()
        enqueue(self._session, PURGE_WORKSPACE, workspace_id=workspace.id)
        done(self._session, self._who, Action.WORKSPACE_DELETED, workspace)

    def plan(self) -> str:
        """The workspace's plan; no permission needed to be held to its limits."""
        return self._existing().plan

    def timezone(self) -> str:
        """That of the workspace's days; whoever asks has required a permission of its own."""
        return self._existing().timezone

    def _existing(self) -> Workspace:
        workspace = self._workspaces.get(self._who.workspace_id)
        if workspace is None:
            raise NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")
        return workspace


def set_plan(session: Session, workspace: Workspace, plan: str) -> None:
    """An operator's, not a member's, to do. It holds at once, for rates within half a minute."""
    before = facts(workspace)
    workspace.plan = plan
    workspace.revision += 1
    audit_change(session, operator(workspace.id, workspace.owner_id), Action.PLAN_CHANGED, workspace, before)


def _free_slug(session: Session, name: str) -> str:
    slug = slugify(name)
    return f"{slug}-{secrets.token_hex(6)}" if WorkspaceRepository(session).slug_taken(slug) else slug


def checked_logo(url: str | None) -> str | None:
    if url and not url.startswith(("https://", "http://")):
        raise InvalidInput("logo_url must begin with https:// or http://.", field="logo_url")
    return url


def slugify(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:60] or "workspace"


def checked_timezone(name: str) -> str:
    """An IANA zone (`Asia/Kolkata`)."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"There is no time zone {name[:64]!r}. Use an IANA name such as Europe/Berlin.",
            code="INVALID_TIMEZONE",
            field="timezone",
        ) from None
    return name
