"""Every event of every surface: `EVENTS`.

The names of calls, appointments, messages and workflows are the other seeds'; they can be subscribed to and tested, and
are sent from the day on which these surfaces cause them.
"""

from domain.events.insydr_events import INSYDR_EVENTS
from domain.events.kinds import EventType as E
from domain.events.registry import Dialect, Field, Json, Registry, WireEvent

_CALL = {
    "callId": Field("clx1call", "The call."),
    "status": Field("completed", "queued, in-progress, completed or failed."),
    "duration": Field(183, "Seconds.", nullable=True),
    "to": Field("+15551234567", "The number called."),
    "agentId": Field("clx1agent", "The agent."),
    "campaignId": Field("clx1campaign", "The campaign, if any.", nullable=True),
}
_STARTED = {**_CALL, "status": Field("in-progress", "in-progress."), "duration": Field(0, "Seconds.", nullable=True)}
_FAILED = {**_CALL, "status": Field("failed", "failed."), "reason": Field("no-answer", "Why.")}
_TRANSCRIPT = {**_CALL, "transcript": Field("Agent: Hello.", "What was said.")}
_ANALYSIS = {
    **_CALL,
    "analysis": Field({"sentiment": "positive", "summary": "Wants a demo."}, "Sentiment, summary and more."),
}
_APPOINTMENT = {
    "id": Field("apt_01jj9", "The appointment."),
    "customerName": Field("Vera Visitor", "Who comes.", nullable=True),
    "customerPhone": Field("+15551234567", "Their number.", nullable=True),
    "customerEmail": Field("visitor@example.com", "Their address.", nullable=True),
    "start": Field("2026-01-26T10:00:00Z", "From."),
    "end": Field("2026-01-26T10:30:00Z", "Until."),
    "status": Field("scheduled", "Its state."),
}
_LEAD = {
    "id": Field("lead_01jj4", "The lead."),
    "firstName": Field("Vera", "As given.", nullable=True),
    "lastName": Field("Visitor", "As given.", nullable=True),
    "email": Field("visitor@example.com", "As given.", nullable=True),
    "phone": Field("+15551234567", "E.164.", nullable=True),
    "source": Field("web", "web, call, sms, email, referral or other.", nullable=True),
    "stage": Field("new", "Where it stands now; null once it is deleted.", nullable=True),
    "conversationId": Field("sess_01jj2", "In which they left their address.", nullable=True),
}
_SMS = {
    "id": Field("sms_01jja", "The message."),
    "from": Field("+15551234567", "The sender."),
    "to": Field("+15557654321", "Our number."),
    "body": Field("Can I come at ten?", "The text."),
    "conversationId": Field("sess_01jj2", "Its thread.", nullable=True),
}
_EMAIL = {
    "id": Field("eml_01jjb", "The mail."),
    "from": Field("visitor@example.com", "The sender."),
    "to": Field("desk@example.com", "Our address."),
    "subject": Field("Appointment", "Its subject."),
    "body": Field("Can I come at ten?", "The text."),
    "threadId": Field("thr_01jjc", "Its thread.", nullable=True),
}
_WORKFLOW = {
    "workflowId": Field("wf_123", "The workflow."),
    "executionId": Field("exec_456", "This run of it."),
    "status": Field("completed", "completed or failed."),
    "output": Field({"orders": 3}, "What its last step returned.", nullable=True),
}
_WORKFLOW_FAILED = {
    **_WORKFLOW, "status": Field("failed", "completed or failed."), "error": Field("Step 2: no such channel.", "Why."),
}  # fmt: skip


def _lead(data: Json) -> Json:
    return {
        "id": data.get("lead_id"), "firstName": data.get("first_name"), "lastName": data.get("last_name"),
        "email": data.get("lead_email"), "phone": data.get("lead_phone"), "source": data.get("source"),
        "stage": data.get("stage"), "conversationId": data.get("left_in"),
    }  # fmt: skip


EVENTS = Registry((
    *INSYDR_EVENTS,
    WireEvent("call.started", Dialect.VOXFORGE, E.CALL_STARTED, "A call has been initiated.", _STARTED),
    WireEvent("call.ended", Dialect.VOXFORGE, E.CALL_ENDED, "A call has completed.", _CALL),
    WireEvent("call.failed", Dialect.VOXFORGE, E.CALL_FAILED, "A call could not connect.", _FAILED),
    WireEvent("transcript.ready", Dialect.VOXFORGE, E.TRANSCRIPT_READY, "A transcript is available.", _TRANSCRIPT),
    WireEvent("analysis.complete", Dialect.VOXFORGE, E.ANALYSIS_COMPLETED, "A call was analysed.", _ANALYSIS),
    WireEvent("call.completed", Dialect.FRONTDESK, E.CALL_ENDED, "A call has completed.", _CALL),
    WireEvent("lead.created", Dialect.FRONTDESK, E.LEAD_CREATED, "There is a new lead.", _LEAD, data=_lead),
    WireEvent("appointment.booked", Dialect.FRONTDESK, E.APPOINTMENT_BOOKED, "A new appointment.", _APPOINTMENT),
    WireEvent("sms.received", Dialect.FRONTDESK, E.SMS_RECEIVED, "A text message came in.", _SMS),
    WireEvent("email.received", Dialect.FRONTDESK, E.EMAIL_RECEIVED, "A mail came in.", _EMAIL),
    WireEvent("workflow.completed", Dialect.INTEGRATION, E.WORKFLOW_COMPLETED, "A workflow has ended.", _WORKFLOW),
    WireEvent("workflow.failed", Dialect.INTEGRATION, E.WORKFLOW_FAILED, "A workflow failed.", _WORKFLOW_FAILED),
))  # fmt: skip
