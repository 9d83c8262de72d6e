"""Every router of the surface."""

from api.voxforge import agents, appointments, calls, campaigns, contacts, do_not_call

MODULES = (agents, campaigns, contacts, do_not_call, calls, appointments)  # a fixed path before the ids beside it
ROUTERS = tuple(module.router for module in MODULES)
