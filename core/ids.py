"""Identifiers: opaque, prefixed, sortable by creation (UUIDv7, RFC 9562 §5.7), the same on every surface."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum

import uuid_utils


class Prefix(StrEnum):
    USER = "user"
    SESSION = "sid"
    ACCOUNT_CODE = "code"
    INVITATION = "inv"
    AUDIT = "audit"
    SIGN_UP = "su"
    WORKSPACE = "ws"
    API_KEY = "key"
    COLLECTION = "col"
    DOCUMENT = "doc"
    JOB = "job"
    LEASE = "lease"
    OUTBOX = "out"
    CRAWL = "crawl"
    RUN = "run"
    PAGE = "page"
    CHANGE = "chg"
    CONTENT_CHANGE = "cch"
    GAP_WATCH = "watch"
    AGENT = "agent"
    CONVERSATION = "sess"
    MESSAGE = "msg"
    ESCALATION = "esc"
    UNANSWERED = "uq"
    PHRASING = "phr"
    EVENT = "evt"
    WEBHOOK = "wh"
    DELIVERY = "dlv"
    ATTEMPT = "att"
    STALE_DAY = "stale"
    LEAD = "lead"
    LEAD_CHANGE = "lch"
    CALL = "call"
    CAMPAIGN = "camp"
    CAMPAIGN_CONTACT = "ccon"
    APPOINTMENT = "apt"
    TEXT_MESSAGE = "sms"
    TEXT_THREAD = "smt"
    EMAIL = "eml"
    EMAIL_THREAD = "thr"
    ATTACHMENT = "file"
    SECRET = "sec"
    REQUEST = "req"


_POINTS = uuid.UUID("6f1b1a52-52a4-5d0c-9a51-6e2f0f4f7c11")


def new_id(prefix: Prefix) -> str:
    """`doc_0197…`: the prefix and 32 hexadecimal digits."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def made_at(identifier: str) -> datetime:
    """When `new_id` made it, to the millisecond (RFC 9562 §5.7: the first 48 bits)."""
    digits = identifier.rsplit("_", 1)[-1][:12]
    return datetime.fromtimestamp(int(digits, 16) / 1000, UTC)


def first_id(prefix: Prefix, moment: datetime) -> str:
    """An id that sorts before all that `new_id` makes from `moment` on, and after all that it made before."""
    return f"{prefix}_{max(0, int(moment.timestamp() * 1000)):012x}"


def point_id(workspace_id: str, document_id: str, version: int, chunk_index: int) -> str:
    """UUIDv5 of a chunk (RFC 9562 §5.5): writing the same chunk twice is writing it once."""
    return str(uuid.uuid5(_POINTS, f"{workspace_id}/{document_id}/{version}/{chunk_index}"))
