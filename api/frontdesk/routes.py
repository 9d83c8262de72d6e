"""Every router of the surface."""

from api.frontdesk import leads

MODULES = (leads,)
ROUTERS = tuple(module.router for module in MODULES)
