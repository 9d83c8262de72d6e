"""The mail that tells a workspace of a visitor who asks for a human."""

from core.database import Database
from core.mail import Mailer
from core.visible import one_line
from domain.conversations.escalation_repository import Told, told

QUOTED_CHARACTERS = 2_000  # of each message


def mail_escalation(database: Database, mailer: Mailer, escalation_id: str) -> None:
    """To the workspace's address, else its owner's; nothing when it was deleted meanwhile."""
    with database.read() as session:
        found = told(session, escalation_id)
    if found is not None:
        mailer.send(found.to, one_line(f"{found.agent_name}: {found.escalation.email} asks for a human"), _text(found))


def _text(found: Told) -> str:
    row = found.escalation
    given = {"Name": row.name, "E-mail": row.email, "Phone": row.phone, "Page": row.page_url}
    lines = [f"{name}: {one_line(value)}" for name, value in given.items() if value]
    lines += ["", row.message[:QUOTED_CHARACTERS]] if row.message else []
    if found.messages:
        lines += ["", "What was said before:"]
        lines += [
            f"{'Visitor' if message.role == 'user' else found.agent_name}: {message.content[:QUOTED_CHARACTERS]}"
            for message in found.messages
        ]
    return "\n".join([*lines, "", f"Conversation {row.conversation_id} in the workspace “{found.workspace_name}”."])
