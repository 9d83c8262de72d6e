"""Conversations have no last word: one in which nothing was said for some time has ended, until something is."""

from datetime import timedelta

from core.clock import utc_now
from core.database import Database
from domain.conversations.repository import quiet
from domain.events.kinds import EventType
from domain.events.recording import Event, record_all
from domain.models import Channel, Conversation

QUIET = timedelta(minutes=30)
PAGE = 200  # that one transaction ends


def end_quiet(database: Database) -> None:
    """All that have been quiet for long enough, a page a transaction."""
    is_more = True
    while is_more:
        with database.write() as session:
            found = quiet(session, utc_now() - QUIET, PAGE)
            for one in found:
                one.ended_at = utc_now()
            record_all(session, [_event(one) for one in found if one.channel != Channel.TEST])
        is_more = len(found) == PAGE


def _event(conversation: Conversation) -> Event:
    data = {
        "conversation_id": conversation.id, "agent_id": conversation.agent_id, "channel": conversation.channel,
        "messages": conversation.messages, "unanswered": conversation.unanswered,
    }  # fmt: skip
    return Event(EventType.CONVERSATION_ENDED, conversation.workspace_id, data)
