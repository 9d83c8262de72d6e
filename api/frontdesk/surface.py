"""FrontDesk: the front office."""

from api.surface import TEXT, Bucket, Surface, object_of, on_every_plan
from core.rates.rate import Rate
from domain.events.registry import Dialect

FRONTDESK = Surface(
    name="frontdesk",
    title="FrontDesk API",
    prefixes=(
        "/api/calls", "/api/leads", "/api/appointments", "/api/sms", "/api/emails", "/api/webhooks", "/api/secrets",
    ),
    error_body=lambda error: {"message": error.message},
    error_schema=object_of(message=TEXT),
    buckets=(Bucket("frontdesk", on_every_plan(Rate(60), Rate(1_000, 3_600))),),
    dialect=Dialect.FRONTDESK,
    leaves_out=("/api/webhooks/retell", "/api/webhooks/calcom"),
    openapi_path="/docs/frontdesk.json",
    docs_path="/docs/frontdesk",
)  # fmt: skip
