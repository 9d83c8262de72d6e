"""Every router of the surface."""

from api.frontdesk import appointments, calls, emails, leads, secrets, sms, webhooks

MODULES = (appointments, calls, emails, leads, secrets, sms, webhooks)
ROUTERS = tuple(module.router for module in MODULES)
