"""CONTRACT, Insydr row 7 and ours: the records of conversations, of every channel."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from api.fields import Limit, MessageOut, Moment, Offset, check_order
from api.insydr.conversation_schemas import (
    ConversationDetail,
    ConversationList,
    ConversationWhole,
    RemovedOut,
    conversation_detail,
    conversation_out,
    conversation_whole,
)
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.conversations.records import ConversationRecords, Recorded, delete_visitor, exported, note_export
from domain.conversations.repository import Wanted
from domain.models import Channel, Feedback

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/conversations", tag="Conversations")
JSON_LINES = "application/x-ndjson"
Visitor = Annotated[
    str, Query(min_length=1, max_length=320, description="A `visitor_id`, or an e-mail address that was left.")
]


def _wanted(
    agent_id: Annotated[str | None, Query(max_length=64)] = None,
    channel: Channel | None = None,
    since: Annotated[Moment | None, Query(alias="from", description="With messages at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Begun before this moment.")] = None,
    answered: Annotated[bool | None, Query(description="false: with a fallback among the answers.")] = None,
    feedback: Annotated[Feedback | None, Query(description="With such a thumb.")] = None,
    escalated: bool | None = None,
    text: Annotated[str | None, Query(min_length=1, max_length=200, description="Stands in a message.")] = None,
    visitor: Visitor | None = None,
) -> Wanted:
    check_order(since, until)
    return Wanted(agent_id, channel, since, until, answered, feedback, escalated, text, visitor)


Filters = Annotated[Wanted, Depends(_wanted)]


def _lines(description: str) -> dict[int | str, dict[str, object]]:
    content = {JSON_LINES: {"schema": {"type": "string", "description": f"A `{ConversationWhole.__name__}` a line."}}}
    return {200: {"content": content, "description": description}}


@router.get("")
def page(who: Who, state: State, wanted: Filters, limit: Limit = 50, offset: Offset = 0) -> ConversationList:
    with state.database.read() as session:
        rows, total = ConversationRecords(session, who).page(wanted, limit, offset)
    return ConversationList(conversations=[conversation_out(row) for row in rows], total=total)


@router.delete("")
def delete_all(who: Who, state: State, visitor: Visitor) -> RemovedOut:
    return RemovedOut(deleted=delete_visitor(state.database, who, visitor))


@router.get("/export", response_class=StreamingResponse, responses=_lines("The oldest first."))
def export(who: Who, state: State, wanted: Filters) -> Response:
    pages = exported(state.database, who, wanted)
    note_export(state.database, who)
    return _download(chain.from_iterable(pages), "conversations")


@router.get("/{conversation_id}")
def get(conversation_id: str, who: Who, state: State, limit: Limit = 200, offset: Offset = 0) -> ConversationDetail:
    with state.database.read() as session:
        recorded, total = ConversationRecords(session, who).detail(conversation_id, limit, offset)
    return conversation_detail(recorded, total)


@router.get("/{conversation_id}/export", response_class=StreamingResponse, responses=_lines("One line."))
def export_one(conversation_id: str, who: Who, state: State) -> Response:
    with state.database.read() as session:
        recorded = ConversationRecords(session, who).whole(conversation_id)
    note_export(state.database, who, recorded.conversation)
    return _download([recorded], recorded.conversation.id)


@router.delete("/{conversation_id}")
def delete(conversation_id: str, who: Who, state: State) -> MessageOut:
    with state.database.write() as session:
        ConversationRecords(session, who).delete(conversation_id)
    return MessageOut(message="Conversation deleted")


def _download(records: Iterable[Recorded], name: str) -> StreamingResponse:
    def lines() -> Iterator[str]:
        for one in records:
            yield conversation_whole(one).model_dump_json() + "\n"

    headers = {"Content-Disposition": f'attachment; filename="{name}.jsonl"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type=JSON_LINES, headers=headers)
