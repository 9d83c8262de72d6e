"""One delivery in full, as the log shows it; and a test that is sent at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import utc_now
from core.crypto import Keyring
from core.database import Database
from core.errors import InvalidInput
from core.ids import Prefix, new_id
from core.outbound.client import GuardedBackend
from core.strict_model import unknown_name
from domain.events.catalogue import EVENTS
from domain.models import Delivery, DeliveryAttempt, DeliveryStatus
from domain.principal import Principal
from domain.webhooks.details_repository import details
from domain.webhooks.repository import WebhookRepository
from domain.webhooks.results import Tried, attempt_row
from domain.webhooks.sender import WebhookSender, outgoing
from domain.webhooks.service import WebhookService


@dataclass(frozen=True, slots=True)
class Logged:
    """`body` is what is sent, as of now; None where the event is not kept any more."""

    delivery: Delivery
    body: str | None
    attempts: Sequence[DeliveryAttempt]


@dataclass(frozen=True, slots=True)
class DeliveryLog:
    database: Database
    keys: Keyring
    backend: GuardedBackend

    def whole(self, who: Principal, webhook_id: str, delivery_id: str) -> Logged:
        with self.database.read() as session:
            delivery = WebhookService(session, who, self.keys, self.backend).delivery(webhook_id, delivery_id)
            rows = WebhookRepository(session, who)
            event = rows.event(delivery.event_id)
            if event is None and not delivery.is_test:
                return Logged(delivery, None, rows.attempts(delivery))
            what = outgoing(delivery, event, details(session, [event])[0])
            return Logged(delivery, what.body.decode(), rows.attempts(delivery))

    def ping(self, who: Principal, sender: WebhookSender, webhook_id: str, event_type: str | None) -> Logged:
        """Send the sample of an event, the webhook's first without a name; one try, also to one that is off."""
        with self.database.read() as session:
            webhook = WebhookService(session, who, self.keys, self.backend).to_test(webhook_id)
        name = event_type or str(webhook.event_types[0])
        if EVENTS.get(name) is None:
            raise InvalidInput(unknown_name("event type", name, EVENTS.names()), field="event_type")
        now = utc_now()
        test = Delivery(
            id=new_id(Prefix.DELIVERY), workspace_id=who.workspace_id, webhook_id=webhook.id,
            event_id=new_id(Prefix.EVENT), event_type=name, status=DeliveryStatus.PENDING, is_test=True, tries=1,
            attempts=0, due_at=now, created_at=now,
        )  # fmt: skip
        what = outgoing(test, None, {})
        outcome = sender.try_once(webhook, what)
        attempt = DeliveryAttempt(**attempt_row(webhook, Tried(test, outcome)))
        test.status = DeliveryStatus.DELIVERED if outcome.accepted else DeliveryStatus.FAILED
        test.attempts, test.response_status, test.ended_at = 1, outcome.status_code, utc_now()
        with self.database.write() as session:
            session.add(test)
            session.flush()
            session.add(attempt)
        return Logged(test, what.body.decode(), [attempt])
