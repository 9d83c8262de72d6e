"""Workspaces: create, change, delete."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, new_id
from core.queue.outbox import enqueue
from domain.jobnames import PURGE_WORKSPACE
from domain.models import Member, Workspace
from domain.principal import Permission, Principal, Role
from domain.revision import check_match
from domain.workspaces.repository import WorkspaceRepository


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new workspace gets from the settings."""

    plan: str
    embedding_model: str


class WorkspaceService:
    def __init__(self, session: Session) -> None:
        self._session, self._workspaces = session, WorkspaceRepository(session)

    def create(
        self,
        user_id: str,
        name: str,
        defaults: Defaults,
        *,
        timezone: str = "UTC",
        settings: dict[str, Any] | None = None,
    ) -> Workspace:
        """A workspace with its creator as owner."""
        workspace = Workspace(
            id=new_id(Prefix.WORKSPACE),
            name=name,
            slug=self._free_slug(name),
            timezone=checked_timezone(timezone),
            plan=defaults.plan,
            settings=settings or {},
            embedding_model=defaults.embedding_model,
            owner_id=user_id,
        )
        self._session.add(workspace)
        self._session.flush()
        self._session.add(Member(workspace_id=workspace.id, user_id=user_id, role=Role.OWNER))
        return workspace

    def get(self, who: Principal) -> Workspace:
        who.require(Permission.WORKSPACE_READ)
        return self._existing(who)

    def update(self, who: Principal, changes: dict[str, Any], if_match: str | None) -> Workspace:
        """Apply the given fields; `settings` merges."""
        who.require(Permission.WORKSPACE_WRITE)
        workspace = self._existing(who)
        check_match(workspace, if_match)
        if "timezone" in changes:
            checked_timezone(changes["timezone"])
        if "settings" in changes:
            changes["settings"] = {**workspace.settings, **changes["settings"]}
        for name, value in changes.items():
            setattr(workspace, name, value)
        workspace.revision += 1
        return workspace

    def delete(self, who: Principal, if_match: str | None) -> None:
        """Out of sight at once; a job removes vectors, files and rows."""
        who.require(Permission.WORKSPACE_DELETE)
        workspace = self._existing(who)
        check_match(workspace, if_match)
        workspace.deleted_at = utc_now()
        enqueue(self._session, PURGE_WORKSPACE, workspace_id=workspace.id)

    def plan_of(self, who: Principal) -> str:
        """The workspace's plan; no permission needed to be held to its limits."""
        return self._existing(who).plan

    def _existing(self, who: Principal) -> Workspace:
        workspace = self._workspaces.get(who.workspace_id)
        if workspace is None:
            raise NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")
        return workspace

    def _free_slug(self, name: str) -> str:
        slug = slugify(name)
        return f"{slug}-{secrets.token_hex(3)}" if self._workspaces.slug_taken(slug) else slug


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
