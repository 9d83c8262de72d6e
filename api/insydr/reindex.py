"""Ours: build every document of a workspace or collection again, as one job."""

from pydantic import Field

from api.fields import IdText, Input
from api.insydr.jobs import JobOut
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.collections.service import require_collections
from domain.ingestion.service import reindex

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/reindex", tag="Jobs")


class ReindexIn(Input):
    collection_id: IdText | None = Field(None, description="Default: all collections.")


@router.post("", status_code=202)
def start(body: ReindexIn, who: Who, state: State) -> JobOut:
    if body.collection_id is not None:
        with state.database.read() as session:
            require_collections(session, who, [body.collection_id], "collection_id")
    return JobOut.model_validate(reindex(state.database, who, body.collection_id))
