"""New questions join the cluster of those that mean the same, or begin one; what was not answered opens an item.

One process groups a workspace at a time. What is new is embedded and compared between transactions, in words that are
new only, against the workspace's phrasings in memory; it is written if these are still the ones that it was compared
with (`Grouping.version`), else looked at again.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from core.database import Database
from core.embedding.protocol import EmbeddingModel
from core.ids import Prefix, new_id
from core.queue.turns import Turn
from domain.analytics.marks_repository import mark
from domain.analytics.tally import AGAIN_WITHIN
from domain.models import ClusterStatus, Phrasing, QuestionCluster
from domain.principal import system
from domain.unanswered.grouping_repository import GroupingRepository, Pending, pending_workspaces
from domain.unanswered.groups import Groups, Place
from domain.unanswered.memory import Memory
from domain.unanswered.moving import move_questions
from domain.unanswered.phrasing import bare, digest_of
from domain.unanswered.proof_repository import ProofRepository
from domain.unanswered.states import ask_again, open_again, open_first
from domain.unanswered.vectors import packed
from retrieval.paraphrase import asked

WORKSPACES = 1_000  # that one pass looks at
TOGETHER = 128  # questions that one transaction assigns
MOST_AGENTS = 10  # that a phrasing is asked again of, the latest
MOST_DISPUTED = 50  # documents that were no answer to it, the latest


@dataclass(slots=True)
class _Plan:
    """What is to be written, if the phrasings are still at `version`: new ones by digest, and the clusters that they
    begin; `rows` are theirs in `groups`."""

    groups: Groups | None = None
    version: int = 0
    phrasings: dict[str, Phrasing] = field(default_factory=dict)
    clusters: list[QuestionCluster] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


class Grouper:
    """The model is loaded with the first question, not before."""

    def __init__(self, database: Database, load: Callable[[], EmbeddingModel]) -> None:
        self._database, self._load = database, load
        self._memory = Memory(database, load)

    def group_pending(self) -> int:
        """Every question that has to be looked at, of every workspace that nobody else is at; how many."""
        with self._database.read() as session:
            found = pending_workspaces(session, WORKSPACES)
        return sum(self._group_workspace(workspace_id) for workspace_id in found)

    def _group_workspace(self, workspace_id: str) -> int:
        done, last = 0, ""
        with closing(Turn(self._database, f"group_{workspace_id}")) as turn:
            while turn.go_on():
                with self._database.read() as session:
                    some = GroupingRepository(session, system(workspace_id)).pending(last, TOGETHER)
                if some:
                    self._group(workspace_id, some)
                    last = some[-1].id
                done += len(some)
                if len(some) < TOGETHER:
                    break
            move_questions(self._database, workspace_id, turn)
        return done

    def _group(self, workspace_id: str, questions: Sequence[Pending]) -> None:
        digests = {one.id: digest_of(one.text) for one in questions if one.phrasing_id is None}
        with self._database.read() as session:
            known = GroupingRepository(session, system(workspace_id)).by_digest(sorted(set(digests.values())))
        new: dict[str, Pending] = {}
        for one in questions:
            if one.id in digests and digests[one.id] not in known:
                new.setdefault(digests[one.id], one)
        plan = self._planned(workspace_id, new) if new else _Plan()
        written = False
        try:
            written = self._write(workspace_id, plan, questions, digests)
        finally:
            if not written and plan.groups is not None:
                plan.groups.forget(plan.rows)

    def _planned(self, workspace_id: str, questions: Mapping[str, Pending]) -> _Plan:
        """Of questions in new words, by digest."""
        texts = [bare(one.text) for one in questions.values()]
        vectors = self._load().embed_passages(texts)
        remembered = self._memory.of(workspace_id)
        plan = _Plan(remembered.groups, remembered.version)
        for (digest, one), text, vector in zip(questions.items(), texts, vectors, strict=True):
            found = remembered.groups.add(asked(text, [vector], one.passages))
            # of the time before phrasings, a question has a cluster already
            cluster_id = one.cluster_id if one.cluster_id in remembered.groups else found.cluster_id
            phrasing_id = new_id(Prefix.PHRASING)
            if cluster_id is None:
                cluster_id = new_id(Prefix.UNANSWERED)
                plan.clusters.append(QuestionCluster(
                    id=cluster_id, workspace_id=workspace_id, phrasing_id=phrasing_id, question=one.text,
                    category=found.related, last_asked_at=one.asked_at,
                ))  # fmt: skip
            plan.phrasings[digest] = Phrasing(
                id=phrasing_id, workspace_id=workspace_id, cluster_id=cluster_id, question_id=one.id,
                digest=digest, text=one.text, model=self._load().name, vector=packed(vector),
                passages=one.passages or [], last_asked_at=one.asked_at,
            )  # fmt: skip
            remembered.groups.settle(found.row, Place(phrasing_id, cluster_id, found.related))
            plan.rows.append(found.row)
        return plan

    def _write(self, workspace_id: str, plan: _Plan, questions: Sequence[Pending], digests: Mapping[str, str]) -> bool:
        """Whether the plan was still right. What has no phrasing yet, or none any more, is looked at again."""
        with self._database.write() as session:
            rows = GroupingRepository(session, system(workspace_id))
            grouping = rows.locked()
            if plan.phrasings and grouping.version != plan.version:
                return False
            for new in (plan.clusters, list(plan.phrasings.values())):
                session.add_all(new)
                session.flush()
            grouping.version += bool(plan.phrasings)
            known = rows.by_digest(sorted(set(digests.values())))
            wanted = {one.id: one.phrasing_id or known.get(digests[one.id], "") for one in questions}
            phrasings = rows.phrasings(sorted(set(wanted.values())))
            there = {one: phrasings[phrasing_id] for one, phrasing_id in wanted.items() if phrasing_id in phrasings}
            self._assign(rows, there, [one for one in questions if one.id in there])
            version = grouping.version
        if plan.groups is not None:
            self._memory.wrote(workspace_id, version)
        return True

    def _assign(self, rows: GroupingRepository, places: Mapping[str, Phrasing], questions: Sequence[Pending]) -> None:
        clusters = rows.existing(sorted({one.cluster_id for one in places.values()}))
        rows.assign(places)
        for one in questions:
            phrasing = places[one.id]
            _note_words(phrasing, one)
            if _note(clusters[phrasing.cluster_id], one):
                ProofRepository(rows.session, rows.who).drop([phrasing.cluster_id])
        # of those who asked several times, what the first follows; the others follow each other
        first = {(places[one.id].cluster_id, one.visitor_key): one.id for one in reversed(questions)}
        before = rows.asked_before(list(first.values()), AGAIN_WITHIN)
        mark(rows.session, rows.who.workspace_id, [one.asked_at for one in questions] + before)


def _note_words(phrasing: Phrasing, question: Pending) -> None:
    """Who was asked in these words, and what was no answer to them."""
    phrasing.last_asked_at = max(phrasing.last_asked_at, question.asked_at)
    if question.agent_id not in phrasing.agents:
        phrasing.agents = [*phrasing.agents, question.agent_id][-MOST_AGENTS:]
    disputed = phrasing.disputed | {
        one: max(phrasing.disputed.get(one, ""), question.asked_at.isoformat()) for one in question.disputed()
    }
    if disputed != phrasing.disputed:
        phrasing.disputed = dict(sorted(disputed.items(), key=lambda one: one[1])[-MOST_DISPUTED:])


def _note(cluster: QuestionCluster, question: Pending) -> bool:
    """That it was asked, and what that means for the work list; whether it is open again."""
    cluster.last_asked_at = max(cluster.last_asked_at, question.asked_at)
    if not question.failed or cluster.status not in (None, ClusterStatus.RESOLVED):
        return False
    ask_again(cluster)
    if cluster.status is None:
        open_first(cluster)
        return False
    if question.asked_at <= (cluster.resolved_at or question.asked_at):
        cluster.revision += 1  # whoever asks it just now has not asked for this
        return False
    open_again(cluster)
    return True
