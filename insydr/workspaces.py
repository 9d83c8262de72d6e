"""Which workspace the command line works in."""

import secrets

from core.errors import NotFound
from domain.models import Workspace
from domain.workspaces.repository import WorkspaceRepository
from domain.workspaces.service import NewWorkspace, create_workspace
from insydr.parts import Installation

LOCAL_EMAIL = "local@insydr.invalid"  # RFC 2606: nobody's address; nobody can log in as it


def pick_workspace(parts: Installation, wanted: str | None, *, create: bool) -> Workspace:
    """The workspace by id or slug, else the oldest; with `create` a first one is made."""
    with parts.database.read() as session:
        workspaces = WorkspaceRepository(session)
        found = workspaces.by_id_or_slug(wanted) if wanted else workspaces.oldest()
    if found is not None:
        return found
    if wanted is not None or not create:
        name = f"workspace {wanted!r}" if wanted else "workspace yet: `insydr ingest PATH` makes one"
        raise NotFound(f"There is no {name}.", code="WORKSPACE_NOT_FOUND")
    return new_workspace(parts, "Local")


def new_workspace(parts: Installation, name: str, owner_email: str | None = None) -> Workspace:
    """A workspace owned by the given account, else by a local one that nobody can log in as."""
    email = owner_email or LOCAL_EMAIL
    password = secrets.token_urlsafe(24)
    owner = parts.identity.find(email) or parts.identity.create_verified(email, password, "Local operator")[0]
    with parts.database.write() as session:
        return create_workspace(session, owner.id, NewWorkspace(name), parts.settings.plan)
