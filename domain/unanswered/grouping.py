"""New questions join the cluster of those that mean the same, or begin one; what was not answered opens an item.

One process groups a workspace at a time, so that nobody begins the cluster that another just began. Questions are
embedded between transactions, and equal ones once.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from core.clock import utc_now
from core.database import Database
from core.embedding.protocol import EmbeddingModel, Floats
from core.ids import Prefix, new_id
from core.queue.turns import Turn
from domain.analytics.marks_repository import mark
from domain.analytics.tally import AGAIN_WITHIN, has_failed
from domain.models import ClusterStatus, QuestionCluster
from domain.principal import system
from domain.unanswered.cluster_index import ClusterIndex
from domain.unanswered.grouping_repository import GroupingRepository, Pending, pending_workspaces
from domain.unanswered.vectors import packed, unpacked

WORKSPACES = 1_000  # that one pass looks at
TOGETHER = 128  # questions that one transaction assigns
PAGE = 2_000  # clusters read at once
MOST = 50_000  # clusters of a workspace that new questions are compared with: those asked for last
KEPT = 8  # workspaces whose clusters stay in memory
SAME = 0.8  # cosine from which questions mean the same
RELATED = 0.5  # cosine from which they are of the same category


@dataclass(slots=True)
class _Known:
    index: ClusterIndex
    last_id: str = ""  # of the clusters that were read


@dataclass(slots=True)
class _Plan:
    """What is to be written: the cluster of each question, and those that begin."""

    clusters: dict[str, str] = field(default_factory=dict)
    new: list[QuestionCluster] = field(default_factory=list)


class Grouper:
    """The model is loaded with the first question, not before."""

    def __init__(self, database: Database, load: Callable[[], EmbeddingModel]) -> None:
        self._database, self._load = database, load
        self._known: OrderedDict[str, _Known] = OrderedDict()

    @property
    def _model(self) -> EmbeddingModel:
        return self._load()

    def group_pending(self) -> int:
        """Every question that has to be looked at, of every workspace that nobody else is at; how many."""
        with self._database.read() as session:
            found = pending_workspaces(session, WORKSPACES)
        return sum(self._group_workspace(workspace_id) for workspace_id in found)

    def _group_workspace(self, workspace_id: str) -> int:
        done = 0
        with closing(Turn(self._database, f"group_{workspace_id}")) as turn:
            while turn.go_on():
                with self._database.read() as session:
                    some = GroupingRepository(session, system(workspace_id)).pending(TOGETHER)
                if some:
                    self._group(workspace_id, some)
                done += len(some)
                if len(some) < TOGETHER:
                    break
        return done

    def _group(self, workspace_id: str, questions: Sequence[Pending]) -> None:
        new = [one for one in questions if one.cluster_id is None]
        known = self._up_to_date(workspace_id) if new else None
        plan = self._assigned(workspace_id, known.index, new) if known else _Plan()
        with self._database.write() as session:
            rows = GroupingRepository(session, system(workspace_id))
            rows.store(plan.new)
            wanted = {one.id: plan.clusters.get(one.id) or one.cluster_id or "" for one in questions}
            clusters = rows.existing(sorted(set(wanted.values())))
            there = {one: cluster_id for one, cluster_id in wanted.items() if cluster_id in clusters}
            rows.assign(there)
            assigned = [one for one in questions if one.id in there]
            for one in assigned:
                _note(clusters[there[one.id]], one)
            first = {(there[one.id], one.visitor_key): one for one in reversed(assigned)}
            before = [rows.asked_before(one, key[0], one.asked_at - AGAIN_WITHIN) for key, one in first.items()]
            mark(session, workspace_id, [one.asked_at for one in assigned] + [at for at in before if at is not None])
        self._settle(known, plan, wanted, clusters)

    def _settle(
        self, known: _Known | None, plan: _Plan, wanted: Mapping[str, str], there: Mapping[str, QuestionCluster]
    ) -> None:
        """What was written is known; what is gone meanwhile is not, and its questions are looked at again."""
        if known is None:
            return
        for row in plan.new:
            known.last_id = max(known.last_id, row.id)
        known.index.remove([cluster_id for cluster_id in wanted.values() if cluster_id not in there])

    def _assigned(self, workspace_id: str, index: ClusterIndex, questions: Sequence[Pending]) -> _Plan:
        texts = list(dict.fromkeys(_bare(one.text) for one in questions))
        vectors = dict(zip(texts, self._model.embed_passages(texts), strict=True)) if texts else {}
        plan = _Plan()
        for one in questions:
            vector = vectors[_bare(one.text)]
            near = index.nearest(vector, 1)
            if near and near[0].cosine >= SAME:
                plan.clusters[one.id] = near[0].cluster_id
                continue
            related = (near[0].category or None) if near and near[0].cosine >= RELATED else None
            row = self._new(workspace_id, one, vector, related)
            index.add(row.id, vector, related)
            plan.new.append(row)
            plan.clusters[one.id] = row.id
        return plan

    def _new(self, workspace_id: str, one: Pending, vector: Floats, category: str | None) -> QuestionCluster:
        return QuestionCluster(
            id=new_id(Prefix.UNANSWERED), workspace_id=workspace_id, question_id=one.id, question=one.text,
            model=self._model.name, vector=packed(vector), category=category, last_asked_at=one.asked_at,
        )  # fmt: skip

    def _up_to_date(self, workspace_id: str) -> _Known:
        """With the clusters that others began; those of another model get vectors of this one."""
        known = self._known.pop(workspace_id, None) or _Known(ClusterIndex(self._model.dimension))
        self._known[workspace_id] = known
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        who = system(workspace_id)
        with self._database.read() as session:
            since = GroupingRepository(session, who).used_since(MOST) if not known.last_id else None
        while True:
            with self._database.read() as session:
                page = GroupingRepository(session, who).clusters_after(known.last_id, PAGE)
            vectors = self._vectors(workspace_id, page)
            for row in page:
                if row.id not in known.index and (since is None or row.last_asked_at >= since):
                    known.index.add(row.id, vectors[row.id], row.category)
            known.last_id = page[-1].id if page else known.last_id
            if len(page) < PAGE:
                return known

    def _vectors(self, workspace_id: str, page: Sequence[QuestionCluster]) -> dict[str, Floats]:
        old = [row for row in page if row.model != self._model.name]
        found = {row.id: unpacked(row.vector) for row in page if row.model == self._model.name}
        if old:
            fresh = self._model.embed_passages([row.question for row in old])
            found |= {row.id: vector for row, vector in zip(old, fresh, strict=True)}
            with self._database.write() as session:
                rows = GroupingRepository(session, system(workspace_id))
                for row in rows.existing([one.id for one in old]).values():
                    row.model, row.vector = self._model.name, packed(found[row.id])
        return found


def _note(cluster: QuestionCluster, question: Pending) -> None:
    """That it was asked, and what that means for the work list."""
    cluster.last_asked_at = max(cluster.last_asked_at, question.asked_at)
    if not has_failed(question.answered, question.feedback, question.escalated):
        return
    if cluster.status is None:
        cluster.status, cluster.opened_at = ClusterStatus.OPEN, utc_now()
    elif cluster.status == ClusterStatus.RESOLVED and question.asked_at > (cluster.resolved_at or question.asked_at):
        cluster.status, cluster.reopened_at = ClusterStatus.OPEN, utc_now()
    else:
        return
    cluster.updated_at = utc_now()
    cluster.revision += 1


def _bare(text: str) -> str:
    """What is embedded: the same for questions that differ in white space alone."""
    return " ".join(text.split())
