"""CONTRACT, Insydr row 7: closing a gap by hand, and trying out what a draft or a removal would change."""

from fastapi import Response

from api.fields import IfMatch
from api.insydr.document_schemas import accepted
from api.insydr.gap_schemas import (
    AnsweredOut,
    AnswerIn,
    DryRunIn,
    DryRunOut,
    PreflightIn,
    PreflightOut,
    dry_run_out,
    preflight_out,
)
from api.insydr.surface import INSYDR
from api.insydr.unanswered_schemas import item_out
from api.insydr.uploads import store_text, stored_blobs
from api.pools import in_pool
from api.principal import Who
from api.state import State
from domain.documents.items import checked_title
from domain.gaps.answers import FILE_NAME, AnswerService
from domain.gaps.preview import Previews
from domain.gaps.removal_repository import Gone
from domain.revision import etag
from domain.unanswered.service import UnansweredService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/analytics", tag="Analytics")


@router.post("/unanswered/{unanswered_id}/answer", status_code=202)
def answer(
    unanswered_id: str, body: AnswerIn, who: Who, state: State, response: Response, if_match: IfMatch = None
) -> AnsweredOut:
    with state.database.read() as session:
        service = AnswerService(session, who)
        service.check(unanswered_id, body.collection_id, body.answer, state.settings.max_queued_documents)
    with stored_blobs(state, who) as stored:
        original = store_text(body.answer, FILE_NAME, stored)
        with state.database.write() as session:
            found = AnswerService(session, who).answer(
                unanswered_id, body.collection_id, original, checked_title(body.title), if_match
            )
            item = UnansweredService(session, who).get(found.cluster.id)
        stored.discard_unnamed()
    response.headers["ETag"] = etag(item.cluster)
    return AnsweredOut(document=accepted(found.document), unanswered=item_out(item), unreached_agents=found.unreached)


@router.post("/unanswered/{unanswered_id}/dry-run")
@in_pool(lambda pools: pools.trials)
def dry_run(unanswered_id: str, body: DryRunIn, who: Who, state: State) -> DryRunOut:
    previews = Previews(state.database, state.engine())
    found = previews.of_draft(who, unanswered_id, body.text, body.collection_id, checked_title(body.title))
    return dry_run_out(found)


@router.post("/preflight")
@in_pool(lambda pools: pools.trials)
def preflight(body: PreflightIn, who: Who, state: State) -> PreflightOut:
    gone = Gone(tuple(dict.fromkeys(body.document_ids)), body.crawl_id, body.collection_id)
    return preflight_out(Previews(state.database, state.engine()).of_removal(who, gone))
