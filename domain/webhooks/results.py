"""What tries meant: for the deliveries, and for the webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.ids import Prefix, new_id
from core.metrics import WEBHOOK_ATTEMPTS
from domain.models import Delivery, DeliveryStatus, Webhook
from domain.webhooks.backoff import delay_s, hold_s
from domain.webhooks.disabling import Disabled, disable
from domain.webhooks.sending import GONE, Outcome
from domain.webhooks.sending_repository import store

FEWEST_FAILURES = 10  # before a webhook is turned off: a clock that jumps must not do it


@dataclass(frozen=True, slots=True)
class Tried:
    delivery: Delivery
    outcome: Outcome


def keep(session: Session, webhook: Webhook, tried: Sequence[Tried], disable_after_days: float) -> None:
    """Store them, in the order in which they ended. The webhook is the locked row."""
    store(session, [attempt_row(webhook, one) for one in tried], [_change(webhook, one) for one in tried])
    for one in tried:
        _learn(webhook, one.outcome)
        WEBHOOK_ATTEMPTS.labels(_label(one.outcome)).inc()
    if not webhook.is_active:
        return
    if any(one.outcome.status_code == GONE for one in tried):
        disable(session, webhook, Disabled.GONE)
    elif _fails(webhook, disable_after_days):
        disable(session, webhook, Disabled.FAILING)


def attempt_row(webhook: Webhook, one: Tried) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "id": new_id(Prefix.ATTEMPT), "delivery_id": one.delivery.id, "number": one.delivery.attempts + 1,
        "url": webhook.url, "request_headers": outcome.request_headers, "status_code": outcome.status_code,
        "error": outcome.error, "response": outcome.response, "latency_ms": outcome.latency_ms,
        "created_at": outcome.sent_at,
    }  # fmt: skip


def _change(webhook: Webhook, one: Tried) -> dict[str, Any]:
    """The delivery's new values, with its id."""
    delivery, outcome = one.delivery, one.outcome
    now, tries = utc_now(), delivery.tries + 1
    change = {
        "id": delivery.id, "tries": tries, "attempts": delivery.attempts + 1, "response_status": outcome.status_code,
        "status": DeliveryStatus.PENDING, "due_at": now, "ended_at": None,
    }  # fmt: skip
    wait_s = None if outcome.status_code == GONE else delay_s(webhook.retry_delays_s, tries, outcome.retry_after_s)
    if outcome.accepted or wait_s is None:
        status = DeliveryStatus.DELIVERED if outcome.accepted else DeliveryStatus.FAILED
        return {**change, "status": status, "ended_at": now}
    return {**change, "due_at": now + timedelta(seconds=wait_s)}


def _learn(webhook: Webhook, outcome: Outcome) -> None:
    if outcome.accepted:
        webhook.failing_since, webhook.failures, webhook.timeouts, webhook.held_until = None, 0, 0, None
        return
    webhook.failing_since = webhook.failing_since or outcome.sent_at
    webhook.failures += 1
    webhook.timeouts = webhook.timeouts + 1 if outcome.timed_out else 0
    hold = hold_s(webhook.timeouts)
    webhook.held_until = utc_now() + timedelta(seconds=hold) if hold else None


def _fails(webhook: Webhook, after_days: float) -> bool:
    since = webhook.failing_since
    if since is None or webhook.failures < FEWEST_FAILURES:
        return False
    return utc_now() - since > timedelta(days=after_days)


def _label(outcome: Outcome) -> str:
    if outcome.accepted:
        return "accepted"
    return "timeout" if outcome.timed_out else "refused" if outcome.status_code else "unreachable"
