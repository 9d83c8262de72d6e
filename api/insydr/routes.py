"""Every router of the surface, in the order in which paths are matched."""

from api.insydr import (
    account,
    agent_test,
    agents,
    analytics,
    api_keys,
    audit,
    auth,
    batch,
    calibration,
    chat,
    citations,
    collections,
    conversations,
    crawls,
    documents,
    events,
    front_office,
    gaps,
    invited,
    jobs,
    members,
    queue,
    reindex,
    search,
    unanswered,
    usage,
    webhooks,
    widget,
    workspaces,
)

# `batch` and `crawls` before `documents`: /documents/batch is not the document “batch”
MODULES = (
    auth, account, invited, workspaces, members, audit, usage, api_keys, agents, agent_test, collections, batch, crawls,
    documents, citations, events, jobs, reindex, queue, search, calibration, conversations, analytics, unanswered, gaps,
    chat, widget, webhooks, front_office,
)  # fmt: skip
ROUTERS = tuple(module.router for module in MODULES)
