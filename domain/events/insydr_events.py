"""Insydr's events (CONTRACT, row 8)."""

from domain.events.kinds import EventType as E
from domain.events.registry import Dialect, Field, WireEvent

_AGENT = {"agent_id": Field("agent_abc123", "The agent.")}
_CONVERSATION = {
    "conversation_id": Field("sess_01jj2", "The conversation's record."),
    **_AGENT,
    "channel": Field("WIDGET", "WIDGET, API, CALL or MCP; tests by members are no events."),
    "session_id": Field("sess_abc123", "How its visitor names the session.", nullable=True),
    "visitor_id": Field("visitor_77", "As the client names who asks.", nullable=True),
    "page_url": Field("https://example.com/pricing", "Where it was asked.", nullable=True),
    "language": Field("en", "Of the latest question, ISO 639-1.", nullable=True),
}
_MESSAGE = {
    **_CONVERSATION,
    "message_id": Field("msg_01jj3", "The answer."),
    "question_id": Field("msg_01jj2", "The question."),
    "question": Field("Do you support webhooks?", "What was asked; null once it is deleted.", nullable=True),
    "answer": Field("Yes: see Settings, Webhooks.", "What was answered; null once it is deleted.", nullable=True),
    "answered": Field(True, "false: the answer is the agent's fallback.", nullable=True),
    "confidence": Field(0.87, "0 to 1.", nullable=True),
}
_UNANSWERED = {**_MESSAGE, "answered": Field(False, "false: the answer is the agent's fallback.", nullable=True)}
_VISITOR = {
    "escalation_id": Field("esc_01jj4", "The request for a human."),
    "conversation_id": Field("sess_01jj2", "The conversation's record."),
    **_AGENT,
    "email": Field("visitor@example.com", "What the visitor left.", nullable=True),
    "name": Field("Vera Visitor", "As given.", nullable=True),
    "phone": Field("+15551234567", "As given.", nullable=True),
    "message": Field("Please call me back.", "As given.", nullable=True),
    "page_url": Field("https://example.com/pricing", "Where they asked.", nullable=True),
}
_FEEDBACK = {
    "message_id": Field("msg_01jj3", "The answer."),
    "conversation_id": Field("sess_01jj2", "The conversation's record."),
    **_AGENT,
    "feedback_type": Field("THUMBS_DOWN", "THUMBS_UP or THUMBS_DOWN."),
    "comment": Field("That is last year's price.", "As given.", nullable=True),
    "answer": Field("The Pro plan costs 39 euros.", "What was judged; null once it is deleted.", nullable=True),
}
_ENDED = {
    **_CONVERSATION,
    "messages": Field(6, "Questions and answers."),
    "unanswered": Field(1, "Answers that were the fallback."),
}
_DOCUMENT = {
    "document_id": Field("doc_xyz", "The document."),
    "collection_id": Field("col_123", "Its collection."),
    "title": Field("Handbook.pdf", "Its title now; null once it is deleted.", nullable=True),
    "external_id": Field("handbook", "Your own name for it.", nullable=True),
    "source_url": Field("https://example.com/handbook.pdf", "Where it came from.", nullable=True),
}
_VERSION = {**_DOCUMENT, "version": Field(3, "The version that was processed.")}
_FAILED = {**_VERSION, "code": Field("DOCUMENT_UNREADABLE", "Why, for programs.")}
_GAP = {
    "unanswered_id": Field("uq_01jj9", "The item of the work list."),
    "question": Field("Do you support webhooks?", "As it was first asked; null once it is deleted.", nullable=True),
    "occurrences": Field(12, "Times that it was not answered."),
    **_DOCUMENT,
    "document_id": Field("doc_xyz", "The document that answers it."),
}
_AT_RISK = {
    "document_ids": Field(["doc_xyz"], "The documents; null where a collection goes.", nullable=True),
    "collection_id": Field("col_123", "The collection; null where documents go by themselves.", nullable=True),
    "questions": Field(9, "Resolved questions that rest on them, and are asked again now."),
    "monthly_asks": Field(412, "How often these are asked in a month."),
}
_RESOLVED = {**_GAP, "confidence": Field(0.91, "0 to 1, of the question as it was first asked.")}
_REOPENED = {**_GAP, "document_id": Field("doc_xyz", "The document that had answered it.", nullable=True)}
_REOPENED.pop("collection_id")
_PUBLISHED = {
    **_AGENT,
    "version": Field("1.1", "The version."),
    "name": Field("Support Bot", "Its name now.", nullable=True),
}
_CRAWL = {
    "crawl_id": Field("crawl_01jj5", "The crawl."),
    "run_id": Field("run_01jj6", "This run of it."),
    "job_id": Field("job_01jj7", "The job of its documents, which may go on."),
    "url": Field("https://docs.example.com/", "Where it starts.", nullable=True),
    "pages": Field({"DONE": 41, "FAILED": 1}, "How many pages ended in which state."),
    "code": Field("CRAWL_BLOCKED", "Why it ended early.", nullable=True),
}
_MEMBER = {
    "user_id": Field("user_01jj8", "Who joined."),
    "role": Field("EDITOR", "OWNER, ADMIN, EDITOR, ANALYST or VIEWER."),
    "email": Field("ada@example.com", "Their address.", nullable=True),
    "full_name": Field("Ada Lovelace", "Their name.", nullable=True),
}
_LEFT = {**_MEMBER, "user_id": Field("user_01jj8", "Who left, or was removed.")}
_NEW_ROLE = {
    **_MEMBER,
    "user_id": Field("user_01jj8", "The member."),
    "previous_role": Field("VIEWER", "The role until now."),
}
_DISABLED = {
    "webhook_id": Field("wh_xyz", "The webhook."),
    "name": Field("Slack Notifications", "Its name."),
    "reason": Field("FAILING", "FAILING: nothing was accepted for days. GONE: it answered 410."),
}
_QUOTA = {
    "quota": Field("MESSAGES", "Of what: MESSAGES, the month's questions."),
    "used": Field(80, "How much of it is used."),
    "limit": Field(100, "What the workspace's plan allows."),
    "percent": Field(80, "80 or 100."),
    "resets_at": Field("2026-02-01T00:00:00Z", "When the next month of the workspace's zone begins."),
}


def _event(kind: E, description: str, fields: dict[str, Field]) -> WireEvent:
    return WireEvent(kind.value, Dialect.INSYDR, kind, description, fields)


INSYDR_EVENTS = (
    _event(E.CONVERSATION_STARTED, "A visitor or program asked the first question of a conversation.", _MESSAGE),
    _event(E.CONVERSATION_ENDED, "Nothing was said in a conversation for half an hour.", _ENDED),
    _event(E.MESSAGE_RECEIVED, "A question was answered, or met with the fallback.", _MESSAGE),
    _event(E.MESSAGE_UNANSWERED, "A question was met with the fallback.", _UNANSWERED),
    _event(E.FEEDBACK_SUBMITTED, "A thumb for an answer.", _FEEDBACK),
    _event(E.LEAD_CAPTURED, "A visitor left an address for the first time in a conversation.", _VISITOR),
    _event(E.ESCALATION_CREATED, "A visitor asked for a human.", _VISITOR),
    _event(E.DOCUMENT_COMPLETED, "A version of a document is searchable.", _VERSION),
    _event(E.DOCUMENT_FAILED, "A version of a document could not be processed.", _FAILED),
    _event(E.DOCUMENT_DELETED, "A document was deleted by itself, not with its collection.", _DOCUMENT),
    _event(E.CRAWL_COMPLETED, "A crawl's run is over.", _CRAWL),
    _event(E.CRAWL_FAILED, "A crawl's run could not go on.", _CRAWL),
    _event(E.CRAWL_CANCELLED, "A crawl's run was cancelled.", _CRAWL),
    _event(E.GAP_RESOLVED, "A question that was not answered is, by a document; it was asked again.", _RESOLVED),
    _event(E.GAP_REOPENED, "The document that answered a question went or changed, and it is open again.", _REOPENED),
    _event(E.GAPS_AT_RISK, "Documents go on which resolved questions rest.", _AT_RISK),
    _event(E.AGENT_PUBLISHED, "A version of an agent went live.", _PUBLISHED),
    _event(E.AGENT_ARCHIVED, "An agent was archived.", _PUBLISHED),
    _event(E.MEMBER_JOINED, "Somebody became a member of the workspace.", _MEMBER),
    _event(E.MEMBER_LEFT, "Somebody left the workspace, or was removed.", _LEFT),
    _event(E.MEMBER_ROLE_CHANGED, "A member has another role.", _NEW_ROLE),
    _event(E.QUOTA_WARNING, "Four fifths of the month's messages are used.", _QUOTA),
    _event(E.QUOTA_REACHED, "All of the month's messages are used: further questions are refused.", _QUOTA),
    _event(E.WEBHOOK_DISABLED, "A webhook was turned off, because its receiver is gone or fails for days.", _DISABLED),
)
