"""The work list of questions that were not answered, and which questions are asked most."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.database import Database
from core.errors import InvalidInput, NotFound
from domain.analytics.days import Period, Wish, bounds, day_of
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, done
from domain.changes import UNSET, Unset
from domain.members.repository import MemberRepository
from domain.models import AnswerProof, ClusterStatus, QuestionCluster, Resolver
from domain.principal import Permission, Principal
from domain.revision import check_match
from domain.unanswered.forecast import forecast, recent
from domain.unanswered.grouping_repository import GroupingRepository
from domain.unanswered.joining import join, part
from domain.unanswered.near_repository import Near, NearRepository
from domain.unanswered.phrasing_repository import PhrasingRepository, Worded
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.repository import AskedFor, Item, ItemRepository, WantedItems, not_found
from domain.unanswered.states import ask_again, assign, ignore, open_again, resolve
from domain.workspaces.service import WorkspaceService

EXPORTED_TOGETHER = 200
TRENDING = 10
GROWN = 500  # questions, of which the most surprising are trending
MOVES = 0.1  # of the count before: less is neither up nor down
LEAST_TRENDING = 3  # times


@dataclass(frozen=True, slots=True)
class WorkList:
    items: Sequence[Item]
    total: int
    states: dict[str, int]
    resolved_this_week: int


@dataclass(frozen=True, slots=True)
class ItemChange:
    status: ClusterStatus | Unset = UNSET
    assigned_to: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class QuestionsReport:
    """`top` most asked for first; `trending` those whose count grew by more than chance makes likely."""

    period: Period
    top: Sequence[AskedFor]
    total: int
    trending: Sequence[AskedFor]
    categories: Sequence[tuple[str, int, int]]


class UnansweredService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._items = ItemRepository(session, who)

    def page(self, wanted: WantedItems, limit: int, offset: int) -> WorkList:
        self._who.require(Permission.ANALYTICS_READ)
        timezone = self._timezone()
        items, total = self._items.page(replace(wanted, recent=recent(timezone)), limit, offset)
        items = forecast(self._session, self._who, items, timezone)
        return WorkList(items, total, self._items.states(), self._items.resolved_since(self._monday()))

    def period(self, wish: Wish) -> Period:
        self._who.require(Permission.ANALYTICS_READ)
        return wish.period(utc_now(), self._timezone())

    def get(self, item_id: str) -> Item:
        self._who.require(Permission.ANALYTICS_READ)
        return self._whole(self._items.existing(item_id))

    def update(self, item_id: str, change: ItemChange, if_match: str | None) -> Item:
        """By a person: what they say is the status, until the question fails again."""
        self._who.require(Permission.UNANSWERED_WRITE)
        cluster = self._items.existing(item_id)
        check_match(cluster, if_match)
        before = facts(cluster)
        if change.assigned_to is not UNSET:
            assign(cluster, self._member(change.assigned_to))
        if change.status is not UNSET and change.status != cluster.status:
            self._turn(cluster, change.status)
        if facts(cluster) != before:
            audit_change(self._session, self._who, Action.UNANSWERED_UPDATED, cluster, before)
        return self._whole(cluster)

    def phrasings(self, item_id: str, limit: int, offset: int) -> tuple[list[tuple[Worded, AnswerProof | None]], int]:
        """In which words it was asked, the most often first, with what proves that each is answered; and how many."""
        self._who.require(Permission.ANALYTICS_READ)
        page, total = PhrasingRepository(self._session, self._who).page(self._items.existing(item_id).id, limit, offset)
        proofs = ProofRepository(self._session, self._who).of([one.id for one in page])
        return [(one, proofs.get(one.id)) for one in page], total

    def passages(self, item_id: str) -> list[Near]:
        """The closest that there are to it, best first."""
        self._who.require(Permission.ANALYTICS_READ)
        return NearRepository(self._session, self._who).of(self._items.existing(item_id).phrasing_id)

    def merge(self, item_id: str, other_ids: Sequence[str], if_match: str | None) -> Item:
        """All become the one that was there first."""
        self._who.require(Permission.UNANSWERED_WRITE)
        rows = GroupingRepository(self._session, self._who)
        rows.locked()
        cluster, found = self._items.existing(item_id), self._items.several(other_ids)
        if len(found) < len(set(other_ids)):
            raise not_found("unanswered_ids")
        others = {one.id for one in found.values()}
        check_match(cluster, if_match)
        if cluster.id in others:
            raise InvalidInput(
                "This item cannot be merged into itself. Name others that mean the same.",
                code="SAME_ITEM", field="unanswered_ids",
            )  # fmt: skip
        joined = join(self._session, self._who, list(rows.existing([cluster.id, *others]).values()))
        gone = sorted({cluster.id, *others} - {joined.id})
        done(self._session, self._who, Action.UNANSWERED_MERGED, joined, merged=gone)
        return self._whole(joined)

    def split(self, item_id: str, phrasing_ids: Sequence[str], if_match: str | None) -> tuple[Item, Item]:
        """What is left, and the new item of these phrasings."""
        self._who.require(Permission.UNANSWERED_WRITE)
        GroupingRepository(self._session, self._who).locked()
        cluster, rows = self._items.existing(item_id), PhrasingRepository(self._session, self._who)
        check_match(cluster, if_match)
        some = rows.some(cluster.id, phrasing_ids)
        if len(some) < len(set(phrasing_ids)):
            raise NotFound("This item has no such phrasing.", code="PHRASING_NOT_FOUND", field="phrasing_ids")
        if len(some) == rows.count(cluster.id):
            raise InvalidInput(
                "These are all phrasings of the item. Leave at least one to it.",
                code="TOO_MANY_PHRASINGS", field="phrasing_ids",
            )  # fmt: skip
        new = part(self._session, self._who, cluster, some)
        done(self._session, self._who, Action.UNANSWERED_SPLIT, cluster, parted=new.id)
        return self._whole(cluster), self._whole(new)

    def questions(self, wish: Wish, limit: int, offset: int) -> QuestionsReport:
        period = self.period(wish)
        page, total = self._items.asked_for(period, limit, offset)
        grown = self._items.grown(period, LEAST_TRENDING, 1 + MOVES, GROWN)
        trending = sorted(grown, key=lambda one: (-surprise(one.count, one.before), one.cluster_id))[:TRENDING]
        return QuestionsReport(period, page, total, trending, self._items.categories(period))

    def _turn(self, cluster: QuestionCluster, status: ClusterStatus) -> None:
        """What a person resolves is asked again, too: with a proof it opens again when the proof goes."""
        if status is ClusterStatus.RESOLVED:
            resolve(cluster, {"kind": Resolver.PERSON.value, "user_id": self._who.user_id}, utc_now())
            ask_again(cluster)
            return
        ProofRepository(self._session, self._who).drop([cluster.id])
        if status is ClusterStatus.OPEN:
            open_again(cluster)
            ask_again(cluster)
        else:
            ignore(cluster)

    def _member(self, user_id: str | None) -> str | None:
        if user_id is not None and MemberRepository(self._session, self._who).get(user_id) is None:
            raise NotFound("There is no such member of this workspace.", code="MEMBER_NOT_FOUND", field="assigned_to")
        return user_id

    def _whole(self, cluster: QuestionCluster) -> Item:
        item = Item(cluster, cluster.failed, cluster.asked)
        return forecast(self._session, self._who, [item], self._timezone())[0]

    def _timezone(self) -> str:
        return WorkspaceService(self._session, self._who).timezone()

    def _monday(self) -> datetime:
        """When this week began in the workspace's zone (ISO 8601: on Monday)."""
        zone = ZoneInfo(self._timezone())
        today = day_of(utc_now(), zone)
        return bounds(today - timedelta(days=today.weekday()), zone)[0]


def surprise(now: int, before: int) -> float:
    """How much more than chance: the difference of two Poisson counts in standard deviations, after Anscombe's
    transformation (1948), which makes these the same for small and large counts."""
    return math.sqrt(2) * (math.sqrt(now + 0.375) - math.sqrt(before + 0.375))


def exported(database: Database, who: Principal, wanted: WantedItems) -> Iterator[list[Item]]:
    """The whole list, a page a read; what is wrong with the request is raised here."""

    def page(offset: int) -> list[Item]:
        with database.read() as session:
            return list(UnansweredService(session, who).page(wanted, EXPORTED_TOGETHER, offset).items)

    def pages(first: list[Item]) -> Iterator[list[Item]]:
        offset = 0
        while first:
            yield first
            offset += EXPORTED_TOGETHER
            first = page(offset)

    return pages(page(0))
