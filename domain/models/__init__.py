"""All tables, imported here so that metadata is whole wherever one of them is."""

from core.embedding.cache import CachedEmbedding
from core.queue.leases import Lease
from core.queue.outbox import OutboxRow
from domain.models.account_code import AccountCode, CodePurpose
from domain.models.agent import Agent, AgentCollection, AgentVersion
from domain.models.api_key import ApiKey
from domain.models.appointment import Appointment, AppointmentReminder, AppointmentStatus, ReminderChannel
from domain.models.audit import AuditEntry
from domain.models.calibration import Calibration
from domain.models.call import Call, CallReason, CallStatus, Direction, Sentiment
from domain.models.campaign import Campaign, CampaignContact, CampaignEnd, CampaignStatus, ContactStatus, DoNotCall
from domain.models.chunk import ChunkRow
from domain.models.collection import Collection
from domain.models.conversation import Channel, Conversation, Feedback, Message
from domain.models.crawl_change import Change, CrawlChange
from domain.models.crawl_page import CrawlPage, PageState
from domain.models.crawl_run import OPEN_RUNS, CrawlRun, RunState
from domain.models.crawl_source import CrawlSource
from domain.models.day_stats import EVERY, DayStats, DocumentDay, StaleDay
from domain.models.document import Document, Priority, SourceType, Stage, Status
from domain.models.email import Email, EmailPriority, EmailStatus
from domain.models.escalation import Escalation
from domain.models.event import EventRow
from domain.models.front_office import FrontOffice, SandboxReport
from domain.models.gap import AnswerProof, ContentChange, GapWatch
from domain.models.idempotency import IdempotentReply
from domain.models.ingest_share import IngestShare
from domain.models.invitation import Invitation, InvitationStatus
from domain.models.job import Job, JobKind, JobStatus
from domain.models.lead import Lead, LeadChange, LeadSource, LeadStage
from domain.models.login import Login
from domain.models.member import Member
from domain.models.question import Question
from domain.models.question_cluster import (
    ClusterAlias,
    ClusterDay,
    ClusterStatus,
    Grouping,
    Phrasing,
    QuestionCluster,
    Resolver,
)
from domain.models.secret import Secret
from domain.models.sign_up import SignUp
from domain.models.text_message import SmsOptOut, SmsStatus, TextMessage
from domain.models.try_count import TryCount
from domain.models.usage import MonthlyUsage
from domain.models.user import User
from domain.models.version import DocumentVersion
from domain.models.webhook import Delivery, DeliveryAttempt, DeliveryStatus, Webhook
from domain.models.worker import WorkerRow
from domain.models.workspace import Workspace

__all__ = [
    "EVERY", "OPEN_RUNS", "AccountCode", "Agent", "AgentCollection", "AgentVersion", "AnswerProof", "ApiKey",
    "Appointment", "AppointmentReminder", "AppointmentStatus", "AuditEntry", "CachedEmbedding", "Calibration", "Call",
    "CallReason", "CallStatus", "Campaign", "CampaignContact", "CampaignEnd", "CampaignStatus", "Change", "Channel",
    "ChunkRow", "ClusterAlias", "ClusterDay", "ClusterStatus", "CodePurpose", "Collection", "ContactStatus",
    "ContentChange", "Conversation", "CrawlChange", "CrawlPage", "CrawlRun", "CrawlSource", "DayStats", "Delivery",
    "DeliveryAttempt", "DeliveryStatus", "Direction", "DoNotCall", "Document", "DocumentDay", "DocumentVersion",
    "Email", "EmailPriority", "EmailStatus", "Escalation", "EventRow", "Feedback", "FrontOffice", "GapWatch",
    "Grouping", "IdempotentReply", "IngestShare", "Invitation", "InvitationStatus", "Job", "JobKind", "JobStatus",
    "Lead", "LeadChange", "LeadSource", "LeadStage", "Lease", "Login", "Member", "Message", "MonthlyUsage", "OutboxRow",
    "PageState", "Phrasing", "Priority", "Question", "QuestionCluster", "ReminderChannel", "Resolver", "RunState",
    "SandboxReport", "Secret", "Sentiment", "SignUp", "SmsOptOut", "SmsStatus", "SourceType", "Stage", "StaleDay",
    "Status", "TextMessage", "TryCount", "User", "Webhook", "WorkerRow", "Workspace",
]  # fmt: skip
