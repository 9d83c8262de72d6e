"""Writing the audit log: one call inside the transaction that changes something, so that neither is without the other.

A service takes `facts` of a row before it changes it, and hands them to `audit_change` afterwards. What changed
nothing is not recorded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Base
from core.database.bulk import insert_rows
from core.ids import Prefix, new_id
from domain.audit.actions import Action, TargetType
from domain.audit.facts import Facts, changes, facts, shown
from domain.models import (
    Agent,
    ApiKey,
    Appointment,
    AuditEntry,
    Call,
    Campaign,
    Collection,
    Conversation,
    CrawlSource,
    Document,
    Email,
    Invitation,
    Job,
    Lead,
    QuestionCluster,
    Secret,
    TextMessage,
    User,
    Webhook,
    Workspace,
)
from domain.origin import Origin
from domain.principal import Actor, Principal

_TYPES: dict[type[Base], TargetType] = {
    Agent: TargetType.AGENT, ApiKey: TargetType.API_KEY, Appointment: TargetType.APPOINTMENT, Call: TargetType.CALL,
    Campaign: TargetType.CAMPAIGN, Collection: TargetType.COLLECTION, Conversation: TargetType.CONVERSATION,
    CrawlSource: TargetType.CRAWL, Document: TargetType.DOCUMENT, Email: TargetType.EMAIL,
    Invitation: TargetType.INVITATION, Job: TargetType.JOB, Lead: TargetType.LEAD,
    QuestionCluster: TargetType.UNANSWERED, Secret: TargetType.SECRET, TextMessage: TargetType.SMS,
    Webhook: TargetType.WEBHOOK, Workspace: TargetType.WORKSPACE,
}  # fmt: skip
# somebody outside may have to be forgotten: of them the log has ids only
_PEOPLE = {
    TargetType.CONVERSATION, TargetType.LEAD, TargetType.CALL, TargetType.APPOINTMENT, TargetType.SMS, TargetType.EMAIL,
}  # fmt: skip
_NAMES = ("name", "title", "email", "url", "kind")


@dataclass(frozen=True, slots=True)
class Target:
    """What was changed; `name` as it is called at that moment."""

    type: TargetType
    id: str
    name: str | None = None


def target_of(row: Base) -> Target:
    kind = _TYPES[type(row)]
    if kind in _PEOPLE:
        return Target(kind, str(vars(row)["id"]))
    name = next((found for one in _NAMES if (found := getattr(row, one, None))), None)
    return Target(kind, str(vars(row)["id"]), str(shown({"url": name})["url"]) if kind is TargetType.CRAWL else name)


def created(session: Session, who: Principal, action: Action, row: Base) -> None:
    audit(session, who, action, target_of(row), None, shown(facts(row)))


def audit_change(session: Session, who: Principal, action: Action, row: Base, before: Facts) -> None:
    """Nothing where nothing changed."""
    old, new = changes(before, facts(row))
    if old or new:
        audit(session, who, action, target_of(row), old, new)


def done(session: Session, who: Principal, action: Action, row: Base, **told: object) -> None:
    """What is no change of the row's own fields, or its end; `told` says more."""
    audit(session, who, action, target_of(row), None, shown(told) or None)


def done_all(session: Session, who: Principal, action: Action, rows: Sequence[Base]) -> None:
    """As `done` of each, in one statement."""
    session.flush()
    targets = [target_of(row) for row in rows]
    some = [_named(who.workspace_id, one) for one in targets]
    insert_rows(session, AuditEntry, some, _shared(action, targets[0].type, _actor(who), None, None, who.origin))


def audit(
    session: Session, who: Principal, action: Action, target: Target, before: Facts | None, after: Facts | None
) -> None:
    """`before` and `after` as they may be shown."""
    _insert(session, [who.workspace_id], action, target, _actor(who), before, after, who.origin)


def audit_account(
    session: Session, workspaces: Iterable[str], user: User, action: Action, origin: Origin,
    before: Facts | None = None, after: Facts | None = None, actor: Actor = Actor.USER,
) -> None:  # fmt: skip
    """What somebody did with their own account, in every workspace that they belong to."""
    who: Facts = {"actor_kind": actor.value, "actor_id": user.id, "key_id": None}
    _insert(session, workspaces, action, Target(TargetType.MEMBER, user.id, user.email), who, before, after, origin)


def _insert(
    session: Session, workspaces: Iterable[str], action: Action, target: Target, actor: Facts, before: Facts | None,
    after: Facts | None, origin: Origin,
) -> None:  # fmt: skip
    session.flush()  # what is new is there before the log speaks of it
    rows = [_named(one, target) for one in workspaces]
    insert_rows(session, AuditEntry, rows, _shared(action, target.type, actor, before, after, origin))


def _actor(who: Principal) -> Facts:
    return {"actor_kind": who.actor.value, "actor_id": who.user_id or None, "key_id": who.key_id}


def _named(workspace_id: str, target: Target) -> Facts:
    return {
        "id": new_id(Prefix.AUDIT), "workspace_id": workspace_id, "target_id": target.id, "target_name": target.name,
    }  # fmt: skip


def _shared(
    action: Action, kind: TargetType, actor: Facts, before: Facts | None, after: Facts | None, origin: Origin
) -> Facts:
    return {
        **actor, "action": action.value, "target_type": kind.value, "before": before, "after": after,
        "address": origin.address, "request_id": origin.request_id, "created_at": utc_now(),
    }  # fmt: skip
