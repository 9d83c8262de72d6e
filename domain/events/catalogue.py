"""Every event of every surface: `EVENTS`.

Those of workflows can be subscribed to and tested, and are sent from the day on which that surface causes them.
"""

from pydantic.alias_generators import to_camel

from core.clock import iso
from domain.calls.analysis import transcript
from domain.events.insydr_events import INSYDR_EVENTS
from domain.events.kinds import EventType as E
from domain.events.registry import Dialect, Field, Json, Registry, WireEvent

_CALL = {
    "callId": Field("clx1call", "The call."),
    "status": Field("completed", "queued, in-progress, completed or failed."),
    "duration": Field(183, "Seconds.", nullable=True),
    "to": Field("+15551234567", "The number called.", nullable=True),
    "agentId": Field("clx1agent", "The agent, if any.", nullable=True),
    "campaignId": Field("clx1campaign", "The campaign, if any.", nullable=True),
}
_STARTED = {**_CALL, "status": Field("in-progress", "in-progress."), "duration": Field(0, "Seconds.", nullable=True)}
_FAILED = {
    **_CALL,
    "status": Field("failed", "failed."),
    "reason": Field("no-answer", "Why: no-answer, busy, voicemail, invalid-number, canceled or error."),
}
_CAMPAIGN = {
    "campaignId": Field("clx1campaign", "The campaign."),
    "name": Field("Q1 Outreach", "As given.", nullable=True),
    "status": Field("completed", "completed or cancelled."),
    "callsTotal": Field(500, "Contacts."),
    "callsCompleted": Field(500, "Contacts to whom no more calls are made."),
}
_EXHAUSTED = {
    "campaignId": Field("clx1campaign", "The campaign."),
    "contactId": Field("clx1contact", "The contact in the campaign."),
    "leadId": Field("clx1lead", "The lead, if any.", nullable=True),
    "to": Field("+15551234567", "Their number.", nullable=True),
    "status": Field("failed", "failed, dnc or expired."),
    "reason": Field("no-answer", "Of the last call; do-not-call; campaign-ended or campaign-cancelled.", nullable=True),
    "callAttempts": Field(4, "Calls made."),
    "callId": Field("clx1call", "The last of them, if any.", nullable=True),
}
_TRANSCRIPT = {**_CALL, "transcript": Field("Agent: Hello.", "What was said.", nullable=True)}
_ANALYSIS = {
    **_CALL,
    "analysis": Field(
        {"sentiment": "positive", "summary": "Wants a demo."}, "Sentiment, summary and more.", nullable=True
    ),
}
_APPOINTMENT = {
    "id": Field("apt_01jj9", "The appointment."),
    "customerId": Field("lead_01jj4", "As you named the customer; else the lead.", nullable=True),
    "customerName": Field("Vera Visitor", "Who comes.", nullable=True),
    "customerPhone": Field("+15551234567", "Their number.", nullable=True),
    "customerEmail": Field("visitor@example.com", "Their address.", nullable=True),
    "staffId": Field("staff_7", "Of your people, who has it.", nullable=True),
    "serviceType": Field("Consultation", "What for.", nullable=True),
    "title": Field("First meeting", "As given.", nullable=True),
    "start": Field("2026-01-26T10:00:00Z", "From; null once it is deleted.", nullable=True),
    "end": Field("2026-01-26T10:30:00Z", "Until; null once it is deleted.", nullable=True),
    "timezone": Field("Europe/Berlin", "Whose clocks it goes by; null once it is deleted.", nullable=True),
    "status": Field("scheduled", "As it stands now; null once it is deleted.", nullable=True),
    "notes": Field("Brings the contract.", "As given.", nullable=True),
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
_OFFICE_CALL = {
    "id": Field("call_01jj9", "The call."),
    "agent_id": Field("agent_abc123", "The agent.", nullable=True),
    "customer_id": Field("lead_01jj4", "The lead.", nullable=True),
    "direction": Field("outbound", "inbound or outbound.", nullable=True),
    "from_number": Field("+15005550006", "E.164.", nullable=True),
    "to_number": Field("+15551234567", "E.164.", nullable=True),
    "status": Field("completed", "completed."),
    "duration": Field(183, "Seconds.", nullable=True),
    "summary": Field("Wants a demo.", "What it was about.", nullable=True),
    "sentiment": Field("positive", "positive, neutral or negative.", nullable=True),
    "recording_url": Field("https://recordings.example.com/1.mp3", "Where it can be heard.", nullable=True),
}
_SMS = {
    "id": Field("sms_01jja", "The message."),
    "from": Field("+15551234567", "The sender.", nullable=True),
    "to": Field("+15557654321", "Our number.", nullable=True),
    "body": Field("Can I come at ten?", "The text; null once it is deleted.", nullable=True),
    "conversationId": Field("smt_01jj2", "Its thread.", nullable=True),
    "customerId": Field("lead_01jj4", "The lead.", nullable=True),
}
_EMAIL = {
    "id": Field("eml_01jjb", "The mail."),
    "threadId": Field("thr_01jjc", "Its thread.", nullable=True),
    "from": Field("visitor@example.com", "The sender.", nullable=True),
    "to": Field(["desk@example.com"], "Whom it is addressed to.", nullable=True),
    "subject": Field("Appointment", "Its subject.", nullable=True),
    "body": Field("Can I come at ten?", "The text; null once it is deleted.", nullable=True),
    "receivedAt": Field("2026-01-26T10:00:00Z", "When it came in.", nullable=True),
    "customerId": Field("lead_01jj4", "The lead.", nullable=True),
}
_TEST = {"message": Field("This is a test.", "For whoever looks at it.")}
_WORKFLOW = {
    "workflowId": Field("wf_123", "The workflow."),
    "executionId": Field("exec_456", "This run of it."),
    "status": Field("completed", "completed or failed."),
    "output": Field({"orders": 3}, "What its last step returned.", nullable=True),
}
_WORKFLOW_FAILED = {
    **_WORKFLOW, "status": Field("failed", "completed or failed."), "error": Field("Step 2: no such channel.", "Why."),
}  # fmt: skip


def _call(data: Json) -> Json:
    return {
        "callId": data.get("call_id"), "status": data.get("status"), "duration": data.get("duration"),
        "to": data.get("call_to"), "agentId": data.get("agent_id"), "campaignId": data.get("campaign_id"),
        "reason": data.get("reason"), "transcript": transcript(data.get("call_turns") or ()),
        "analysis": _analysis(data),
    }  # fmt: skip


def _campaign(data: Json) -> Json:
    return {
        "campaignId": data.get("campaign_id"), "name": data.get("campaign_name"), "status": data.get("status"),
        "callsTotal": data.get("total"), "callsCompleted": data.get("done"),
    }  # fmt: skip


def _exhausted(data: Json) -> Json:
    return {
        "campaignId": data.get("campaign_id"), "contactId": data.get("contact_id"),
        "leadId": data.get("contact_lead_id"), "to": data.get("contact_to"), "status": data.get("status"),
        "reason": data.get("reason"), "callAttempts": data.get("calls"), "callId": data.get("call_id"),
    }  # fmt: skip


def _started(data: Json) -> Json:
    return {**_call(data), "status": "in-progress"}


def _analysis(data: Json) -> Json:
    more = data.get("call_analysis") or {}
    told = {"sentiment": data.get("call_sentiment"), "summary": data.get("call_summary")}
    return told | {to_camel(name): value for name, value in more.items()}


def _office_call(data: Json) -> Json:
    return {
        **data, "id": data.get("call_id"), "customer_id": data.get("call_lead_id"),
        "direction": data.get("call_direction"), "from_number": data.get("call_from"),
        "to_number": data.get("call_to"), "summary": data.get("call_summary"),
        "sentiment": data.get("call_sentiment"), "recording_url": data.get("call_recording"),
    }  # fmt: skip


def _sms(data: Json) -> Json:
    return {
        "id": data.get("sms_id"), "from": data.get("sms_from"), "to": data.get("sms_to"),
        "body": data.get("sms_body"), "conversationId": data.get("sms_thread"), "customerId": data.get("sms_lead_id"),
    }  # fmt: skip


def _appointment(data: Json) -> Json:
    starts, ends = data.get("apt_start"), data.get("apt_end")
    return {
        "id": data.get("appointment_id"), "customerId": data.get("apt_contact") or data.get("apt_lead_id"),
        "customerName": data.get("apt_name"), "customerPhone": data.get("apt_phone"),
        "customerEmail": data.get("apt_email"), "staffId": data.get("apt_staff"),
        "serviceType": data.get("apt_service"), "title": data.get("apt_title"),
        "start": iso(starts) if starts else None, "end": iso(ends) if ends else None,
        "timezone": data.get("apt_timezone"), "status": data.get("apt_status"), "notes": data.get("apt_notes"),
    }  # fmt: skip


def _email(data: Json) -> Json:
    received = data.get("email_received")
    return {
        "id": data.get("email_id"), "threadId": data.get("email_thread"), "from": data.get("email_from"),
        "to": data.get("email_to"), "subject": data.get("email_subject"), "body": data.get("email_body"),
        "receivedAt": iso(received) if received else None, "customerId": data.get("email_lead_id"),
    }  # fmt: skip


def _lead(data: Json) -> Json:
    return {
        "id": data.get("lead_id"), "firstName": data.get("first_name"), "lastName": data.get("last_name"),
        "email": data.get("lead_email"), "phone": data.get("lead_phone"), "source": data.get("source"),
        "stage": data.get("stage"), "conversationId": data.get("left_in"),
    }  # fmt: skip


def _vox(name: str, kind: E, description: str, fields: dict[str, Field]) -> WireEvent:
    return WireEvent(name, Dialect.VOXFORGE, kind, description, fields, data=_call)


EVENTS = Registry((
    *INSYDR_EVENTS,
    WireEvent("call.started", Dialect.VOXFORGE, E.CALL_STARTED, "A call has been initiated.", _STARTED, data=_started),
    _vox("call.ended", E.CALL_ENDED, "A call has completed.", _CALL),
    _vox("call.failed", E.CALL_FAILED, "A call could not connect.", _FAILED),
    _vox("transcript.ready", E.TRANSCRIPT_READY, "A transcript is available.", _TRANSCRIPT),
    _vox("analysis.complete", E.ANALYSIS_COMPLETED, "A call was analysed.", _ANALYSIS),
    WireEvent("contact.exhausted", Dialect.VOXFORGE, E.CONTACT_EXHAUSTED, "A campaign calls somebody no more whom it "
              "did not reach.", _EXHAUSTED, data=_exhausted),
    WireEvent("campaign.ended", Dialect.VOXFORGE, E.CAMPAIGN_ENDED, "A campaign has ended, and its last call.",
              _CAMPAIGN, data=_campaign),
    WireEvent("webhook.test", Dialect.VOXFORGE, E.WEBHOOK_TESTED, "A test, sent when somebody asks for one.", _TEST),
    WireEvent("call.completed", Dialect.FRONTDESK, E.CALL_ENDED, "A call has completed.", _OFFICE_CALL,
              data=_office_call),
    WireEvent("lead.created", Dialect.FRONTDESK, E.LEAD_CREATED, "There is a new lead.", _LEAD, data=_lead),
    WireEvent("appointment.booked", Dialect.FRONTDESK, E.APPOINTMENT_BOOKED, "A new appointment.", _APPOINTMENT,
              data=_appointment),
    WireEvent("sms.received", Dialect.FRONTDESK, E.SMS_RECEIVED, "A text message came in.", _SMS, data=_sms),
    WireEvent("email.received", Dialect.FRONTDESK, E.EMAIL_RECEIVED, "A mail came in.", _EMAIL, data=_email),
    WireEvent("workflow.completed", Dialect.INTEGRATION, E.WORKFLOW_COMPLETED, "A workflow has ended.", _WORKFLOW),
    WireEvent("workflow.failed", Dialect.INTEGRATION, E.WORKFLOW_FAILED, "A workflow failed.", _WORKFLOW_FAILED),
))  # fmt: skip
