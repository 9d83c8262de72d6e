"""A webhook whose receiver is gone, or failed for days, is turned off; its workspace learns of it."""

from enum import StrEnum

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.mail import Mailer
from core.queue.outbox import enqueue
from core.visible import one_line
from domain.audit.actions import Action
from domain.audit.recording import done
from domain.events.kinds import EventType
from domain.events.recording import Event, record
from domain.models import Webhook
from domain.principal import system
from domain.webhooks.jobs import MAIL_DISABLED
from domain.webhooks.repository import told


class Disabled(StrEnum):
    FAILING = "FAILING"
    GONE = "GONE"


WHY = {
    Disabled.FAILING: "nothing that was sent to it has been accepted for days",
    Disabled.GONE: "it answered 410 Gone",
}


def disable(session: Session, webhook: Webhook, reason: Disabled) -> None:
    """What waits for it stays, and is sent when somebody turns it on again."""
    webhook.is_active, webhook.disabled_at, webhook.disabled_reason = False, utc_now(), reason
    session.flush()  # before anybody asks who listens
    data = {"webhook_id": webhook.id, "name": webhook.name, "reason": reason}
    record(session, Event(EventType.WEBHOOK_DISABLED, webhook.workspace_id, data))
    enqueue(session, MAIL_DISABLED, webhook_id=webhook.id)
    done(session, system(webhook.workspace_id), Action.WEBHOOK_DISABLED, webhook, reason=reason.value)


def mail_disabled(database: Database, mailer: Mailer, webhook_id: str) -> None:
    """To whoever made it, else the workspace's owner; nothing when it was turned on or deleted meanwhile."""
    with database.read() as session:
        found = told(session, webhook_id)
    if found is None:
        return
    webhook, to = found.webhook, found.to
    why = WHY[Disabled(webhook.disabled_reason or Disabled.FAILING)]
    name = one_line(webhook.name)
    text = (
        f"The webhook “{name}” of the workspace “{one_line(found.workspace_name)}” was turned off: {why}.\n\n"
        f"Its URL is {webhook.url}\n\n"
        "Look at its deliveries, mend the receiver, and turn the webhook on again (is_active: true). What waited for "
        "it is sent then; what happened meanwhile you can replay."
    )
    mailer.send(to, f"The webhook “{name}” was turned off", text)
