"""The mail that invites somebody to a workspace."""

import re

from core.visible import one_line
from domain.identity.mails import Mail
from domain.models import Invitation, User, Workspace

LONGEST_NAME = 80
_LINK = re.compile(r"://|\bwww\.|\w\.\w", re.IGNORECASE)


def invitation_mail(
    workspace: Workspace, inviter: User, invitation: Invitation, token: str, public_url: str | None
) -> Mail:
    """Names are what strangers typed, and land in an inbox of somebody who asked for nothing: without links."""
    name = said(workspace.name)
    to = f"the workspace “{name}”" if name else "a workspace"
    who = f"{said(inviter.full_name)} ({inviter.email})" if said(inviter.full_name) else inviter.email
    where = f" at {public_url}" if public_url else ""
    text = (
        f"{who} invites you to {to}, in the role {invitation.role}.\n\n"
        f"Log in{where} with this address ({invitation.email}), or sign up with it, and accept the invitation with the "
        f"code\n\n    {token}\n\nIt works once, until {invitation.expires_at:%Y-%m-%d %H:%M} UTC. You did not expect "
        "this? Ignore this mail.\n"
    )
    return Mail(f"An invitation to {to} of Insydr", text)


def said(name: str) -> str:
    """A name as a mail may say it; "" for one that holds a link."""
    name = one_line(name)
    return "" if _LINK.search(name) else name[:LONGEST_NAME]
