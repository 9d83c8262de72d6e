"""The broker that the settings name: in the process, Redis or RabbitMQ. Messages only wake work that SQL describes."""

from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, ShutdownNotifications

from core.errors import InvalidInput
from core.settings import Settings


def open_broker(settings: Settings) -> dramatiq.Broker:
    """A broker without Dramatiq's retries, results, age and time limits: SQL holds these, and would do them twice."""
    middleware: list[Middleware] = [ShutdownNotifications(notify_shutdown=False)]
    if settings.broker_url is None:
        return StubBroker(middleware=middleware)
    url = settings.broker_url.get_secret_value()
    scheme = url.split(":", 1)[0]
    if scheme in ("redis", "rediss", "unix"):
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves it untyped
            url=url, middleware=middleware, namespace="insydr"
        )
    if scheme in ("amqp", "amqps"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=url, middleware=middleware)
    raise InvalidInput("INSYDR_BROKER_URL must begin with redis:// or amqp://.", code="INVALID_SETTING")


def send(broker: dramatiq.Broker, job: str, row_id: str, arguments: dict[str, Any]) -> None:
    """Enqueue a job by name; it records its end in its outbox row."""
    actor = broker.get_actor(job)
    broker.enqueue(actor.message_with_options(kwargs={"row_id": row_id, **arguments}))
