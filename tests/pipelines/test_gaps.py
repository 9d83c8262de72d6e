"""The loop, whatever happens while an item is asked again: what is not answered is not resolved, nothing is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from core.embedding import cache
from core.embedding.fake import FakeEmbeddingModel
from core.embedding.sparse import SparseEncoder
from core.ids import Prefix, new_id
from core.vectors.memory import MemoryVectorStore
from core.vectors.protocol import Scope
from domain.documents.endings import remove
from domain.gaps import changes_repository as changes
from domain.gaps.asking import Asker
from domain.gaps.drafts import GONE, Drafts
from domain.gaps.engine import Engine
from domain.gaps.loop import Budget, GapLoop
from domain.gaps.nearness import Nearness
from domain.models import (
    Agent,
    AnswerProof,
    ChunkRow,
    ClusterStatus,
    Collection,
    ContentChange,
    Document,
    DocumentVersion,
    Phrasing,
    QuestionCluster,
    Status,
)
from domain.search.passage_repository import SqlPassages
from domain.unanswered.grouping import Grouper
from domain.unanswered.service import ItemChange, UnansweredService
from ingest.children.protocol import Failed
from retrieval.answerer import Answerer
from retrieval.answers import Answer, Generator, Quote, Style
from retrieval.passages import Passage, StoredPassage
from tests.support.questions import Asking

MODEL = FakeEmbeddingModel()
QUESTION = "How long is the battery covered?"
OTHER = "Where is your office in Riga?"
TEXT = "The battery is covered for two years."


class Unreadable:
    """In place of the drafts: no file can be read."""

    def of_stored(self, *_: object) -> Failed:
        return GONE


@dataclass
class Answers:
    """In place of the answerer: `document` answers everything, while it is set; `asked` is what was asked."""

    document: str | None = None
    version: int = 1
    confidence: float = 0.9
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def plain(self, _: object, scope: Scope, question: str, style: Style) -> Answer:
        self.asked.append(question)
        self.meanwhile()
        if self.document is None or self.confidence < style.threshold:
            return Answer(style.fallback, [], self.confidence, False, Generator.EXTRACTIVE)
        stored = StoredPassage(
            "c", self.document, "ext", "col", "T", None, "en", self.version, 0, TEXT, (), None, 0, len(TEXT)
        )
        quote = Quote(Passage(stored, 1.0, 1.0, 1.0), 0, len(TEXT), TEXT)
        return Answer(TEXT, [quote], self.confidence, True, Generator.EXTRACTIVE)


@dataclass
class Gaps:
    """A workspace with a question that was not answered, and documents that are made by hand."""

    asking: Asking
    answers: Answers
    collection: str

    def loop(self, per_minute: int = 10_000) -> GapLoop:
        engine = Engine(
            self.asking.database,
            MemoryVectorStore(),
            MODEL,
            SparseEncoder(),
            lambda _: "en",
            None,
            cast(Drafts, Unreadable()),
        )
        engine.asker = Asker(SqlPassages(self.asking.database), cast(Answerer, self.answers))
        return GapLoop(self.asking.database, lambda: engine, per_minute)

    def ask(self, *questions: str) -> None:
        self.asking.ask(questions)
        Grouper(self.asking.database, lambda: MODEL).group_pending()

    def word(self, text: str) -> None:
        """A phrasing more of the only item."""
        with self.asking.database.write() as session:
            (first,) = session.scalars(select(Phrasing))
            session.add(Phrasing(
                id=new_id(Prefix.PHRASING), workspace_id=first.workspace_id, cluster_id=first.cluster_id,
                question_id=first.question_id, digest="other", text=text, model=first.model, vector=first.vector,
                passages=[], agents=first.agents, last_asked_at=first.last_asked_at,
            ))  # fmt: skip

    def document(self, text: str = TEXT, document_id: str | None = None, version: int = 1) -> str:
        """Searchable now, as ingestion leaves it."""
        who, now = self.asking.who, utc_now()
        document_id = document_id or new_id(Prefix.DOCUMENT)
        shared: dict[str, Any] = {"workspace_id": who.workspace_id, "document_id": document_id, "version": version}
        with self.asking.database.write() as session:
            session.merge(Document(
                id=document_id, workspace_id=who.workspace_id, collection_id=self.collection, title="T",
                source_type="TEXT", file_name="t", size_bytes=1, content_hash="h", custom={}, chunk_count=1,
                status=Status.COMPLETED, version=version, live_version=version,
            ))  # fmt: skip
            session.flush()
            session.add(DocumentVersion(
                file_name="t", blob_key="b", blob_bytes=1, content_hash="h", notes=[], found={}, completed_at=now,
                **shared,
            ))  # fmt: skip
            session.add(ChunkRow(
                id=f"{document_id}-{version}", chunk_index=0, char_start=0, char_end=len(text), heading_path=[],
                content=text, token_count=9, text_hash=f"{document_id}-{version}", **shared,
            ))  # fmt: skip
            vector = MODEL.embed_passages([text])[0]
            cache.store(session, who.workspace_id, MODEL.name, {f"{document_id}-{version}": (vector, document_id)})
            changes.note_documents(session, who.workspace_id, [document_id])
        return document_id

    def remove(self, document_id: str) -> None:
        with self.asking.database.write() as session:
            remove(session, [session.get_one(Document, document_id)])

    def item(self, number: int = 0) -> QuestionCluster:
        return self.asking.clusters()[number]

    def change(self, **values: Any) -> None:
        with self.asking.database.write() as session:
            session.execute(update(QuestionCluster).values(values))


@pytest.fixture
def gaps(asking: Asking) -> Gaps:
    collection = new_id(Prefix.COLLECTION)
    with asking.database.write() as session:
        session.add(Collection(id=collection, workspace_id=asking.who.workspace_id, name="C"))
        agent = session.get_one(Agent, asking.agent_id)
        agent.response_config = {"max_response_length": 500, "confidence_threshold": 0.4, "show_sources": True,
                                 "stream_response": True}  # fmt: skip
        agent.behavior_settings = {"tone": "friendly", "response_style": "brief", "language_mode": "auto",
                                   "fixed_language": None}  # fmt: skip
        agent.conversation_rules = {"allowed_topics": [], "blocked_words": [], "custom_system_prompt": None}
        agent.all_collections = True
    made = Gaps(asking, Answers(), collection)
    made.ask(QUESTION)
    made.loop().work()
    made.answers.asked.clear()
    made.change(checked_at=None)
    return made


class TestResolving:
    def test_with_proof(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        assert gaps.loop().work() == 1
        item = gaps.item()
        assert (item.status, item.recheck) == ("RESOLVED", None)
        with gaps.asking.database.read() as session:
            (proof,) = session.scalars(select(AnswerProof))
            assert session.scalars(select(ContentChange)).all() == []
        assert (proof.document_id, proof.agent_id, proof.quote) == (gaps.answers.document, gaps.asking.agent_id, TEXT)

    def test_answering_surely_enough_is_not_closing_surely_enough(self, gaps: Gaps) -> None:
        gaps.answers.document, gaps.answers.confidence = gaps.document(), 0.5
        gaps.loop().work()
        assert gaps.item().status == "OPEN"

    def test_once_resolved_it_stays_as_long_as_it_is_answered(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        gaps.loop().work()
        gaps.document(document_id=gaps.answers.document, version=2)
        gaps.answers.version, gaps.answers.confidence = 2, 0.5
        gaps.loop().work()
        assert gaps.item().status == "RESOLVED"
        with gaps.asking.database.read() as session:
            assert [one.version for one in session.scalars(select(AnswerProof))] == [2]

    def test_every_phrasing_has_to_be_answered(self, gaps: Gaps) -> None:
        gaps.word(OTHER)
        gaps.answers.document = gaps.document()

        def only_the_first() -> None:
            gaps.answers.confidence = 0.1 if gaps.answers.asked[-1] == OTHER else 0.9

        gaps.answers.meanwhile = only_the_first
        gaps.loop().work()
        assert gaps.item().status == "OPEN"
        assert sorted(gaps.answers.asked) == sorted([QUESTION, OTHER])

    def test_what_is_far_from_it_calls_nothing_up(self, gaps: Gaps) -> None:
        gaps.document("Apples grow on trees.")
        gaps.loop().work()
        assert gaps.answers.asked == []

    def test_ignored_items_are_not_asked(self, gaps: Gaps) -> None:
        with gaps.asking.database.write() as session:
            change = ItemChange(status=ClusterStatus.IGNORED)
            UnansweredService(session, gaps.asking.who).update(gaps.item().id, change, None)
        gaps.document()
        gaps.loop().work()
        assert gaps.answers.asked == []

    def test_an_archived_agent_is_not_asked(self, gaps: Gaps) -> None:
        with gaps.asking.database.write() as session:
            session.get_one(Agent, gaps.asking.agent_id).status = "ARCHIVED"
        gaps.answers.document = gaps.document()
        gaps.loop().work()
        assert (gaps.answers.asked, gaps.item().status, gaps.item().recheck) == ([], "OPEN", None)


class TestMeanwhile:
    def test_the_document_went(self, gaps: Gaps) -> None:
        document = gaps.answers.document = gaps.document()
        gaps.answers.meanwhile = lambda: gaps.remove(document)
        gaps.loop().work()
        assert gaps.item().status == "OPEN"

    def test_it_was_asked_in_other_words(self, gaps: Gaps) -> None:
        """It is asked again with those."""
        gaps.answers.document = gaps.document()

        def ask_once() -> None:
            gaps.answers.meanwhile = lambda: None
            gaps.word(OTHER)

        gaps.answers.meanwhile = ask_once
        gaps.loop().work()
        assert gaps.item().status == "OPEN"
        gaps.loop().work()
        assert gaps.item().status == "RESOLVED"
        assert sorted(gaps.answers.asked) == sorted([QUESTION, QUESTION, OTHER])

    def test_a_person_was_quicker(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()

        def ignore() -> None:
            with gaps.asking.database.write() as session:
                change = ItemChange(status=ClusterStatus.IGNORED)
                UnansweredService(session, gaps.asking.who).update(gaps.item().id, change, None)

        gaps.answers.meanwhile = ignore
        gaps.loop().work()
        assert gaps.item().status == "IGNORED"

    def test_a_fault_with_one_item_holds_up_no_other(self, gaps: Gaps) -> None:
        gaps.ask(OTHER)
        gaps.answers.document = gaps.document()
        gaps.change(recheck=1.0, checked_at=None)

        def crash() -> None:
            if gaps.answers.asked[-1] == QUESTION:
                raise RuntimeError

        gaps.answers.meanwhile = crash
        gaps.loop().work()
        assert [one.status for one in gaps.asking.clusters()] == ["OPEN", "RESOLVED"]
        assert gaps.loop().work() == 0

    def test_two_processes_at_once(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: gaps.loop().work(), range(4)))
        assert gaps.item().status == "RESOLVED"
        assert gaps.answers.asked == [QUESTION]


class TestGoing:
    def test_opens_again(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        gaps.loop().work()
        gaps.remove(gaps.answers.document)
        gaps.answers.document = None
        gaps.loop().work()
        item = gaps.item()
        assert (item.status, item.resolved_by, item.resolved_at) == ("OPEN", None, None)
        assert item.reopened_at is not None
        with gaps.asking.database.read() as session:
            assert session.scalars(select(AnswerProof)).all() == []

    def test_opens_again_though_nobody_is_left_to_ask(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        gaps.loop().work()
        with gaps.asking.database.write() as session:
            session.get_one(Agent, gaps.asking.agent_id).status = "ARCHIVED"
        gaps.remove(gaps.answers.document)
        gaps.loop().work()
        assert gaps.item().status == "OPEN"

    def test_a_document_that_flaps_is_looked_at_once(self, gaps: Gaps) -> None:
        document = gaps.document()
        for version in range(2, 30):
            gaps.document(document_id=document, version=version)
        gaps.loop().work()
        gaps.loop().work()
        assert gaps.answers.asked == [QUESTION]
        gaps.document(document_id=document, version=30)
        gaps.loop().work()
        assert gaps.answers.asked == [QUESTION], "it rests"
        gaps.change(checked_at=utc_now() - timedelta(minutes=1))
        gaps.loop().work()
        assert gaps.answers.asked == [QUESTION, QUESTION]

    def test_merged_with_an_open_one_it_is_open(self, gaps: Gaps) -> None:
        gaps.answers.document = gaps.document()
        gaps.loop().work()
        gaps.answers.document = None
        gaps.ask(OTHER)
        gaps.loop().work()
        first, second = gaps.asking.clusters()
        assert (first.status, second.status) == ("RESOLVED", "OPEN")
        with gaps.asking.database.write() as session:
            UnansweredService(session, gaps.asking.who).merge(first.id, [second.id], None)
        with gaps.asking.database.read() as session:
            assert session.scalars(select(AnswerProof)).all() == []
        assert (gaps.item().status, gaps.item().recheck) == ("OPEN", 1.0)


class TestBudget:
    def test_so_many_a_minute(self) -> None:
        now = [0.0]
        budget = Budget(60, lambda: now[0])
        assert budget.left("a") == 60
        budget.spend("a", 60)
        assert (budget.left("a"), budget.left("b")) == (0, 60)
        now[0] += 10
        assert budget.left("a") == 10
        now[0] += 600
        assert budget.left("a") == 60

    def test_the_rest_is_asked_later(self, gaps: Gaps) -> None:
        gaps.ask(*(f"How long is battery {number} of model {number}{number} covered?" for number in range(1, 9)))
        gaps.loop().work()
        gaps.change(checked_at=None)
        gaps.answers.asked.clear()
        gaps.document()
        small = gaps.loop(per_minute=3)
        small.work()
        small.work()
        assert len(gaps.answers.asked) == 3
        due = [one for one in gaps.asking.clusters() if one.recheck is not None]
        assert len(due) == len(gaps.asking.clusters()) - 3 > 0


class TestReasons:
    def test_a_document_that_fails_is_looked_at_for_what_is_open(self, gaps: Gaps) -> None:
        before = gaps.item().reason_at
        document = gaps.document("Apples grow on trees.")
        with gaps.asking.database.write() as session:
            row = session.get_one(Document, document)
            row.status, row.live_version = Status.FAILED, None
        gaps.loop().work()
        assert gaps.answers.asked[0] == QUESTION
        now = gaps.item().reason_at
        assert now is not None
        assert before is not None
        assert now > before

    def test_are_tried_out_again_after_a_day(self, gaps: Gaps) -> None:
        gaps.loop().test_reasons()
        assert gaps.item().recheck is None
        gaps.change(reason_at=utc_now() - timedelta(days=2))
        gaps.loop().test_reasons()
        assert gaps.item().recheck is not None
        gaps.loop().work()
        assert gaps.item().recheck is None

    def test_changes_that_keep_coming_hold_up_no_item(self, gaps: Gaps) -> None:
        document = gaps.answers.document = gaps.document()
        with gaps.asking.database.write() as session:
            changes.note_documents(session, gaps.asking.who.workspace_id, [document] * 2_500)
        gaps.loop().work()
        assert gaps.item().status == "RESOLVED"
        with gaps.asking.database.read() as session:
            assert len(session.scalars(select(ContentChange)).all()) == 501


class TestNearness:
    def test_of_another_embedding_model_everything_may_be_near(self, gaps: Gaps) -> None:
        with gaps.asking.database.write() as session:
            session.execute(update(Phrasing).values(model="older", vector=b"\0\0"))
        gaps.document("Apples grow on trees.")
        assert not Nearness(gaps.asking.database, MODEL.name).look(gaps.asking.who.workspace_id)
        assert gaps.item().recheck == 1.0

    def test_many_changes_are_looked_at_in_pages(self, gaps: Gaps) -> None:
        document = gaps.document()
        with gaps.asking.database.write() as session:
            changes.note_documents(session, gaps.asking.who.workspace_id, [document] * 450)
        look = Nearness(gaps.asking.database, MODEL.name).look
        assert [look(gaps.asking.who.workspace_id) for _ in range(3)] == [True, True, False]
