"""Every job and everything that happens by the clock: what is not named here is not run.

A new one stands in its noun's `jobs.py`, which imports nothing of the domain at run time, so that whoever queues it
may import it.
"""

from core.queue.jobs import JobType, Periodic
from domain.analytics import jobs as analytics
from domain.api_keys import jobs as api_keys
from domain.appointments import jobs as appointments
from domain.audit import jobs as audit
from domain.calls import jobs as calls
from domain.campaigns import jobs as campaigns
from domain.collections import jobs as collections
from domain.conversations import jobs as conversations
from domain.crawls import jobs as crawls
from domain.documents import jobs as documents
from domain.emails import jobs as emails
from domain.gaps import jobs as gaps
from domain.idempotency import jobs as idempotency
from domain.identity import jobs as identity
from domain.ingestion import jobs as ingestion
from domain.jobs import jobs as jobs_
from domain.sandbox import jobs as sandbox
from domain.texting import jobs as texting
from domain.unanswered import jobs as unanswered
from domain.upkeep import jobs as upkeep
from domain.usage import jobs as usage
from domain.webhooks import jobs as webhooks
from domain.workspaces import jobs as workspaces

JOBS: tuple[JobType, ...] = (
    *ingestion.JOBS, *documents.JOBS, *jobs_.JOBS, *collections.JOBS, *workspaces.JOBS, *crawls.JOBS, *upkeep.JOBS,
    *conversations.JOBS, *webhooks.JOBS, *usage.JOBS, *gaps.JOBS,
    *calls.JOBS, *texting.JOBS, *emails.JOBS,
)  # fmt: skip
PERIODIC: tuple[Periodic, ...] = (
    *upkeep.PERIODIC, *ingestion.PERIODIC, *crawls.PERIODIC, *api_keys.PERIODIC, *idempotency.PERIODIC,
    *identity.PERIODIC, *conversations.PERIODIC, *webhooks.PERIODIC, *audit.PERIODIC, *analytics.PERIODIC,
    *unanswered.PERIODIC, *gaps.PERIODIC, *appointments.PERIODIC, *sandbox.PERIODIC, *texting.PERIODIC,
    *campaigns.PERIODIC,
)  # fmt: skip
