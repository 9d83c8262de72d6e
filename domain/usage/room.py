"""What a workspace may still take in by its plan: agents, campaigns, documents, bytes.

A limited workspace is locked while something is added to it, so that what comes at the same moment is counted apart; an
unlimited one is neither locked nor counted. What a smaller plan finds beyond its limits stays; nothing comes to it.
"""

from sqlalchemy.orm import Session

from core.errors import PlanLimit
from domain.plans import GB, Limits, limits_of
from domain.principal import Principal
from domain.usage.repository import Held, UsageRepository
from domain.workspaces.repository import WorkspaceRepository

LARGER = "or ask whoever runs this service for a larger plan."


class Room:
    """Of one transaction, from its beginning on: what it adds is counted by `add_document`."""

    def __init__(self, session: Session, who: Principal) -> None:
        self._rows = UsageRepository(session, who)
        workspaces = WorkspaceRepository(session)
        self._plan = workspaces.plan(who.workspace_id) or ""
        self._limits = limits_of(self._plan) if self._plan else Limits()
        self._held: Held | None = None
        if self._limits != Limits():
            workspaces.lock(who.workspace_id)

    def require_agent(self) -> None:
        """Room for one more. Raises `PlanLimit`."""
        most = self._limits.agents
        if most is not None and self._rows.agents() >= most:
            agents = "one agent" if most == 1 else f"{most:,} agents"
            raise PlanLimit(f"The plan {self._plan} allows {agents}, and no more. Archive one, {LARGER}")

    def require_campaign(self) -> None:
        """Room for one more that runs. Raises `PlanLimit`."""
        most = self._limits.campaigns
        if most is not None and self._rows.campaigns() >= most:
            campaigns = "one campaign" if most == 1 else f"{most:,} campaigns"
            raise PlanLimit(f"The plan {self._plan} allows {campaigns} at once. Complete or cancel one, {LARGER}")

    def add_document(self, new_bytes: int, old_bytes: int | None = None) -> None:
        """A new one, or a new version of one of `old_bytes`. Raises `PlanLimit`, and nothing is added then."""
        limits = self._limits
        if limits.documents is None and limits.storage_bytes is None:
            return
        held = self._held = self._held or self._rows.held()
        documents = held.documents + (old_bytes is None)
        bytes_ = held.bytes_ + new_bytes - (old_bytes or 0)
        if limits.documents is not None and documents > max(limits.documents, held.documents):
            raise PlanLimit(
                f"The plan {self._plan} allows {limits.documents:,} documents, and no more. Delete some, {LARGER}"
            )
        if limits.storage_bytes is not None and bytes_ > max(limits.storage_bytes, held.bytes_):
            free = max(0, limits.storage_bytes - held.bytes_)
            raise PlanLimit(
                f"The plan {self._plan} allows {limits.storage_bytes / GB:g} GB of documents; {free / 10**6:,.1f} MB "
                f"are free, and this takes {(bytes_ - held.bytes_) / 10**6:,.1f} MB. Delete some, {LARGER}"
            )
        self._held = Held(documents, bytes_)
