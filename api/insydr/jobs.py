"""CONTRACT, Insydr row 5b: jobs, by polling and as an event stream."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.fields import Limit, Offset, Output
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.jobs.service import JobService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/jobs", tag="Jobs")


class JobOut(Output):
    id: str
    kind: str
    collection_id: str | None
    status: str = Field(description="PROCESSING, COMPLETED, FAILED or CANCELLED; partial failure is COMPLETED.")
    total: int
    queued: int = Field(description="Neither completed, failed nor cancelled yet.")
    completed: int
    failed: int
    cancelled: int
    errors: list[dict[str, Any]] = Field(description="The first 1,000 failures: item, code, message.")
    report: dict[str, Any] | None = Field(None, description="What a reconciliation found and repaired.")
    created_at: datetime
    finished_at: datetime | None


class JobList(BaseModel):
    jobs: list[JobOut]
    total: int


@router.get("")
def page(who: Who, state: State, limit: Limit = 50, offset: Offset = 0) -> JobList:
    with state.database.read() as session:
        rows, total = JobService(session, who).page(limit, offset)
    return JobList(jobs=[JobOut.model_validate(row) for row in rows], total=total)


@router.get("/{job_id}")
def get(job_id: str, who: Who, state: State) -> JobOut:
    with state.database.read() as session:
        return JobOut.model_validate(JobService(session, who).get(job_id))


@router.post("/{job_id}/cancel")
def cancel(job_id: str, who: Who, state: State) -> JobOut:
    with state.database.write() as session:
        return JobOut.model_validate(JobService(session, who).cancel(job_id))
