"""Ours: build every document of a workspace or collection again, as one job."""

from pydantic import Field

from api.fields import IdText, Input
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.ingestion.service import reindex

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/reindex", tag="Jobs")


class ReindexIn(Input):
    collection_id: IdText | None = Field(None, description="Default: all collections.")


@router.post("", status_code=202)
def start(body: ReindexIn, who: Who, state: State) -> JobOut:
    with state.database.write() as session:
        return JobOut.model_validate(reindex(session, who, body.collection_id))
