"""Every router of the surface."""

from api.voxforge import agents, appointments, calls

MODULES = (agents, calls, appointments)
ROUTERS = tuple(module.router for module in MODULES)
