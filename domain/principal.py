"""Who asks: an argument everywhere, never a global. And what each role may do."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import Forbidden
from domain.origin import NOWHERE, Origin


class Role(StrEnum):
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    EDITOR = "EDITOR"  # knowledge admin
    ANALYST = "ANALYST"
    VIEWER = "VIEWER"


class Actor(StrEnum):
    USER = "USER"
    KEY = "KEY"
    OPERATOR = "OPERATOR"  # the command line on the machine
    SYSTEM = "SYSTEM"  # nobody asked for it


class Permission(StrEnum):
    WORKSPACE_READ = "workspace:read"
    WORKSPACE_WRITE = "workspace:write"
    WORKSPACE_DELETE = "workspace:delete"
    WORKSPACE_TRANSFER = "workspace:transfer"
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"
    KEYS_READ = "api-keys:read"
    KEYS_MANAGE = "api-keys:manage"
    COLLECTIONS_READ = "collections:read"
    COLLECTIONS_WRITE = "collections:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    SEARCH = "search:read"
    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    AGENTS_TEST = "agents:test"
    AGENTS_ASK = "agents:ask"
    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_DELETE = "conversations:delete"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    AUDIT_READ = "audit:read"
    ANALYTICS_READ = "analytics:read"
    UNANSWERED_WRITE = "unanswered:write"
    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    LEADS_READ = "leads:read"
    LEADS_WRITE = "leads:write"
    APPOINTMENTS_READ = "appointments:read"
    APPOINTMENTS_WRITE = "appointments:write"
    SMS_READ = "sms:read"
    SMS_WRITE = "sms:write"
    EMAILS_READ = "emails:read"
    EMAILS_WRITE = "emails:write"
    SECRETS_MANAGE = "secrets:manage"


_VIEWER = frozenset({
    Permission.WORKSPACE_READ, Permission.COLLECTIONS_READ, Permission.DOCUMENTS_READ, Permission.SEARCH,
    Permission.AGENTS_READ, Permission.AGENTS_TEST, Permission.AGENTS_ASK, Permission.KEYS_READ,
    Permission.MEMBERS_READ,
})  # fmt: skip
_ANALYST = _VIEWER | {
    Permission.CONVERSATIONS_READ, Permission.ANALYTICS_READ, Permission.UNANSWERED_WRITE, Permission.CALLS_READ,
    Permission.LEADS_READ, Permission.APPOINTMENTS_READ, Permission.SMS_READ, Permission.EMAILS_READ,
}  # fmt: skip
_EDITOR = _ANALYST | {
    Permission.COLLECTIONS_WRITE, Permission.DOCUMENTS_WRITE, Permission.AGENTS_WRITE, Permission.CALLS_WRITE,
    Permission.LEADS_WRITE, Permission.APPOINTMENTS_WRITE, Permission.SMS_WRITE, Permission.EMAILS_WRITE,
}  # fmt: skip
_ADMIN = _EDITOR | {
    Permission.WORKSPACE_WRITE, Permission.KEYS_MANAGE, Permission.CONVERSATIONS_DELETE, Permission.WEBHOOKS_READ,
    Permission.WEBHOOKS_MANAGE, Permission.MEMBERS_MANAGE, Permission.AUDIT_READ,
}  # fmt: skip
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN | {Permission.WORKSPACE_DELETE, Permission.WORKSPACE_TRANSFER, Permission.SECRETS_MANAGE},
}
ALL = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or key inside one workspace. `user_id` of a key is its creator's."""

    workspace_id: str
    user_id: str
    permissions: frozenset[Permission]
    role: Role | None = None  # None for keys
    key_id: str | None = None
    is_operator: bool = False
    origin: Origin = field(default=NOWHERE, compare=False, repr=False)
    needed: set[Permission] = field(default_factory=set, compare=False, repr=False)  # what was required so far

    @property
    def actor(self) -> Actor:
        if self.key_id is not None:
            return Actor.KEY
        if self.is_operator:
            return Actor.OPERATOR
        return Actor.USER if self.user_id else Actor.SYSTEM

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` without `permission`."""
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}. Ask an owner or admin of the workspace for it.")
        self.needed.add(permission)

    def require_all_of(self, role: Role) -> None:
        """Raise `Forbidden` unless they may all that `role` may: nobody makes, changes or removes a stronger member."""
        if not ROLE_PERMISSIONS[role] <= self.permissions:
            raise Forbidden(
                f"{role} may more than you may here: somebody with that role has to do this.", code="ROLE_TOO_HIGH"
            )


def system(workspace_id: str, *permissions: Permission) -> Principal:
    """Nobody: what happens by itself, and what it needs for that."""
    return Principal(workspace_id, "", frozenset(permissions))


def operator(workspace_id: str, owner_id: str, origin: Origin = NOWHERE) -> Principal:
    """Whoever runs the installation; they act as the workspace's owner."""
    everything = ROLE_PERMISSIONS[Role.OWNER]
    return Principal(workspace_id, owner_id, everything, Role.OWNER, is_operator=True, origin=origin)
