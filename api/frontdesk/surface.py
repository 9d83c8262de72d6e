"""FrontDesk: the front office."""

from api.surface import TEXT, Surface, object_of

FRONTDESK = Surface(
    name="frontdesk",
    title="FrontDesk API",
    prefixes=(
        "/api/calls", "/api/leads", "/api/appointments", "/api/sms", "/api/emails", "/api/webhooks", "/api/secrets",
    ),
    error_body=lambda error: {"message": error.message},
    error_schema=object_of(message=TEXT),
)  # fmt: skip
